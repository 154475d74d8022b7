"""Whatever a client sends comes to the application, and whatever it answers comes to the client, by every source."""

from __future__ import annotations

import json
from base64 import b64decode
from urllib.parse import parse_qsl, quote, unquote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi.scope_checker import check_scope

from meantime.asgi.response import Response
from meantime.asgi.sources import source_of
from meantime.testing import http_event
from meantime.testing.http_sources import SOURCES

DECODED_PATH = {"api-gateway-v2", "http-api-payload-v1"}
QUERY_AS_SENT = {"api-gateway-v2", "function-url", "vpc-lattice-v1", "vpc-lattice-v2"}
KEEPS_ONE = {"alb"}  # the last of what is repeated

each_source = pytest.mark.parametrize("source", SOURCES)

texts = st.text(st.characters(codec="utf-8"), max_size=8)
# A question mark that was encoded is decoded by an HTTP API, which then cuts the path off there.
paths = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="?"), max_size=8), max_size=4).map(
    lambda segments: "/" + "/".join(quote(segment, safe="@:!$&'()*+,;=") for segment in segments)
)
queries = st.lists(st.tuples(texts, texts), max_size=5)
tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8).map(lambda name: f"x-{name}")
values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=10).map(str.strip)
headers = st.lists(st.tuples(tokens, values), max_size=5)
types = st.sampled_from(
    ["application/json", "text/html; charset=utf-8", "text/plain; charset=latin-1", "image/png", "image/svg+xml", ""]
)


@each_source
@given(method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]), path=paths)
def test_method_and_path(source, method, path):
    event = http_event(method, path, source=source)

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    assert scope["method"] == method
    assert scope["path"] == unquote(path)
    assert scope["root_path"] == ""
    if source not in DECODED_PATH:
        assert scope["raw_path"] == path.encode()
    assert unquote(scope["raw_path"].decode()) == scope["path"]


@each_source
@given(pairs=queries, plus=st.booleans())
def test_query(source, pairs, plus):
    sent = urlencode(pairs) if plus else urlencode(pairs, quote_via=quote)
    event = http_event("GET", f"/?{sent}" if sent else "/", source=source)

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    if source in QUERY_AS_SENT:
        assert scope["query_string"].decode() == sent
    received = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
    if source in KEEPS_ONE:
        assert dict(received) == dict(pairs)
    else:
        assert sorted(received) == sorted(pairs)
        for name in dict(pairs):
            assert [value for key, value in received if key == name] == [value for key, value in pairs if key == name]


@each_source
@given(pairs=headers)
def test_headers(source, pairs):
    event = json.loads(json.dumps(http_event("GET", "/", headers=pairs, source=source)))

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    for name in dict(pairs):
        sent = [value for key, value in pairs if key == name]
        received = [value.decode("latin-1") for key, value in scope["headers"] if key == name.encode()]
        if source in KEEPS_ONE:
            assert received == sent[-1:]
        elif source in {"api-gateway-v2", "function-url", "vpc-lattice-v1"}:
            assert received == [",".join(sent)]
        else:
            assert received == sent


@each_source
@given(body=st.binary(max_size=50) | st.text(st.characters(codec="utf-8"), max_size=50))
def test_request_body(source, body):
    event = json.loads(json.dumps(http_event("POST", "/", body=body, source=source)))

    received = source_of(event).body(event)

    sent = body.encode() if isinstance(body, str) else body
    assert received == sent
    lengths = [value for name, value in source_of(event).scope(event, "")["headers"] if name == b"content-length"]
    assert lengths in ([str(len(sent)).encode()], [] if not sent else None)


@each_source
@given(
    status=st.sampled_from([200, 201, 204, 301, 304, 404, 418, 500, 599]),
    content_type=types,
    coding=st.sampled_from(["", "gzip", "identity"]),
    pairs=headers,
    cookies=st.lists(st.sampled_from(["a=1; Path=/", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "c="]), max_size=3),
    body=st.binary(max_size=50) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
def test_response(source, status, content_type, coding, pairs, cookies, body):  # noqa: PLR0917  # by name
    event = http_event("GET", "/", source=source)
    sent = [(name.encode(), value.encode("latin-1")) for name, value in pairs]
    sent += [(b"set-cookie", cookie.encode()) for cookie in cookies]
    sent += [(b"content-type", content_type.encode())] if content_type else []
    sent += [(b"content-encoding", coding.encode())] if coding else []

    answer = source_of(event).answer(event, Response(status, sent, body))

    status_seen, headers_seen, body_seen = seen_by_client(json.loads(json.dumps(answer)))
    assert status_seen == status
    assert body_seen == (b"" if status in {204, 304} else body)
    for name in {name.decode() for name, _ in sent}:
        expected = [value.decode("latin-1") for key, value in sent if key.decode() == name]
        if name == "set-cookie" or source in {"api-gateway-v1", "http-api-payload-v1", "alb-multi-value"}:
            assert headers_seen[name] == expected
        else:
            assert headers_seen[name] == [", ".join(expected)]
    assert headers_seen.keys() == {name.decode() for name, _ in sent}


def seen_by_client(answer):
    """Status, headers and body that come of an answer: names of headers have no case, and all fields count."""
    seen: dict[str, list[str]] = {}
    for name, value in (answer.get("headers") or {}).items():
        seen.setdefault(name.lower(), []).append(value)
    for name, several in (answer.get("multiValueHeaders") or {}).items():
        seen.setdefault(name.lower(), []).extend(several)
    if answer.get("cookies"):
        seen["set-cookie"] = answer["cookies"]
    body = answer["body"]
    return answer["statusCode"], seen, b64decode(body) if answer["isBase64Encoded"] else body.encode()
