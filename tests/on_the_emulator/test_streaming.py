"""Streamed responses from the real, unmodified runtime client: by hand, and from applications behind the adapter."""

from __future__ import annotations

import json
import textwrap

import pytest

from meantime.testing import http_event
from meantime.tools.emulator import Emulator, Function
from meantime.tools.emulator.http_integration import CONTENT_TYPE, PreludeReader

# Sends as many pieces as the event says; before each but the first it waits until a file of that number is there.
BY_HAND = """
    import asyncio, os, pathlib, resource, meantime
    from meantime.asgi.streaming import check_runtime, response_stream

    assert check_runtime()
    folder = pathlib.Path(os.environ["FOLDER"])

    @meantime.handler(reserve=0.5)
    async def lambda_handler(event, context):
        if "pieces" not in event:
            return {"pid": os.getpid(), "files": len(os.listdir("/proc/self/fd"))}
        if event.get("fail") == "before":
            raise KeyError("before")
        stream = response_stream(context)
        await stream.open(201, [(b"content-type", b"text/plain"), (b"set-cookie", b"a=1")])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(event["pieces"]):
            while event.get("waits") and number and not (folder / str(number)).exists():
                await asyncio.sleep(0.005)
            await stream.write(b"piece %d\\n" % number * event.get("times", 1))
        if event.get("fail") == "after":
            raise KeyError("after")
        if event.get("fail") == "hang":
            await asyncio.sleep(60)
        await stream.write(b"grown by %d KB" % (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak))
        await stream.close()
        return stream.answer
"""


@pytest.fixture
def emulate(tmp_path):
    """Starts an emulator for a function given as source text; its files are looked for in `tmp_path`."""

    def start(source: str = BY_HAND, *, timeout: float = 10.0, bytes_per_second: float | None = None) -> Emulator:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        environment = {"FOLDER": str(tmp_path)}
        function = Function(
            "app.lambda_handler", code=tmp_path, memory_mb=1769, timeout=timeout, environment=environment
        )
        return Emulator(function, stream_bytes_per_second=bytes_per_second)

    return start


def read(emulator: Emulator, event):
    """The response and the invocation: status, headers, body, and what it came to."""
    reader, body = PreludeReader(), b""
    with emulator.stream(event) as stream:
        for piece in stream:
            body += reader.feed(piece.data)
        assert stream.content_type in (CONTENT_TYPE, None)
        return reader.prelude, body, stream.result()


def test_each_piece_arrives_before_the_next_is_made(emulate, tmp_path):
    reader = PreludeReader()
    with emulate() as lambda_, lambda_.stream({"pieces": 4, "waits": True}) as stream:
        for number in range(4):
            got = b""
            while b"piece %d\n" % number not in got:
                got += reader.feed(next(stream).data)
            assert reader.prelude is not None
            assert reader.prelude.status == 201
            (tmp_path / str(number + 1)).touch()
        assert stream.result().error is None


def test_status_headers_and_cookies_arrive(emulate):
    with emulate() as lambda_:
        prelude, body, invocation = read(lambda_, {"pieces": 2})
    assert prelude is not None
    assert (prelude.status, prelude.headers) == (201, (("content-type", "text/plain"), ("Set-Cookie", "a=1")))
    assert body.startswith(b"piece 0\npiece 1\n")
    assert (invocation.error, invocation.streamed) == (None, True)


def test_an_error_before_the_first_byte_is_an_ordinary_error(emulate):
    with emulate() as lambda_:
        prelude, body, invocation = read(lambda_, {"pieces": 1, "fail": "before"})
    assert (prelude, body, invocation.streamed) == (None, b"", False)
    assert invocation.error.error_type == "KeyError"
    assert any("lambda_handler" in frame for frame in invocation.error.stack_trace)


def test_an_error_after_the_first_byte_comes_in_the_trailers_and_the_environment_lives_on(emulate):
    with emulate() as lambda_:
        _, body, invocation = read(lambda_, {"pieces": 2, "fail": "after"})
        _, again, next_one = read(lambda_, {"pieces": 2})
    assert body == b"piece 0\npiece 1\n"
    assert (invocation.error.error_type, invocation.error.message) == ("KeyError", "'after'")
    assert 'raise KeyError("after")' in invocation.error.stack_trace[-1]
    assert "[ERROR] KeyError: 'after'" in invocation.log
    assert again.startswith(b"piece 0\npiece 1\n")
    assert (next_one.cold, next_one.environment_id) == (False, invocation.environment_id)


def test_the_deadline_in_the_middle_ends_the_stream_with_an_error_and_not_the_environment(emulate):
    with emulate(timeout=2.0) as lambda_:
        _, body, invocation = read(lambda_, {"pieces": 1, "fail": "hang"})
        next_one = lambda_.invoke({})
    assert body == b"piece 0\n"
    assert invocation.error.error_type == "DeadlineExceeded"
    assert "lambda_handler" in invocation.error.message
    assert (next_one.error, next_one.cold) == (None, False)


def test_a_client_too_slow_for_the_deadline_is_told_and_the_environment_lives_on(emulate):
    with emulate(timeout=2.0, bytes_per_second=20_000_000) as lambda_:
        _, body, invocation = read(lambda_, {"pieces": 100_000, "times": 8_000})
        next_one = lambda_.invoke({})
    assert len(body) > 6 * 1024 * 1024
    assert invocation.error.error_type == "DeadlineExceeded"
    assert (next_one.error, next_one.cold) == (None, False)


def test_twenty_megabytes_go_through_little_memory(emulate):
    with emulate() as lambda_:
        read(lambda_, {"pieces": 1, "times": 13_000})  # what is loaded once is loaded
        size, tail = 0, b""
        with lambda_.stream({"pieces": 200, "times": 13_000}) as stream:
            for piece in stream:
                size += len(piece.data)
                tail = (tail + piece.data)[-100:]
            assert stream.result().error is None
    assert size > 20_000_000
    assert int(tail.rpartition(b"grown by ")[2].removesuffix(b" KB")) < 4_000


def test_a_hundred_streamed_and_plain_invocations_share_one_environment_and_leave_nothing(emulate):
    with emulate() as lambda_:
        first = last = lambda_.invoke({})
        for _ in range(50):
            _, body, invocation = read(lambda_, {"pieces": 3})
            assert body.startswith(b"piece 0\npiece 1\npiece 2\n")
            assert (invocation.error, invocation.cold) == (None, False)
            last = lambda_.invoke({})
            assert (last.error, last.streamed) == (None, False)
    assert last.payload["pid"] == first.payload["pid"]
    assert last.payload["files"] <= first.payload["files"] + 2  # the loop itself, made by the first


def test_an_ordinary_invoke_of_a_streaming_function_has_it_all(emulate):
    with emulate() as lambda_:
        invocation = lambda_.invoke({"pieces": 2})
    reader = PreludeReader()
    assert reader.feed(invocation.payload.encode()).startswith(b"piece 0\npiece 1\n")
    assert invocation.error is None


def test_a_thousand_small_pieces_arrive_whole_and_in_order(emulate):
    with emulate() as lambda_:
        _, body, _ = read(lambda_, {"pieces": 1000})
    assert body.startswith(b"".join(b"piece %d\n" % number for number in range(1000)))


STARLETTE = """
    import asyncio, os, pathlib, starlette.applications, starlette.responses, starlette.routing, meantime

    folder = pathlib.Path(os.environ["FOLDER"])

    async def pieces(request):
        async def body():
            for number in range(3):
                while number and not (folder / str(number)).exists():
                    await asyncio.sleep(0.005)
                yield f"piece {number}\\n"
        return starlette.responses.StreamingResponse(body(), 202, media_type="text/plain")

    async def breaks(request):
        async def body():
            yield "some"
            raise ValueError("boom")
        return starlette.responses.StreamingResponse(body())

    async def fails(request):
        raise ValueError("boom")

    async def empty(request):
        return starlette.responses.Response(status_code=204)

    async def plain(request):
        return starlette.responses.JSONResponse({"pid": os.getpid()})

    async def hangs(request):
        async def body():
            yield "some"
            await asyncio.sleep(60)
        return starlette.responses.StreamingResponse(body())

    pages = pieces, breaks, fails, empty, plain, hangs
    routes = [starlette.routing.Route(f"/{page.__name__}", page) for page in pages]
    lambda_handler = meantime.ASGIAdapter(starlette.applications.Starlette(routes=routes), streaming=True)
"""


def url(path: str):
    return http_event("GET", path, source="function-url")


def test_starlettes_streaming_response_goes_out_piece_by_piece(emulate, tmp_path):
    reader = PreludeReader()
    with emulate(STARLETTE) as lambda_, lambda_.stream(url("/pieces")) as stream:
        for number in range(3):
            got = b""
            while b"piece %d\n" % number not in got:
                got += reader.feed(next(stream).data)
            (tmp_path / str(number + 1)).touch()
        assert list(stream) == []
        assert stream.result().error is None
    assert reader.prelude is not None
    assert reader.prelude.status == 202
    assert ("content-type", "text/plain; charset=utf-8") in reader.prelude.headers


def test_an_ordinary_response_of_a_streaming_adapter_is_streamed_too(emulate):
    with emulate(STARLETTE) as lambda_:
        prelude, body, invocation = read(lambda_, url("/plain"))
        assert set(json.loads(body)) == {"pid"}
        assert (prelude.status, invocation.streamed) == (200, True)
        prelude, body, _ = read(lambda_, url("/empty"))
        assert (prelude.status, body) == (204, b"")


def test_an_application_that_fails_before_its_response_is_a_500(emulate):
    with emulate(STARLETTE) as lambda_:
        prelude, _, invocation = read(lambda_, url("/fails"))
    assert prelude.status == 500
    assert "boom" in invocation.log


def test_an_application_that_fails_within_its_response_ends_the_stream_with_the_error(emulate):
    with emulate(STARLETTE) as lambda_:
        prelude, body, invocation = read(lambda_, url("/breaks"))
        _, _, next_one = read(lambda_, url("/plain"))
    assert (prelude.status, body) == (200, b"some")
    assert (invocation.error.error_type, invocation.error.message) == ("ValueError", "boom")
    assert (next_one.error, next_one.cold) == (None, False)


def test_an_application_at_its_deadline_ends_the_stream_with_the_error(emulate):
    with emulate(STARLETTE, timeout=2.0) as lambda_:
        prelude, body, invocation = read(lambda_, url("/hangs"))
        _, _, next_one = read(lambda_, url("/plain"))
    assert (prelude.status, body) == (200, b"some")
    assert invocation.error.error_type == "DeadlineExceeded"
    assert (next_one.error, next_one.cold) == (None, False)


def test_what_cannot_be_streamed_is_answered_whole(emulate):
    with emulate(STARLETTE) as lambda_:
        invocation = lambda_.invoke(http_event("GET", "/plain", source="alb"))
    assert invocation.streamed is False
    assert invocation.payload["statusCode"] == 200


def test_server_sent_events_arrive_as_they_are_sent(emulate, tmp_path):
    source = """
        import asyncio, os, pathlib, fastapi, meantime
        from fastapi.sse import EventSourceResponse, ServerSentEvent

        app = fastapi.FastAPI()
        folder = pathlib.Path(os.environ["FOLDER"])

        @app.get("/events", response_class=EventSourceResponse)
        async def events():
            for number in range(3):
                while number and not (folder / str(number)).exists():
                    await asyncio.sleep(0.005)
                yield ServerSentEvent(data={"number": number}, event="count", id=str(number))

        lambda_handler = meantime.ASGIAdapter(app, streaming=True)
    """
    reader = PreludeReader()
    with emulate(source) as lambda_, lambda_.stream(url("/events")) as stream:
        for number in range(3):
            got = b""
            while b"\n\n" not in got:
                got += reader.feed(next(stream).data)
            assert got.split(b"\n")[:2] == [b"event: count", b'data: {"number": %d}' % number]
            (tmp_path / str(number + 1)).touch()
        assert stream.result().error is None
    assert reader.prelude is not None
    assert dict(reader.prelude.headers)["content-type"].startswith("text/event-stream")
