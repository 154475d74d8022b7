"""The adapter's event sources and the emulator's HTTP port, written apart, are each other's converse."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi.scope_checker import check_scope

from meantime.asgi.response import Response
from meantime.asgi.sources import source_of
from meantime.testing import http_event
from meantime.tools.emulator.http.api_gateway_v1 import ApiGatewayV1
from meantime.tools.emulator.http.request import Request
from meantime.tools.emulator.http.sources import SOURCES, made

FUNCTION: Any = SimpleNamespace(region="us-east-1")
STREAMED = {"function-url", "api-gateway-v2", "vpc-lattice-v1", "vpc-lattice-v2"}

each_source = pytest.mark.parametrize("source", sorted(SOURCES))
paths = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="?"), max_size=8), max_size=4).map(
    lambda segments: "/" + "/".join(quote(segment, safe="@:!$&'()*+,;=") for segment in segments)
)
queries = st.lists(
    st.tuples(st.text("ab%&=+ é", min_size=1, max_size=4), st.text("ab%&=+ é", max_size=4)), max_size=4
).map(lambda pairs: "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs))
values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=10).map(str.strip)


def request(method="GET", path="/", query="", headers=(), body=b""):
    sent = (("Host", "127.0.0.1:8000"), *headers)
    return Request(method, path, query, sent, body, "127.0.0.1", 8000, "HTTP/1.1", "11111111-2222", 1_700_000_000.0)


@each_source
@given(method=st.sampled_from(["GET", "POST", "DELETE"]), path=paths, query=queries)
def test_the_scope_has_what_was_asked(source, method, path, query):
    event = json.loads(json.dumps(made(source).event(request(method, path, query), FUNCTION)))

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    assert (scope["method"], scope["path"], scope["root_path"]) == (method, unquote(path), "")
    if source in STREAMED:
        assert scope["query_string"] == query.encode()
    ours = http_event(method, f"{path}?{query}" if query else path, source=source)
    same = source_of(ours).scope(ours, "")
    assert {name: scope[name] for name in ("path", "raw_path", "query_string", "http_version")} == {
        name: same[name] for name in ("path", "raw_path", "query_string", "http_version")
    }


@each_source
@given(value=values, body=st.binary(max_size=40), content_type=st.sampled_from(["application/json", "image/png"]))
def test_headers_and_body_arrive(source, value, body, content_type):
    if source == "api-gateway-v1":  # without binary media types a REST API spoils what is no text, as on AWS
        body = body.decode(errors="replace").encode()
    headers = (("X-Value", value), ("Content-Type", content_type))
    event = json.loads(json.dumps(made(source).event(request("POST", headers=headers, body=body), FUNCTION)))

    scope = source_of(event).scope(event, "")

    check_scope(scope)
    assert (b"x-value", value.encode("latin-1")) in scope["headers"]
    assert (b"content-type", content_type.encode()) in scope["headers"]
    assert source_of(event).body(event) == body


@each_source
@given(
    status=st.sampled_from([200, 204, 304, 404, 500]),
    content_type=st.sampled_from(["text/plain", "application/problem+json", "image/png"]),
    cookies=st.lists(st.sampled_from(["a=1", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "c=3"]), max_size=3),
    body=st.binary(max_size=40) | st.text(max_size=20).map(str.encode),
    value=values,
)
def test_a_response_arrives(source, status, content_type, cookies, body, value):  # noqa: PLR0917  # by name
    port = ApiGatewayV1(binary_media_types=["*/*"]) if source == "api-gateway-v1" else made(source)
    asked = request(headers=(("Accept", "*/*"),))
    event = json.loads(json.dumps(port.event(asked, FUNCTION)))
    sent = [(b"content-type", content_type.encode()), (b"x-value", value.encode("latin-1"))]
    sent += [(b"set-cookie", cookie.encode()) for cookie in cookies]

    answer = json.loads(json.dumps(source_of(event).answer(event, Response(status, sent, body))))
    received = port.response(asked, answer)

    assert received.status == status
    assert received.body == (b"" if status in {204, 304} else body)
    names = [(name.lower(), each) for name, each in received.headers]
    assert [each for name, each in names if name == "set-cookie"] == cookies
    assert ("content-type", content_type) in names
    assert ("x-value", value) in names


@each_source
def test_our_events_have_the_fields_that_the_emulators_have(source):
    theirs = made(source).event(request(query="a=1", headers=(("Cookie", "a=1"),), body=b"{}"), FUNCTION)

    ours = http_event("POST", "/?a=1", headers={"Cookie": "a=1"}, body={}, source=source)

    assert ours.keys() == theirs.keys()
    assert ours.get("requestContext", {}).keys() <= theirs.get("requestContext", {}).keys()
