"""A streamed answer as the emulator takes it from a runtime and passes it on; the functions are any that POST one."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.emulator import AsyncEmulator, ClosedError, Emulator, TooManyRequestsError, limits, runtime_api
from meantime.tools.emulator import streaming as emulator_streaming
from meantime.tools.emulator.happenings import Answered, Ready
from meantime.tools.emulator.http_integration import CONTENT_TYPE, MalformedPreludeError, Prelude, PreludeReader
from meantime.tools.emulator.runtime_api import Event, RuntimeApi
from meantime.tools.emulator.streaming import Channel, Piece

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

EVENT = Event("id-1", b"{}", 1234, "arn:aws:lambda:x", "Root=1-2-3")

# A function that streams by hand, as any that knows the protocol: it sends the pieces of its event, then ends as told.
BY_HAND = """
    import base64, http.client, json, os, sys, time, awslambdaric.lambda_runtime_client as client

    post = client.LambdaRuntimeClient.post_invocation_result
    client.LambdaRuntimeClient.post_invocation_result = lambda self, id, *args: streamed or post(self, id, *args)

    def handler(event, context):
        global streamed
        streamed = "pieces" in event
        if not streamed:
            return event
        connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        connection.connect()
        connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{context.aws_request_id}/response")
        connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.putheader("Content-Type", "text/plain")
        connection.endheaders()
        for piece in event["pieces"]:
            data = piece.encode() * event.get("times", 1)
            connection.send(b"%x\\r\\n%b\\r\\n" % (len(data), data))
        if event.get("end") == "exit":
            os._exit(3)
        if event.get("end") == "cut":
            connection.close()
            return
        if event.get("end") == "hang":
            time.sleep(60)
        trailers = "".join(f"{name}: {value}\\r\\n" for name, value in event.get("trailers", {}).items())
        connection.send(f"0\\r\\n{trailers}\\r\\n".encode())
        connection.getresponse().read()
        time.sleep(event.get("behind", 0))
"""


class Runtime:
    """A runtime by hand, on raw connections; `told` is what the emulator was told."""

    def __init__(self, api: RuntimeApi, address: str) -> None:
        self.api = api
        self.told: list[object] = []
        self.asked = asyncio.Event()
        self._host, _, self._port = address.rpartition(":")

    def hear(self, happening: object) -> None:
        self.told.append(happening)
        if isinstance(happening, Ready):
            self.asked.set()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._host, int(self._port))

    async def fetch_event(self, channel: Channel | None = None) -> None:
        reader, writer = await self.connect()
        writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(self.asked.wait(), 10)
        self.asked.clear()
        self.api.hand_out(EVENT, channel)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def begin(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.connect()
        writer.write(
            b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            b"Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        return reader, writer

    async def stream(self, *pieces: bytes, trailers: bytes = b"") -> bytes:
        reader, writer = await self.begin()
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n%b\r\n" % trailers)
        status = await reader.readline()
        writer.close()
        return status


@pytest.fixture
def with_runtime() -> Callable[[Callable[[Runtime], Awaitable[None]]], None]:
    def run(scene: Callable[[Runtime], Awaitable[None]]) -> None:
        async def play() -> None:
            api = RuntimeApi(lambda happening: runtime.hear(happening))
            runtime = Runtime(api, await api.start())
            try:
                await scene(runtime)
            finally:
                await api.stop()

        asyncio.run(asyncio.wait_for(play(), 60))

    return run


def test_without_a_reader_a_streamed_answer_is_collected(with_runtime) -> None:
    async def scene(runtime: Runtime) -> None:
        await runtime.fetch_event()
        assert b"202" in await runtime.stream(b"one ", b"two")
        answer = runtime.told[-1]
        assert isinstance(answer, Answered)
        assert (answer.body, answer.content_type, answer.failed, answer.size) == (b"one two", "text/plain", False, 7)
        assert runtime.api.streamed

    with_runtime(scene)


def test_a_piece_goes_on_before_the_next_has_come(with_runtime) -> None:
    async def scene(runtime: Runtime) -> None:
        channel = Channel(None)
        await runtime.fetch_event(channel)
        reader, writer = await runtime.begin()
        for number in range(3):
            writer.write(b"1\r\n%d\r\n" % number)
            piece = await channel.get()
            assert isinstance(piece, Piece)
            assert (piece.data, channel.content_type) == (b"%d" % number, "text/plain")
        assert isinstance(runtime.told[-1], Ready)
        writer.write(b"0\r\n\r\n")
        assert b"202" in await reader.readline()
        assert isinstance(runtime.told[-1], Answered)
        assert runtime.told[-1].body is None
        writer.close()

    with_runtime(scene)


@pytest.mark.parametrize(
    ("trailers", "error"),
    [
        (
            b"Lambda-Runtime-Function-Error-Type: App.Broken\r\nLambda-Runtime-Function-Error-Body: "
            + base64.b64encode(b'{"errorMessage": "boom", "errorType": "Other"}')
            + b"\r\n",
            {"errorType": "App.Broken", "errorMessage": "boom"},
        ),
        (b"lambda-runtime-function-error-type: App.Broken\r\n", {"errorType": "App.Broken", "errorMessage": ""}),
        (b"Lambda-Runtime-Function-Error-Body: not base64\r\n", {"errorMessage": "not base64"}),
        (b"Lambda-Runtime-Function-Error-Body: WzFd\r\n", {"errorMessage": [1]}),
    ],
)
def test_an_error_in_the_trailers_is_the_functions_error(with_runtime, trailers, error) -> None:
    async def scene(runtime: Runtime) -> None:
        await runtime.fetch_event()
        assert b"202" in await runtime.stream(b"x\r\n0\r\nnot: a trailer\r\n", trailers=trailers)
        answer = runtime.told[-1]
        assert isinstance(answer, Answered)
        assert answer.failed
        assert json.loads(answer.body or b"") == error

    with_runtime(scene)


def test_a_body_that_looks_like_trailers_has_none(with_runtime) -> None:
    async def scene(runtime: Runtime) -> None:
        await runtime.fetch_event()
        await runtime.stream(b"\r\n0\r\nLambda-Runtime-Function-Error-Type: App.Broken\r\n\r\n")
        answer = runtime.told[-1]
        assert isinstance(answer, Answered)
        assert not answer.failed

    with_runtime(scene)


def test_the_runtime_may_ask_for_the_next_event_only_after_the_end(with_runtime, monkeypatch) -> None:
    monkeypatch.setattr(runtime_api, "_ENDED_BY", 0.05)

    async def scene(runtime: Runtime) -> None:
        channel = Channel(None)
        await runtime.fetch_event(channel)
        reader, writer = await runtime.begin()
        writer.write(b"1\r\nx\r\n")
        assert await channel.get()
        other_reader, other_writer = await runtime.connect()
        other_writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"403" in await other_reader.readline()
        assert b"InvocationResponse to Ready failed" in await other_reader.readuntil(b"}")
        writer.write(b"0\r\n\r\n")
        assert b"202" in await reader.readline()
        await runtime.fetch_event()
        writer.close()
        other_writer.close()

    with_runtime(scene)


def test_a_response_that_was_cut_off_is_told_late_so_that_the_end_of_its_process_may_be_told_first(
    with_runtime,
) -> None:
    async def scene(runtime: Runtime) -> None:
        channel = Channel(None)
        await runtime.fetch_event(channel)
        _, writer = await runtime.begin()
        writer.write(b"1\r\nx\r\n")
        assert await channel.get()
        writer.transport.abort()
        await runtime.api._responded.wait()  # nothing outside shows it
        assert isinstance(runtime.told[-1], Ready)
        await runtime.fetch_event()
        answer = runtime.told[-2]
        assert isinstance(answer, Answered)
        assert b"Runtime.TruncatedResponse" in (answer.body or b"")
        assert len(runtime.told) == 3

    with_runtime(scene)


def test_an_answer_of_more_than_the_limit_is_413(with_runtime, monkeypatch) -> None:
    monkeypatch.setattr(runtime_api, "STREAM_MAX_BYTES", 10)

    async def scene(runtime: Runtime) -> None:
        channel = Channel(None)
        await runtime.fetch_event(channel)
        assert b"413" in await runtime.stream(b"12345", b"678901")
        answer = runtime.told[-1]
        assert isinstance(answer, Answered)
        assert answer.size > answer.size_max == 10

    with_runtime(scene)


def test_a_slow_reader_holds_the_function_up(with_runtime) -> None:
    async def scene(runtime: Runtime) -> None:
        channel = Channel(None)
        await runtime.fetch_event(channel)
        sending = asyncio.ensure_future(runtime.stream(*[bytes(65536)] * 400))
        before, held = -1, 0
        while before != held:
            before = held
            await asyncio.sleep(0.2)
            held = channel._held  # that little is held is the very point
        assert not sending.done()
        assert held < 2 * emulator_streaming._HELD_MAX_BYTES
        size = 0
        while size < 400 * 65536:
            piece = await channel.get()
            assert piece is not None
            size += len(piece.data)
        assert b"202" in await sending

    with_runtime(scene)


def test_the_rest_of_a_long_answer_comes_at_the_limited_speed(monkeypatch) -> None:
    monkeypatch.setattr(emulator_streaming, "STREAM_UNCAPPED_BYTES", 100)
    slept: list[float] = []

    async def wait_for(awaitable, seconds: float) -> None:
        awaitable.close()
        slept.append(seconds)

    async def scene() -> None:
        channel = Channel(1000.0)
        monkeypatch.setattr(asyncio, "wait_for", wait_for)
        for size in (60, 60, 100):
            await channel.put(bytes(size))
        monkeypatch.undo()

    asyncio.run(scene())
    assert slept == [0.02, 0.1]  # of the second piece twenty bytes are too many, and all of the third


def test_the_limits_are_aws_own() -> None:
    assert limits.STREAM_MAX_BYTES == 200 * 1024 * 1024
    assert limits.STREAM_UNCAPPED_BYTES == 6 * 1024 * 1024
    assert limits.STREAM_BYTES_PER_SECOND == 2 * 1024 * 1024


PRELUDE = (
    b'{"statusCode": 201, "headers": {"x": "1"}, "multiValueHeaders": {"y": ["2", "3"]}, "cookies": ["a=b", "c=d"]}'
)


@given(st.binary(max_size=40), st.lists(st.integers(min_value=1, max_value=30), max_size=20))
def test_a_prelude_is_found_however_it_is_cut(body, sizes) -> None:
    data = PRELUDE + bytes(8) + body
    reader, got = PreludeReader(), b""
    for size in sizes:
        got += reader.feed(data[:size])
        data = data[size:]
    got += reader.feed(data)
    reader.end()
    headers = (("x", "1"), ("y", "2"), ("y", "3"), ("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"))
    assert (reader.prelude, got) == (Prelude(201, headers), body)


@pytest.mark.parametrize(
    ("begun", "problem"),
    [
        (b"nothing" + bytes(8), "no JSON"),
        (b"[]" + bytes(8), "no JSON object"),
        (b'{"statusCode": 99}' + bytes(8), "no HTTP status"),
        (b'{"statusCode": "200"}' + bytes(8), "no HTTP status"),
        (b'{"headers": {"x": {}}}' + bytes(8), "header x is no text"),
        (b'{"headers": [1]}' + bytes(8), "headers is no object"),
        (b'{"multiValueHeaders": {"x": "1"}}' + bytes(8), "x is no list"),
        (b'{"cookies": "a=b"}' + bytes(8), "cookies is no list"),
        (b"x" * 20000, "no eight NUL bytes"),
    ],
)
def test_a_malformed_prelude_is_said_to_be_one(begun, problem) -> None:
    with pytest.raises(MalformedPreludeError, match=problem):
        PreludeReader().feed(begun)


def test_an_answer_that_ends_within_its_prelude_is_malformed() -> None:
    reader = PreludeReader()
    assert reader.feed(b'{"statusCode": 200}' + bytes(7)) == b""
    with pytest.raises(MalformedPreludeError, match="before the eight NUL bytes"):
        reader.end()


def test_a_status_may_be_left_out_and_a_header_may_be_a_number() -> None:
    reader = PreludeReader()
    reader.feed(b'{"headers": {"content-length": 5, "x": true}}' + bytes(8))
    assert reader.prelude == Prelude(200, (("content-length", "5"), ("x", "true")))


def test_the_librarys_content_type_is_this_one() -> None:
    from meantime.asgi import streaming  # noqa: PLC0415  # only this test needs the library

    assert streaming.CONTENT_TYPE == CONTENT_TYPE


def test_stream_gives_the_answer_in_pieces_and_then_the_invocation(deploy) -> None:
    with Emulator(deploy(BY_HAND)) as emulator, emulator.stream({"pieces": ["one ", "two"]}) as stream:
        pieces = list(stream)
        invocation = stream.result()
    assert b"".join(piece.data for piece in pieces) == b"one two"
    assert stream.content_type == "text/plain"
    assert (invocation.payload, invocation.error, invocation.streamed) == (None, None, True)
    assert all(invocation.started <= piece.at <= invocation.finished for piece in pieces)


def test_invoke_of_a_function_that_streams_gives_the_whole(deploy) -> None:
    with Emulator(deploy(BY_HAND)) as emulator:
        invocation = emulator.invoke({"pieces": ["one ", "two"]})
    assert (invocation.payload, invocation.error, invocation.streamed) == ("one two", None, True)


def test_invoke_of_a_function_that_streams_takes_no_more_than_6_mb(deploy) -> None:
    with Emulator(deploy(BY_HAND, memory_mb=1769)) as emulator:
        invocation = emulator.invoke({"pieces": ["x" * 1000] * 100, "times": 100})
        assert emulator.invoke({"after": "it"}).error is None
    assert invocation.error is not None
    assert invocation.error.error_type == "Function.ResponseSizeTooLarge"
    assert str(limits.RESPONSE_MAX_BYTES) in invocation.error.message


def test_stream_of_a_function_that_does_not_stream_gives_one_piece(deploy) -> None:
    with Emulator(deploy(BY_HAND)) as emulator, emulator.stream({"a": 1}) as stream:
        assert [json.loads(piece.data) for piece in stream] == [{"a": 1}]
        invocation = stream.result()
    assert stream.content_type == "application/json"
    assert (invocation.payload, invocation.streamed) == ({"a": 1}, False)


def test_stream_of_a_function_that_fails_at_once_gives_its_error_and_no_piece(deploy) -> None:
    with Emulator(deploy("def handler(event, context): raise ValueError('boom')")) as emulator:
        with emulator.stream() as stream:
            assert list(stream) == []
        assert stream.content_type is None
        invocation = stream.result()
    assert invocation.error is not None
    assert (invocation.error.error_type, invocation.error.message) == ("ValueError", "boom")
    assert invocation.payload["errorType"] == "ValueError"


def test_an_error_after_the_first_piece_is_shown_with_what_came_before(deploy) -> None:
    trailers = {"Lambda-Runtime-Function-Error-Type": "App.Broken"}
    with Emulator(deploy(BY_HAND)) as emulator:
        with emulator.stream({"pieces": ["one"], "trailers": trailers}) as stream:
            assert b"".join(piece.data for piece in stream) == b"one"
            invocation = stream.result()
        assert emulator.invoke({"after": "it"}).cold is False
    assert invocation.error is not None
    assert (invocation.error.error_type, invocation.streamed) == ("App.Broken", True)


def test_work_behind_the_last_piece_is_part_of_the_duration(deploy) -> None:
    with Emulator(deploy(BY_HAND)) as emulator:
        emulator.invoke()
        with emulator.stream({"pieces": ["one"], "behind": 0.3}) as stream:
            assert b"".join(piece.data for piece in stream) == b"one"
            invocation = stream.result()
    answered_ms = (invocation.finished - invocation.started) * 1000
    assert invocation.duration_ms >= answered_ms + 300
    assert invocation.billed_ms >= 300
    assert f"Duration: {invocation.duration_ms:.2f} ms" in invocation.log


def test_work_behind_the_last_piece_is_cut_off_at_the_timeout_and_the_answer_stands(deploy) -> None:
    with Emulator(deploy(BY_HAND, timeout=0.7)) as emulator:
        emulator.invoke()
        with emulator.stream({"pieces": ["one"], "behind": 60}) as stream:
            assert b"".join(piece.data for piece in stream) == b"one"
            assert stream.error is None
            invocation = stream.result()
        assert emulator.invoke({"after": "it"}).cold
    assert (invocation.error, invocation.duration_ms) == (None, 700)
    assert "Task timed out after 0.70 seconds" in invocation.log
    assert "\tStatus: timeout\n" in invocation.log


@pytest.mark.parametrize(
    ("end", "kind", "status"),
    [("exit", "Runtime.ExitError", "Status: error"), ("hang", "Sandbox.Timedout", "Status: timeout")],
)
def test_an_environment_that_dies_in_the_middle_is_replaced(deploy, end, kind, status) -> None:
    with Emulator(deploy(BY_HAND, timeout=1.0)) as emulator:
        with emulator.stream({"pieces": ["one"], "end": end}) as stream:
            assert b"".join(piece.data for piece in stream) == b"one"
            invocation = stream.result()
        assert emulator.invoke({"after": "it"}).cold
    assert invocation.error is not None
    assert (invocation.error.error_type, invocation.streamed) == (kind, True)
    assert status in invocation.log


def test_a_connection_that_breaks_in_the_middle_is_a_truncated_response(deploy) -> None:
    with Emulator(deploy(BY_HAND)) as emulator:
        with emulator.stream({"pieces": ["one"], "end": "cut"}) as stream:
            assert b"".join(piece.data for piece in stream) == b"one"
            invocation = stream.result()
        assert emulator.invoke({"after": "it"}).cold is False
    assert invocation.error is not None
    assert invocation.error.error_type == "Runtime.TruncatedResponse"


def test_one_that_breaks_while_the_answer_is_slowed_down_is_told_at_once_and_the_environment_lives_on(
    deploy, monkeypatch
) -> None:
    monkeypatch.setattr(emulator_streaming, "STREAM_UNCAPPED_BYTES", 0)
    with Emulator(deploy(BY_HAND), stream_bytes_per_second=1_000.0) as emulator:  # 64 kB would take a minute
        with emulator.stream({"pieces": ["x" * 64_000], "end": "cut"}) as stream:
            assert stream.result().error.error_type == "Runtime.TruncatedResponse"
        assert emulator.invoke({"after": "it"}).cold is False


def test_whoever_reads_no_more_does_not_stop_the_function(deploy) -> None:
    event = {"pieces": ["x" * 1000] * 100, "times": 100}
    with Emulator(deploy(BY_HAND, memory_mb=1769, timeout=30.0), stream_bytes_per_second=None) as emulator:
        with emulator.stream(event) as stream:
            next(stream)
        invocation = stream.result()
        assert emulator.invoke({"after": "it"}).cold is False
    assert (invocation.error, invocation.streamed) == (None, True)


def test_asyncio_code_reads_a_stream_too_and_loses_no_piece_when_it_stops_waiting(deploy) -> None:
    async def scene(function) -> None:
        async with AsyncEmulator(function) as emulator, emulator.stream({"pieces": ["one"]}) as stream:
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            waiting.cancel()
            assert b"".join([piece.data async for piece in stream]) == b"one"
            assert (await stream.result()).streamed

    asyncio.run(scene(deploy(BY_HAND)))


def test_what_the_emulator_refuses_is_raised_by_reading(deploy) -> None:
    with Emulator(deploy(BY_HAND, reserved_concurrency=0)) as emulator, emulator.stream() as stream:
        with pytest.raises(TooManyRequestsError):
            next(stream)
        with pytest.raises(TooManyRequestsError):
            stream.result()


def test_closing_the_emulator_ends_a_stream_that_is_read(deploy) -> None:
    with Emulator(deploy(BY_HAND, timeout=60.0)) as emulator:
        stream = emulator.stream({"pieces": ["one"], "end": "hang"})
        assert next(stream).data == b"one"
    with pytest.raises(ClosedError):
        next(stream)
    with pytest.raises(ClosedError):
        stream.result()


def test_a_stream_needs_an_emulator_that_runs_and_a_speed_above_zero(deploy) -> None:
    function = deploy(BY_HAND)
    with pytest.raises(ClosedError):
        Emulator(function).stream()
    with pytest.raises(ValueError, match="stream_bytes_per_second 0 is not above 0"):
        Emulator(function, stream_bytes_per_second=0)
