"""A streamed response as Lambda's Runtime API receives it, and what the runtime client is kept from posting."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import importlib
import json
import logging
import sys
import types
import warnings
from concurrent.futures import Future
from threading import Thread

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import meantime
from meantime.asgi import runtime_client
from meantime.asgi.streaming import CONTENT_TYPE, DELIMITER, _shortened, check_runtime, response_stream
from meantime.deadline import Deadline, deadline_variable
from meantime.testing import LambdaContext

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
TEXT = [(b"content-type", b"text/plain")]


def context(timeout: float = 30.0) -> LambdaContext:
    made = LambdaContext(timeout=timeout)
    made.aws_request_id = "id-1"
    return made


class RuntimeApi:
    """Listens where a function looks for the Runtime API; keeps every byte, and answers once the body has ended."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.arrived = asyncio.Event()
        self.hung_up = asyncio.Event()
        self.may_read = asyncio.Event()
        self.may_read.set()
        self.answer_at = b"\r\n0\r\n"
        self.answer = ACCEPTED
        self.connected = False
        self.writer: asyncio.StreamWriter

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.connected = True
        answered = False
        try:
            while data := await self.read(reader):
                self.received += data
                self.arrived.set()
                if not answered and self.answer_at in self.received[-8192:] and self.received.endswith(b"\r\n"):
                    answered = True
                    writer.write(self.answer)
        except ConnectionError:
            pass
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.hung_up.set()

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        await self.may_read.wait()
        return await reader.read(65536)

    async def until(self, text: bytes) -> None:
        while text not in self.received:
            self.arrived.clear()
            await self.arrived.wait()

    @property
    def head(self) -> list[str]:
        return self.received.partition(b"\r\n\r\n")[0].decode().split("\r\n")

    @property
    def pieces(self) -> list[bytes]:
        return _unchunked(bytes(self.received))[0]

    @property
    def trailers(self) -> dict[str, str]:
        return _unchunked(bytes(self.received))[1]


async def write_until_it_fails(stream, piece: bytes) -> None:
    while True:
        await stream.write(piece)
        await asyncio.sleep(0)


def _unchunked(received: bytes) -> tuple[list[bytes], dict[str, str]]:
    rest = received.partition(b"\r\n\r\n")[2]
    pieces = []
    while True:
        size, _, rest = rest.partition(b"\r\n")
        if not int(size, 16):
            lines = rest.decode().removesuffix("\r\n").split("\r\n")
            return pieces, dict(line.split(": ", 1) for line in lines if line)
        pieces.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]


@pytest.fixture
def play(monkeypatch):
    """Runs an async scene that is given a Runtime API and a stream to it."""

    def run(scene, *, timeout: float = 30.0) -> None:
        async def with_api() -> None:
            api = RuntimeApi()
            server = await asyncio.start_server(api.serve, "127.0.0.1", 0, limit=65536)
            host, port = server.sockets[0].getsockname()
            monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", f"{host}:{port}")
            await scene(api, response_stream(context(timeout)))
            if api.connected:
                await api.hung_up.wait()
            server.close()

        asyncio.run(asyncio.wait_for(with_api(), 60))

    yield run
    runtime_client._begun.clear()


def test_a_response_is_status_headers_and_cookies_eight_nul_bytes_and_its_pieces(play) -> None:
    async def scene(api, stream) -> None:
        headers = [(b"Content-Type", b"text/plain; charset=utf-8"), (b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2")]
        await stream.open(201, headers)
        await stream.write(b"one")
        await stream.write(b"two")
        await stream.close()

        assert api.head[0] == "POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1"
        assert f"Content-Type: {CONTENT_TYPE}" in api.head
        assert "Lambda-Runtime-Function-Response-Mode: streaming" in api.head
        assert "Transfer-Encoding: chunked" in api.head
        assert "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body" in api.head
        assert api.pieces[1:] == [b"one", b"two"]
        start, delimiter, rest = api.pieces[0].partition(DELIMITER)
        assert (delimiter, rest) == (bytes(8), b"")
        assert json.loads(start) == {
            "statusCode": 201,
            "headers": {"content-type": "text/plain; charset=utf-8"},
            "cookies": ["a=1", "b=2"],
        }
        assert api.trailers == {}

    play(scene)


def test_a_repeated_header_is_joined_and_latin_1_is_kept(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, [(b"vary", b"accept"), (b"Vary", b"cookie"), (b"x-name", b"Jos\xe9")])
        await stream.close()
        start = json.loads(api.pieces[0].partition(DELIMITER)[0])
        assert start["headers"] == {"vary": "accept, cookie", "x-name": "José"}

    play(scene)


def test_a_header_about_the_connection_is_not_passed_on(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(
            200, [(b"Transfer-Encoding", b"chunked"), (b"connection", b"close"), (b"content-length", b"0")]
        )
        await stream.close()
        assert json.loads(api.pieces[0].partition(DELIMITER)[0])["headers"] == {"content-length": "0"}

    play(scene)


def test_nothing_is_sent_before_the_first_piece(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        await asyncio.sleep(0.05)  # nothing comes, however long one waits
        assert (api.received, stream.started) == (b"", False)
        await stream.write(b"")
        await api.until(DELIMITER)
        assert stream.started
        await stream.close()

    play(scene)


def test_a_piece_is_there_before_the_next_is_written(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        for number in range(5):
            await stream.write(b"piece %d" % number)
            await api.until(b"piece %d" % number)
        await stream.close()

    play(scene)


def test_an_error_before_the_first_piece_sends_nothing_so_that_the_handler_can_raise_it(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        await stream.fail("ValueError", {"errorMessage": "boom"})
        await api.hung_up.wait()
        assert api.received == b""
        assert runtime_client._begun == {}

    play(scene)


def test_an_error_after_the_first_piece_is_in_the_trailers(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        await stream.write(b"one")
        await stream.fail("ValueError", {"errorType": "ValueError", "errorMessage": "boom", "stackTrace": ["  line\n"]})
        body = base64.b64decode(api.trailers["Lambda-Runtime-Function-Error-Body"])
        assert api.trailers["Lambda-Runtime-Function-Error-Type"] == "ValueError"
        assert json.loads(body) == {"errorType": "ValueError", "errorMessage": "boom", "stackTrace": ["  line\n"]}

    play(scene)


def test_a_line_break_in_an_errors_type_does_not_break_the_trailers(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        await stream.write(b"one")
        await stream.fail("Bad\r\nX-Evil: é", {})
        assert api.trailers["Lambda-Runtime-Function-Error-Type"] == "BadX-Evil:"
        assert "X-Evil" not in api.trailers

    play(scene)


@example("é" * 5000, ['  File "app.py", line 1\n'] * 300, "E" * 300)
@example("x" * 100_000, [], "")
@given(st.text(max_size=4000), st.lists(st.text(max_size=400), max_size=40), st.text(max_size=300))
def test_an_error_of_any_size_fits_into_the_trailers(message, stack, kind) -> None:
    shortened = _shortened({"errorType": kind, "errorMessage": message, "stackTrace": stack})
    # Go's HTTP server takes no trailers of 4 KB: the names, the type and the base64 are all of it.
    assert len(base64.b64encode(shortened)) + 128 + 90 < 4096
    error = json.loads(shortened)
    assert message.startswith(error["errorMessage"].removesuffix("…"))
    assert stack[len(stack) - len(error["stackTrace"]) :] == error["stackTrace"]


def test_writing_waits_while_the_other_side_does_not_read(play) -> None:
    async def scene(api, stream) -> None:
        api.may_read.clear()
        await stream.open(200, TEXT)
        written = 0

        async def write() -> None:
            nonlocal written
            for _ in range(200):
                await stream.write(bytes(65536))
                written += 1

        writing = asyncio.create_task(write())
        before = -1
        while before != written:
            before = written
            await asyncio.sleep(0.2)
        assert not writing.done()
        api.may_read.set()
        await writing
        await stream.close()
        assert sum(map(len, api.pieces[1:])) == 200 * 65536

    play(scene)


def test_a_piece_that_nobody_takes_waits_until_the_deadline_and_no_longer(play) -> None:
    async def scene(api, stream) -> None:
        api.may_read.clear()
        await stream.open(200, TEXT)
        token = deadline_variable.set(Deadline(0.2, 0.1))
        with pytest.raises(meantime.DeadlineExceeded, match="waiting to be taken"):
            await write_until_it_fails(stream, bytes(1 << 20))
        deadline_variable.reset(token)
        stream._cut(stream._request)
        api.may_read.set()

    play(scene)


def test_a_connection_that_breaks_is_an_oserror_for_the_application(play) -> None:
    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        await stream.write(b"one")
        await api.until(b"one")
        api.writer.transport.abort()
        with pytest.raises(meantime.StreamBroken, match="has broken, after 3 bytes") as caught:
            await write_until_it_fails(stream, b"")
        assert isinstance(caught.value, OSError)
        assert caught.value.sent == 3
        with pytest.raises(OSError, match="ended already"):
            await stream.write(b"more")

    play(scene)


def test_a_refusal_in_the_middle_says_what_lambda_says(play) -> None:
    async def scene(api, stream) -> None:
        api.answer_at = b"one"
        api.answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large"
        await stream.open(200, TEXT)
        with pytest.raises(meantime.StreamBroken, match="413 too large"):
            await write_until_it_fails(stream, b"one")

    play(scene)


def test_a_refusal_at_the_end_carries_the_status(play) -> None:
    async def scene(api, stream) -> None:
        api.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nlate"
        await stream.open(200, TEXT)
        with pytest.raises(meantime.StreamBroken, match="403 late") as caught:
            await stream.close()
        assert caught.value.status == 403

    play(scene)


def test_a_response_that_has_ended_takes_no_more(play) -> None:
    async def scene(api, stream) -> None:
        with pytest.raises(meantime.StreamBroken, match="not begun"):
            await stream.write(b"early")
        await stream.open(200, TEXT)
        with pytest.raises(meantime.StreamBroken, match="begun twice"):
            await stream.open(200, TEXT)
        await stream.close()
        with pytest.raises(OSError, match="ended already"):
            await stream.write(b"late")

    play(scene)


def test_no_runtime_api_is_an_oserror(monkeypatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9")
    stream = response_stream(context())
    with pytest.raises(meantime.StreamBroken, match="takes no connection"):
        asyncio.run(stream.open(200, []))


def test_outside_lambda_nothing_is_streamed(monkeypatch) -> None:
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API", raising=False)
    assert not check_runtime()


def test_another_runtime_client_is_refused_with_what_to_do(monkeypatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    monkeypatch.delitem(sys.modules, runtime_client.MODULE, raising=False)
    with pytest.raises(meantime.StreamingUnavailable, match="awslambdaric is not loaded"):
        check_runtime()


@pytest.mark.parametrize(
    "source",
    [
        "class Client: pass",
        "class Client:\n    post_invocation_result = post_invocation_error = len",
        "class Client:\n    post_invocation_result = post_invocation_error = lambda self, answer: None",
        "class Client:\n    def post_invocation_result(self, invoke_id): ...",
    ],
)
def test_a_client_of_an_unknown_shape_is_refused_with_its_version(monkeypatch, source) -> None:
    module = types.ModuleType(runtime_client.MODULE)
    exec(source, module.__dict__)  # noqa: S102  # a client of that shape
    package = types.ModuleType("awslambdaric")
    package.__version__ = "9.0"  # type: ignore[attr-defined]  # as the package has one
    monkeypatch.setitem(sys.modules, "awslambdaric", package)
    monkeypatch.setitem(sys.modules, runtime_client.MODULE, module)
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    with pytest.raises(meantime.StreamingUnavailable, match=r"awslambdaric 9\.0 is of a shape") as caught:
        check_runtime()
    assert caught.value.version == "9.0"


class Posts:
    """The native part of the runtime client: what it is told to post."""

    def __init__(self) -> None:
        self.results: list[tuple[object, ...]] = []
        self.errors: list[tuple[object, ...]] = []
        self.headers: dict[str, str] = {}

    def post_invocation_result(self, *args) -> None:
        self.results.append(args)

    def post_error(self, *args) -> None:
        self.errors.append(args)

    def next(self) -> tuple[bytes, dict[str, str]]:
        return b"{}", self.headers


@pytest.fixture
def client(monkeypatch):
    """The installed awslambdaric's client, overridden, with its native part replaced; both are put back."""
    pytest.importorskip("awslambdaric")
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    module = importlib.import_module(runtime_client.MODULE)
    for kind in vars(module).values():
        if isinstance(kind, type):
            for name in ("post_invocation_result", "post_invocation_error", "wait_next_invocation"):
                if name in vars(kind):
                    monkeypatch.setattr(kind, name, vars(kind)[name])
    posts = Posts()
    monkeypatch.setattr(module, "runtime_client", posts)
    assert check_runtime()
    client = module.LambdaRuntimeClient("127.0.0.1:9001")
    client.posts = posts
    yield client
    runtime_client._begun.clear()
    runtime_client._invocation_ids.clear()


def test_the_installed_runtime_client_has_the_shape_that_streaming_relies_on(client) -> None:
    """If this fails, a new awslambdaric posts answers in another way: look at `meantime.asgi.runtime_client`."""
    bootstrap = importlib.import_module("awslambdaric.bootstrap")
    context_of = importlib.import_module("awslambdaric.lambda_context").LambdaContext
    settled: list[object] = []
    stream = types.SimpleNamespace(settle=settled.append)
    arguments = bootstrap.handle_event_request.__code__
    names = arguments.co_varnames[: arguments.co_argcount]
    values = {"lambda_runtime_client": client, "invoke_id": "id-1", "event_body": b"{}", "log_sink": _Silent()}
    values |= {"content_type": "application/json", "epoch_deadline_time_in_ms": 1}

    def answer(event, context):
        assert isinstance(context, context_of)
        assert context.aws_request_id == "id-1"
        runtime_client.began(context.aws_request_id, stream)

    def fail(event, context):
        answer(event, context)
        raise ValueError("boom")

    for handler in (answer, fail):
        bootstrap.handle_event_request(
            *(values.get(name, handler if name == "request_handler" else None) for name in names)
        )

    assert settled[0] is None
    assert settled[1]["errorType"] == "ValueError"  # type: ignore[index]  # it is not None
    assert (client.posts.results, client.posts.errors) == ([], [])


class _Silent:
    def log_error(self, lines) -> None:
        """Nobody reads it."""


def test_the_client_of_managed_instances_is_overridden_too(client) -> None:
    several = getattr(sys.modules[runtime_client.MODULE], "LambdaMultiConcurrentRuntimeClient", None)
    if several is None:
        pytest.skip("this awslambdaric has none")
    assert several.post_invocation_result is type(client).post_invocation_result
    assert several.post_invocation_error is type(client).post_invocation_error


def test_an_invocation_that_does_not_stream_is_posted_as_ever(client) -> None:
    client.post_invocation_result("id-1", '{"a": 1}', "application/json")
    client.post_invocation_error("id-2", "{}", "fault")
    assert client.posts.results[0][:3] == ("id-1", b'{"a": 1}', "application/json")
    assert client.posts.errors[0][:3] == ("id-2", "{}", "fault")


def test_overriding_twice_is_as_overriding_once(client) -> None:
    before = type(client).post_invocation_result
    assert check_runtime()
    assert type(client).post_invocation_result is before


def test_the_attempt_that_lambda_names_is_named_with_the_response(client, play) -> None:
    client.posts.headers = {"Lambda-Runtime-Aws-Request-Id": "id-1", "Lambda-Runtime-Invocation-Id": "attempt-7"}
    request = client.wait_next_invocation()
    if not hasattr(request, "invocation_id"):
        pytest.skip("this awslambdaric does not know of attempts")

    async def scene(api, stream) -> None:
        await stream.open(200, TEXT)
        await stream.close()
        assert "Lambda-Runtime-Invocation-Id: attempt-7" in api.head

    play(scene)


@pytest.fixture
def unfinished(monkeypatch):
    """A stream whose handler has returned, on a loop that does not run any more, and the API it goes to."""
    loop = asyncio.new_event_loop()
    apis = []

    def begin(*, timeout: float = 30.0):
        async def start():
            api = RuntimeApi()
            apis.append(api)
            server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
            host, port = server.sockets[0].getsockname()
            monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", f"{host}:{port}")
            stream = response_stream(context(timeout))
            await stream.open(200, TEXT)
            await stream.write(b"one")
            await api.until(b"one")
            return api, stream, server

        return (loop, *loop.run_until_complete(start()))

    yield begin
    if not loop.is_closed():
        loop.run_until_complete(asyncio.wait_for(apis[0].hung_up.wait(), 20))
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    runtime_client._begun.clear()


def test_what_the_handler_raises_after_the_first_piece_ends_the_stream_with_that_error(client, unfinished) -> None:
    _, api, _, server = unfinished()
    client.post_invocation_error("id-1", '{"errorType": "KeyError", "errorMessage": "x"}', "{}")
    assert client.posts.errors == []
    assert api.trailers["Lambda-Runtime-Function-Error-Type"] == "KeyError"
    server.close()


def test_a_handler_that_returns_before_its_stream_has_ended_is_an_error(client, unfinished) -> None:
    _, api, _, server = unfinished()
    client.post_invocation_result("id-1", "null", "application/json")
    assert client.posts.results == []
    assert api.trailers["Lambda-Runtime-Function-Error-Type"] == "StreamBroken"
    server.close()


def test_a_stream_that_has_ended_is_left_alone(client, unfinished) -> None:
    loop, api, stream, server = unfinished()
    loop.run_until_complete(stream.close())
    client.post_invocation_error("id-1", '{"errorType": "KeyError"}', "{}")
    assert client.posts.errors == []
    assert api.trailers == {}
    server.close()


def test_an_end_whose_confirmation_was_not_awaited_is_awaited_afterwards(client, unfinished, caplog) -> None:
    loop, api, stream, server = unfinished()
    api.may_read.clear()

    async def give_up() -> None:
        closing = asyncio.ensure_future(stream.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)

    loop.run_until_complete(give_up())
    loop.call_later(0.05, api.may_read.set)
    with caplog.at_level(logging.ERROR, "meantime"):
        client.post_invocation_error("id-1", '{"errorType": "DeadlineExceeded"}', "{}")
    assert caplog.text == ""
    assert api.received.endswith(b"0\r\n\r\n")
    server.close()


def test_a_stream_nobody_reads_is_cut_off_before_lambda_kills_the_environment(client, unfinished, caplog) -> None:
    loop, api, _, server = unfinished(timeout=0.6)
    api.may_read.clear()
    api.answer_at = b"never"
    with caplog.at_level(logging.ERROR, "meantime"):
        client.post_invocation_error("id-1", '{"errorType": "KeyError"}', "{}")
    assert "cut off after 3 bytes" in caplog.text
    api.may_read.set()
    loop.run_until_complete(api.hung_up.wait())
    server.close()


def test_a_stream_whose_loop_was_retired_is_cut_off(client, monkeypatch, caplog) -> None:
    async def api_of_its_own(ready, seen) -> None:
        api = RuntimeApi()
        server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
        ready(server.sockets[0].getsockname())
        await api.hung_up.wait()
        seen.append(api.received)
        server.close()

    address: Future[tuple[str, int]] = Future()
    seen: list[bytes] = []
    thread = Thread(target=lambda: asyncio.run(api_of_its_own(address.set_result, seen)), daemon=True)
    thread.start()
    host, port = address.result(20)
    monkeypatch.setenv("AWS_LAMBDA_RUNTIME_API", f"{host}:{port}")

    async def begin() -> None:
        stream = response_stream(context())
        await stream.open(200, TEXT)
        await stream.write(b"one")

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    loop.close()
    with caplog.at_level(logging.ERROR, "meantime"):
        client.post_invocation_error("id-1", '{"errorType": "KeyError"}', "{}")
    thread.join(20)
    assert "its event loop was given up" in caplog.text
    caplog.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # what a loop had when it was closed is not closed with it
        gc.collect()
    assert b"one" in seen[0]
    assert not seen[0].endswith(b"0\r\n\r\n")
