"""What an application may receive and send, by the ASGI specification (www 2.5)."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime import ASGIProtocolError
from meantime.asgi.exchange import Exchange

START = {"type": "http.response.start", "status": 200, "headers": [(b"X-Name", b"value")]}


def test_the_body_comes_whole_and_once(serve):
    received = []

    async def app(scope, receive, send):
        received.append(await receive())
        await send(START)
        await send({"type": "http.response.body"})

    serve(app, "POST", body=b"\x00\xff")

    assert received == [{"type": "http.request", "body": b"\x00\xff", "more_body": False}]


def test_after_the_body_receive_waits_until_the_response_is_complete_and_then_says_that_the_client_is_gone(serve):
    heard = []

    async def app(scope, receive, send):
        await receive()
        listening = [asyncio.create_task(receive()) for _ in range(2)]
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        await asyncio.sleep(0)
        heard.append([task.done() for task in listening])
        await send({"type": "http.response.body", "body": b"2"})
        heard.append([await task for task in listening])
        heard.append(await receive())

    assert serve(app)["body"] == "12"
    gone = {"type": "http.disconnect"}
    assert heard == [[False, False], [gone, gone], gone]


def test_who_gives_up_listening_does_not_take_it_from_others(serve):
    async def app(scope, receive, send):
        await receive()
        one, other = asyncio.create_task(receive()), asyncio.create_task(receive())
        await asyncio.sleep(0)
        one.cancel()
        await send(START)
        await send({"type": "http.response.body", "body": b"well"})
        assert await other == {"type": "http.disconnect"}

    assert serve(app, leftovers="fail")["body"] == "well"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_the_chunks_of_a_body_are_put_together(chunks):
    async def exchange():
        one = Exchange(b"")
        await one.send(START)
        for chunk in chunks[:-1]:
            await one.send({"type": "http.response.body", "body": chunk, "more_body": True})
        await one.send({"type": "http.response.body", "body": chunks[-1], "more_body": False})
        return one.response

    response = asyncio.run(exchange())

    assert response.body == b"".join(chunks)
    assert response.headers == [(b"x-name", b"value")]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_a_chunk_may_be_of_any_kind_of_bytes(serve, kind):
    async def app(scope, receive, send):
        await send(START)
        await send({"type": "http.response.body", "body": kind(b"1"), "more_body": True})
        await send({"type": "http.response.body", "body": kind(b"2")})

    assert serve(app)["body"] == "12"


def test_the_length_of_a_body_that_205_may_not_have_is_not_sent_either(serve, answering):
    answer = serve(answering(b"well", 205, [(b"content-length", b"4"), (b"x-name", b"value")]))

    assert (answer["body"], answer["headers"]) == ("", {"x-name": "value"})


def test_sending_after_completion_raises_oserror(serve):
    """As the specification demands from version 2.4 on; Starlette ends a stream by it."""

    async def app(scope, receive, send):
        await send(START)
        await send({"type": "http.response.body", "body": b"well"})
        with pytest.raises(OSError, match="the response is complete"):
            await send({"type": "http.response.body", "body": b"more"})

    assert serve(app)["body"] == "well"


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([{"type": "http.response.body", "body": b""}], "'http.response.body' without a response"),
        ([START, START], "'http.response.start' in the middle of its response"),
        ([START, {"type": "http.response.body"}, START], "'http.response.start' after its response was complete"),
        ([{"type": "websocket.accept"}], "'websocket.accept' without a response"),
        ([START, {"type": "http.response.trailers", "headers": []}], "'http.response.trailers' in the middle"),
        ([{**START, "status": 99}], "the status 99"),
        ([{**START, "status": "200"}], "the status '200'"),
        ([{**START, "headers": [("x-name", "text")]}], "no pairs of bytes"),
        ([{**START, "headers": [b"x-name"]}], "no pairs of bytes"),
        ([{**START, "headers": [(b"x-name", b"a\r\nset-cookie: b")]}], "header b'x-name' with a line's end"),
        ([{**START, "headers": [(b"", b"a")]}], "a header with the name b''"),
        ([{**START, "headers": [(b"x y", b"a")]}], "a header with the name b'x y'"),
        ([{**START, "headers": [(b"a:b", b"a")]}], "a header with the name b'a:b'"),
        ([{**START, "headers": [("ü".encode(), b"a")]}], "a header with the name b'\\xc3"),
        ([{**START, "headers": [(b"a\nb", b"a")]}], "header b'a\\nb' with a line's end"),
        ([START, {"type": "http.response.body", "body": "text"}], "a body of the type str"),
    ],
)
def test_a_message_that_may_not_come_is_refused_in_words(serve, messages, words):
    caught = []

    async def app(scope, receive, send):
        try:
            for message in messages:
                await send(message)
        except ASGIProtocolError as error:
            caught.append(str(error))
            raise

    serve(app)

    assert len(caught) == 1
    assert words in caught[0]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ([], "returned without a response"),
        ([START], "returned in the middle of its response"),
        ([START, {"type": "http.response.body", "body": b"half", "more_body": True}], "in the middle of its response"),
    ],
)
def test_an_application_that_does_not_finish_its_response_is_a_500_with_a_log_line(serve, caplog, sent, words):
    async def app(scope, receive, send):
        for message in sent:
            await send(message)

    with caplog.at_level(logging.ERROR, "meantime"):
        answer = serve(app, "GET", "/reports")

    assert (answer["statusCode"], answer["body"]) == (500, "Internal Server Error")
    (record,) = caplog.records
    assert words in record.getMessage()
    assert "GET /reports" in record.getMessage()


def test_a_response_to_head_has_its_headers_and_no_body(serve, answering):
    answer = serve(answering(b"12345", headers=[(b"content-length", b"5")]), "HEAD")

    assert (answer["body"], answer["headers"]["content-length"]) == ("", "5")


def test_collecting_a_body_of_many_chunks_copies_it_once():
    """Chunk by chunk onto what is there would take a second for these 5 MB; so they are kept as they came."""

    async def exchange():
        one = Exchange(b"")
        await one.send(START)
        chunks = [bytes([number % 256]) * 100 for number in range(50_000)]
        for chunk in chunks:
            await one.send({"type": "http.response.body", "body": chunk, "more_body": True})
        assert all(mine is theirs for mine, theirs in zip(one._chunks, chunks, strict=True))
        await one.send({"type": "http.response.body"})
        return one.response

    assert len(asyncio.run(exchange()).body) == 5_000_000
