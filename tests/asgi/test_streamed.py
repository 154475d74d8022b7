"""What a request becomes whose response is sent on while it is made: on a stream that notes what it is told.

The real stream has `test_streaming.py`, and on the real runtime client `on_the_emulator/test_streaming.py`.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import traceback
from pathlib import Path

import pytest

import meantime
from meantime import DeadlineExceeded, ResponseFailed, StreamBroken
from meantime.testing import LambdaContext, http_event

START = {"type": "http.response.start", "status": 200, "headers": [(b"X-Name", b"value")]}
STREAMED = object()


class NotingStream:
    """Notes what it is told; it breaks before the chunk that is to break it."""

    answer = STREAMED

    def __init__(self, breaks_at=None):
        self.told = []
        self.started = False
        self.breaks_at = breaks_at

    async def open(self, status, headers):
        await asyncio.sleep(0)
        self.told.append((status, headers))

    async def write(self, chunk):
        if self.breaks_at is not None and chunk == self.breaks_at:
            raise StreamBroken("the connection has broken", 1)
        self.started = True
        self.told.append(chunk)

    async def close(self):
        self.started = True
        self.told.append("end")


@pytest.fixture
def stream(monkeypatch):
    noting = NotingStream()
    monkeypatch.setattr("meantime.asgi.streamed.response_stream", lambda context: noting)
    monkeypatch.setattr("meantime.asgi.streaming.check_runtime", lambda: True)
    return noting


@pytest.fixture
def serve_streamed(serve):
    return lambda app, method="GET", **options: serve(app, method, source="function-url", streaming=True, **options)


def sending(*bodies, then=None, start=START):
    async def app(scope, receive, send):
        await receive()
        await send(start)
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if then is not None:
            await then()
        await send({"type": "http.response.body"})

    return app


def test_each_chunk_is_sent_on_and_the_handler_returns_what_the_runtime_client_does_not_post(stream, serve_streamed):
    assert serve_streamed(sending(b"1", b"2")) is STREAMED
    assert stream.told == [(200, [(b"x-name", b"value")]), b"1", b"2", "end"]


def test_nothing_is_opened_before_the_first_chunk(stream, serve_streamed):
    async def look():
        seen.append(list(stream.told))

    seen = []
    serve_streamed(sending(then=look))

    assert seen == [[]]
    assert stream.told == [(200, [(b"x-name", b"value")]), "end"]


def test_tasks_that_send_at_once_open_one_stream(stream, serve_streamed):
    async def app(scope, receive, send):
        await send(START)
        chunks = [{"type": "http.response.body", "body": body, "more_body": True} for body in (b"1", b"2", b"3")]
        await asyncio.gather(*map(send, chunks))
        await send({"type": "http.response.body"})

    assert serve_streamed(app) is STREAMED
    assert stream.told == [(200, [(b"x-name", b"value")]), b"1", b"2", b"3", "end"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 205), ("GET", 304)])
def test_where_http_allows_no_body_none_is_sent(stream, serve_streamed, method, status):
    serve_streamed(sending(b"1", b"2", start={**START, "status": status}), method)

    assert stream.told == [(status, [(b"x-name", b"value")]), b"", b"", "end"]


def test_an_exception_before_the_first_chunk_is_a_500_that_is_streamed(stream, serve_streamed, caplog):
    async def fails():
        raise LookupError("no such row")

    with caplog.at_level(logging.ERROR, "meantime"):
        assert serve_streamed(sending(then=fails)) is STREAMED

    assert [stream.told[0][0], *stream.told[1:]] == [500, b"Internal Server Error", "end"]
    assert caplog.records[0].exc_info[0] is LookupError


def test_an_exception_after_it_is_raised_for_the_runtime_client_to_end_the_stream_with(stream, serve_streamed):
    async def fails():
        raise LookupError("no such row")

    with pytest.raises(LookupError):
        serve_streamed(sending(b"1", then=fails))

    assert stream.told[1:] == [b"1"]


def test_a_response_that_is_not_finished_is_such_an_error(stream, serve_streamed):
    async def app(scope, receive, send):
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})

    with pytest.raises(meantime.ASGIProtocolError, match="in the middle of its response"):
        serve_streamed(app)


def test_the_deadline_before_the_first_chunk_is_a_504_that_is_streamed(stream, serve_streamed, clock, caplog):
    async def asks_the_database():
        await clock.sleep_async(60)

    with caplog.at_level(logging.ERROR, "meantime"):
        assert serve_streamed(sending(then=asks_the_database), timeout=5) is STREAMED

    assert [stream.told[0][0], *stream.told[1:]] == [504, b'{"message": "Gateway Timeout"}', "end"]
    assert "the client gets 504. The deadline of the invocation passed" in caplog.text


@pytest.mark.blocks_the_loop
def test_a_loop_that_is_blocked_until_the_deadline_is_a_504_that_is_streamed_all_the_same(stream, serve_streamed):
    async def blocks():
        time.sleep(60)  # noqa: ASYNC251  # it blocks the loop on purpose

    assert serve_streamed(sending(then=blocks), timeout=0.8, reserve=0.4) is STREAMED
    gc.collect()  # what was given up ends here, and not within some other test

    assert [stream.told[0][0], *stream.told[1:]] == [504, b'{"message": "Gateway Timeout"}', "end"]


def test_a_startup_that_lasts_until_the_deadline_is_one_too(stream, serve_streamed, clock):
    async def app(scope, receive, send):
        await clock.sleep_async(60)

    assert serve_streamed(app, timeout=5, lifespan="on") is STREAMED

    assert [stream.told[0][0], *stream.told[1:]] == [504, b'{"message": "Gateway Timeout"}', "end"]


def test_the_deadline_after_it_is_raised(stream, serve_streamed, clock):
    async def asks_the_database():
        await clock.sleep_async(60)

    with pytest.raises(DeadlineExceeded, match=r"^GET /: the response was cut off\. .*app") as caught:
        serve_streamed(sending(b"1", then=asks_the_database), timeout=5)

    files = [frame.filename for frame in traceback.extract_tb(caught.tb)]
    assert [Path(each).name for each in files if "meantime" in each and "tests" not in each] == ["adapter.py"]


def test_what_runs_on_after_the_response_until_the_deadline_is_cut_off_and_logged(
    stream, serve_streamed, clock, caplog
):
    async def app(scope, receive, send):
        await sending(b"1")(scope, receive, send)
        await clock.sleep_async(60)

    with caplog.at_level(logging.WARNING, "meantime"):
        assert serve_streamed(app, timeout=5) is STREAMED

    assert stream.told[1:] == [b"1", "end"]
    assert "the response was complete, and what the application went on to do was cut off" in caplog.text


def test_a_client_that_is_gone_is_an_oserror_for_send_and_a_disconnect_for_receive(stream, serve_streamed, caplog):
    stream.breaks_at = b"2"
    heard = []

    async def app(scope, receive, send):
        await receive()
        listening = asyncio.create_task(receive())
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        for body in (b"2", b"3"):
            with pytest.raises(OSError, match="broken"):
                await send({"type": "http.response.body", "body": body, "more_body": True})
        heard.append(await listening)

    with caplog.at_level(logging.WARNING, "meantime"):
        assert serve_streamed(app) is STREAMED

    assert heard == [{"type": "http.disconnect"}]
    assert "the client did not get the whole response. the connection has broken" in caplog.text


def test_a_status_of_fail_on_is_not_sent_but_fails_the_invocation(stream, serve_streamed):
    with pytest.raises(ResponseFailed, match="502"):
        serve_streamed(sending(b"1", start={**START, "status": 502}), fail_on={502})

    assert stream.told == []


def test_a_body_that_is_no_base64_is_a_400_that_is_streamed(stream):
    adapter = meantime.ASGIAdapter(sending(b"1"), lifespan="off", streaming=True)
    event = {**http_event("POST", "/", body=b"\x00", source="function-url"), "body": "%%%", "isBase64Encoded": True}

    assert adapter(event, LambdaContext()) is STREAMED
    assert [stream.told[0][0], *stream.told[1:]] == [400, b'{"message": "Bad Request"}', "end"]


def test_a_source_that_cannot_stream_is_answered_whole(stream, serve):
    answer = serve(sending(b"1", b"2"), streaming=True, source="alb")

    assert (answer["body"], stream.told) == ("12", [])
