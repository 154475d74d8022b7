"""What holds for every event source, whatever comes: nothing of a request is lost, and no answer breaks the port."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tools.emulator.http.conftest import SOURCES

from meantime.tools.emulator import Function
from meantime.tools.emulator.http import ApiGatewayV1, Fault, MalformedAnswerError, Request, Response
from meantime.tools.emulator.http.sources import made

if TYPE_CHECKING:
    from meantime.tools.emulator.http import Source

FUNCTION = Function("app.handler")
TOKEN = st.text("abcXYZ019-_", min_size=1, max_size=12)
ANY = st.text(max_size=10) | st.just("\ud800")  # half a pair, which JSON may hold and UTF-8 may not
LATIN = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20).map(str.strip)
SENT = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#?"), max_size=30)
TYPES = st.sampled_from(["text/plain", "application/json", "image/png", "application/x-www-form-urlencoded", "", "x"])
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PROPFIND", "OPTIONS"]),
    path=SENT.map(lambda path: f"/{path}"),
    query=SENT,
    headers=st.lists(st.tuples(TOKEN, LATIN), max_size=6).map(tuple),
    body=st.binary(max_size=100),
    client=st.sampled_from(["127.0.0.1", "::1"]),
    port=st.just(3000),
    protocol=st.just("HTTP/1.1"),
    id=st.uuids().map(str),
    time=st.floats(0, 4e9),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ANSWERS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "statusCode": st.integers(100, 700) | st.sampled_from(["200", "x", None, True, 1e9]),
        "statusDescription": st.text(max_size=10),
        "headers": st.dictionaries(TOKEN, JSON, max_size=3) | JSON,
        "multiValueHeaders": st.dictionaries(TOKEN, st.lists(LATIN, max_size=2), max_size=3) | JSON,
        "cookies": st.lists(LATIN, max_size=2) | JSON,
        "body": st.text(max_size=20) | JSON,
        "isBase64Encoded": st.booleans() | JSON,
    },
)


def plain(source: str) -> Source:
    return ApiGatewayV1(binary_media_types=["*/*"]) if source == "api-gateway-v1" else made(source)


@settings(max_examples=60)
@given(source=st.sampled_from(SOURCES), request=REQUESTS, content_type=TYPES)
def test_an_event_is_json_and_holds_the_very_body(source: str, request: Request, content_type: str) -> None:
    if content_type:
        request = Request(**{**vars(request), "headers": (*request.headers, ("content-type", content_type))})
    event = json.loads(json.dumps(plain(source).event(request, FUNCTION), allow_nan=False))
    body = event.get("body") or ""
    is_base64 = event.get("isBase64Encoded", event.get("is_base64_encoded"))
    assert (base64.b64decode(body, validate=True) if is_base64 else body.encode()) == request.body


@settings(max_examples=60)
@given(source=st.sampled_from(["function-url", "api-gateway-v2", "vpc-lattice-v1", "vpc-lattice-v2"]), request=REQUESTS)
def test_a_query_is_there_as_it_was_sent(source: str, request: Request) -> None:
    event = plain(source).event(request, FUNCTION)
    target = event.get("raw_path") or event.get("path") or f"?{event['rawQueryString']}"
    assert target.partition("?")[2] == request.query


@settings(max_examples=60)
@given(
    source=st.sampled_from(["api-gateway-v1", "alb-multi-value", "vpc-lattice-v2"]),
    request=REQUESTS,
    headers=st.lists(st.tuples(TOKEN.map("x-{}".format), LATIN), max_size=8).map(tuple),
)
def test_every_value_of_every_header_is_there(
    source: str, headers: tuple[tuple[str, str], ...], request: Request
) -> None:
    request = Request(**{**vars(request), "headers": headers})
    event = plain(source).event(request, FUNCTION)
    given_headers = event.get("multiValueHeaders") or event["headers"]
    for name, _ in headers:
        expected = [value for each, value in headers if each.lower() == name.lower()]
        found = [value for each, values in given_headers.items() if each.lower() == name.lower() for value in values]
        assert sorted(found) == sorted(expected)


@settings(max_examples=60)
@given(source=st.sampled_from(SOURCES), answer=ANSWERS, request=REQUESTS)
def test_an_answer_becomes_a_response_that_can_be_sent_or_is_refused(
    source: str, answer: Any, request: Request
) -> None:
    try:
        response = plain(source).response(request, answer)
    except MalformedAnswerError:
        return
    assert isinstance(response, Response)
    assert 200 <= response.status <= 599
    for name, value in response.headers:
        assert name.isascii()
        assert not set("\r\n\0") & set(name + value)
        assert value.encode() or value == ""
    assert isinstance(response.body, bytes)


@pytest.mark.parametrize("source", SOURCES)
def test_every_refusal_is_an_error(source: str) -> None:
    request = Request(
        "GET", "/", "", (), b"", "127.0.0.1", 3000, "HTTP/1.1", "b4e9b4a0-6d33-4f0c-9c1a-0d6e4c1f3a11", 0.0
    )
    for fault in Fault:
        assert 400 <= made(source).refusal(fault, request).status <= 599
