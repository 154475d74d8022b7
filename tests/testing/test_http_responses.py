"""What a handler answers to an HTTP request, read the same whatever the event's source."""

from __future__ import annotations

import pytest

import meantime
from meantime.testing import LambdaContext, http_event, http_response
from meantime.testing.http_sources import SOURCES

STREAMED = b'{"statusCode": 201, "headers": {"content-type": "text/plain"}, "cookies": ["a=1; Path=/"]}' + bytes(8)


def answering(body: bytes, *headers: tuple[bytes, bytes], status: int = 200):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return meantime.ASGIAdapter(app, lifespan="off")


@pytest.mark.parametrize("source", SOURCES)
def test_it_is_the_same_of_every_source(source):
    cookies = [(b"set-cookie", b"a=1; Path=/; HttpOnly"), (b"set-cookie", b"b=x=y")]
    handler = answering(b'{"id": 7}', (b"content-type", b"application/json"), *cookies, status=201)

    response = http_response(handler(http_event("GET", "/", source=source), LambdaContext()))

    assert (response.status, response.body, response.text, response.json()) == (
        201,
        b'{"id": 7}',
        '{"id": 7}',
        {"id": 7},
    )
    assert response.cookies == {"a": "1", "b": "x=y"}
    assert response.header("Content-Type") == "application/json"
    assert ("set-cookie", "a=1; Path=/; HttpOnly") in response.headers
    assert response.header("x-none") is None


@pytest.mark.parametrize("source", SOURCES)
def test_bytes_are_those_that_the_application_has_sent(source):
    handler = answering(b"\x89PNG\x00\xff", (b"content-type", b"image/png"))

    assert http_response(handler(http_event("GET", "/", source=source), LambdaContext())).body == b"\x89PNG\x00\xff"


def test_text_is_read_in_its_charset():
    handler = answering("größer".encode("latin-1"), (b"content-type", b"text/plain; charset=latin-1"))

    assert http_response(handler(http_event("GET", "/"), LambdaContext())).text == "größer"


def test_repeated_headers_are_pairs_each_and_one_value_together():
    handler = answering(b"", (b"vary", b"Origin"), (b"vary", b"Cookie"))

    response = http_response(handler(http_event("GET", "/", source="alb-multi-value"), LambdaContext()))

    assert response.headers == [("vary", "Origin"), ("vary", "Cookie")]
    assert response.header("Vary") == "Origin, Cookie"


def test_what_was_streamed_is_read_from_its_bytes():
    response = http_response(STREAMED + b"hello")

    assert (response.status, response.text, response.cookies) == (201, "hello", {"a": "1"})


@pytest.mark.parametrize("answer", [None, {"batchItemFailures": []}, b"hello", "hello"])
def test_what_is_no_answer_to_a_request_is_refused(answer):
    with pytest.raises(ValueError, match=r"answer"):
        http_response(answer)
