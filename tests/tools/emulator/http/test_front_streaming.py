"""Streamed answers on their way to the client: piece by piece, with errors where they still can be told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import textwrap
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.tools.emulator.conftest import wait_for
from tests.tools.emulator.http.conftest import started

from meantime.tools.emulator import Function, Invocation, Piece
from meantime.tools.emulator.http import ApiGatewayV1, Exchange, Fault, FunctionUrl, Request
from meantime.tools.emulator.http.streamed import pass_on
from meantime.tools.emulator.http_integration import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy
    from tests.tools.emulator.http.conftest import Serve, Served

# A piece is sent when the client says so, by a file; so the test knows what cannot have come yet.
STREAMING = """
    import asyncio, os
    from pathlib import Path
    import meantime

    HEADERS = [(b"content-type", b"text/event-stream"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]

    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise RuntimeError
        path = scope["path"]
        if path == "/early":
            raise ValueError("early")
        if path == "/late-start":
            await asyncio.sleep(60)
        await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
            if path == "/late":
                raise ValueError("late")
            if path == "/asked":
                while not (Path(os.environ["ASKED"]) / str(number)).exists():
                    await asyncio.sleep(0.005)
        await send({"type": "http.response.body", "body": b"end"})
        while path == "/behind" and not (Path(os.environ["ASKED"]) / "done").exists():
            await asyncio.sleep(0.005)

    streamed = meantime.ASGIAdapter(app, streaming=True, raise_errors=True)

    def handler(event, context):
        path = event.get("rawPath") or event["path"]
        if path == "/whole":
            return {"statusCode": 404, "body": "x"}
        if path == "/exit":
            os._exit(1)
        return streamed(event, context)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asked")


@pytest.fixture
def asked(folder: Path) -> Path:
    for file in folder.iterdir():
        file.unlink()
    return folder


@pytest.fixture(scope="module", params=[FunctionUrl, ApiGatewayV1], ids=["URL", "REST"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[Served]:
    """One front for all tests of a source: starting takes longer than what most of them ask."""
    code = tmp_path_factory.mktemp("code")
    (code / "app.py").write_text(textwrap.dedent(STREAMING))
    function = Function("app.handler", code=code, timeout=20, memory_mb=1024, environment={"ASKED": str(folder)})
    with contextlib.ExitStack() as stack:
        yield started(stack, function, request.param(streaming=True))


@pytest.fixture
def streaming(shared: Served, asked: Path) -> Served:
    wait_for(lambda: not shared.front._environments._endings)  # what the test before has left behind its answers
    assert list(asked.iterdir()) == []
    shared.exchanges.clear()
    shared.invocations.clear()
    return shared


def test_a_piece_comes_as_soon_as_it_is_sent(streaming: Served, asked: Path) -> None:
    with httpx.stream("GET", f"{streaming.url}/asked", timeout=30) as response:
        assert response.status_code == 201
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
        pieces = response.iter_raw()
        for number in range(3):
            assert next(pieces) == b"%d" % number
            (asked / str(number)).touch()  # only now the function sends the next
        assert b"".join(pieces) == b"end"
    wait_for(lambda: bool(streaming.exchanges))
    exchange = streaming.exchanges[-1]
    assert (exchange.sent, exchange.problem) == (6, "")
    assert exchange.invocation.streamed


def test_the_client_has_all_of_it_while_the_function_works_on(streaming: Served, asked: Path) -> None:
    with contextlib.closing(streaming.connection()) as connection:
        connection.request("GET", "/behind")
        assert connection.getresponse().read() == b"012end"
        assert streaming.invocations == []
        connection.request("GET", "/")  # on the same connection, which is free again
        assert connection.getresponse().read() == b"012end"
    (asked / "done").touch()
    wait_for(lambda: len(streaming.exchanges) == 2)
    meanwhile, exchange = streaming.exchanges
    invocation = exchange.invocation
    answered_ms = (invocation.finished - invocation.started) * 1000
    assert exchange.request.path == "/behind"
    assert invocation.duration_ms > answered_ms + meanwhile.seconds * 1000, "what it did behind its answer is billed"


def test_a_head_has_no_body(streaming: Served) -> None:
    got = streaming.request("/", method="HEAD")
    assert (got.status, got.body) == (201, b"")


def test_http_1_0_gets_it_without_chunks(streaming: Served) -> None:
    with socket.create_connection(("127.0.0.1", streaming.front.port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.0 201 Created\r\n")
    assert answer.endswith(b"\r\n\r\n012end")


def test_an_error_before_the_first_piece_is_an_ordinary_one(streaming: Served) -> None:
    assert streaming.request("/early").status == 502
    assert streaming.exchanges[-1].problem == "ValueError: early"


def test_an_error_after_it_breaks_the_response_off(streaming: Served) -> None:
    with httpx.stream("GET", f"{streaming.url}/late", timeout=30) as response:
        pieces = response.iter_raw()
        assert (response.status_code, next(pieces)) == (201, b"0")
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            next(pieces)
    wait_for(lambda: bool(streaming.exchanges))
    assert streaming.exchanges[-1].fault is Fault.FUNCTION_FAILED
    assert streaming.exchanges[-1].problem == "the function failed after 1 bytes: ValueError: late"


def test_a_process_that_ends_is_an_ordinary_error(streaming: Served) -> None:
    assert streaming.request("/exit").status == 502
    assert streaming.exchanges[-1].fault is Fault.FUNCTION_FAILED


def test_a_client_that_leaves_is_noted(streaming: Served, asked: Path) -> None:
    with contextlib.closing(socket.create_connection(("127.0.0.1", streaming.front.port))) as connection:
        connection.sendall(b"GET /asked HTTP/1.1\r\nHost: here\r\n\r\n")
        connection.recv(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: bool(streaming.exchanges))
    assert streaming.exchanges[-1].client_left
    for number in range(3):
        (asked / str(number)).touch()
    wait_for(lambda: bool(streaming.invocations))
    assert streaming.invocations[-1].error is None


def test_a_throttled_stream_is_refused(serve: Serve, deploy: Deploy) -> None:
    served = serve(deploy(STREAMING, reserved_concurrency=0), FunctionUrl(streaming=True))
    assert served.request("/").status == 429


def test_a_rest_api_waits_only_so_long_for_the_first_piece(serve: Serve, deploy: Deploy) -> None:
    served = serve(deploy(STREAMING, timeout=2), ApiGatewayV1(streaming=True, timeout=0.5))
    assert served.request("/late-start").status == 504


def test_it_waits_for_the_next_pieces_as_long_as_they_take() -> None:
    """With a stream that a test can hold; a real one's first piece may come too late on a busy machine."""

    class Stream:
        content_type = CONTENT_TYPE
        error = None

        async def __aiter__(self) -> AsyncIterator[Piece]:
            yield Piece(b'{"statusCode": 200}' + bytes(8) + b"first", 0.0)
            await asyncio.sleep(0.2)  # longer than the source waits for the first
            yield Piece(b"second", 0.0)

        async def result(self) -> Invocation:
            return Invocation(None, None, 1.0, 1, False, None, "e", "r", "", 1, 1.0, 0.0, 1.0, streamed=True)

    class Environments:
        function = Function("app.handler")

        @contextlib.asynccontextmanager
        async def stream(self, *_: object) -> AsyncIterator[Stream]:
            yield Stream()

    class Answer:
        sent = 0
        body = b""
        ended = False

        async def send(self, data: bytes) -> None:
            self.body += data

        async def write_eof(self) -> None:
            self.ended = True

    async def begin(_: object) -> Any:
        return Answer()

    request = Request("GET", "/", "", (), b"", "127.0.0.1", 3000, "HTTP/1.1", id="1-2-3-4-5", time=0.0)
    source = ApiGatewayV1(streaming=True, timeout=0.05)
    passed: Any = asyncio.run(pass_on(Exchange(request), source, Environments(), print, begin))  # type: ignore[arg-type]  # as far as they are needed
    assert (passed.body, passed.ended) == (b"firstsecond", True)


def test_a_streaming_function_url_hands_on_an_ordinary_answer_as_it_is(serve: Serve, deploy: Deploy) -> None:
    served = serve(deploy(STREAMING), FunctionUrl(streaming=True))
    got = served.request("/whole")
    assert (got.status, got.json()) == (200, {"statusCode": 404, "body": "x"})
    wait_for(lambda: bool(served.exchanges))
    assert served.exchanges[-1].hint == "the function did not stream; give ASGIAdapter(streaming=True)"


def test_a_streaming_rest_api_takes_no_ordinary_answer(serve: Serve, deploy: Deploy) -> None:
    served = serve(deploy(STREAMING), ApiGatewayV1(streaming=True))
    assert served.request("/whole").status == 502
    assert served.exchanges[-1].problem == (
        "it was not streamed as an HTTP response but as application/json; give ASGIAdapter(streaming=True)"
    )


def test_a_buffering_function_url_takes_no_streamed_answer(serve: Serve, deploy: Deploy) -> None:
    served = serve(deploy(STREAMING), FunctionUrl())
    assert served.request("/").status == 502
    assert served.exchanges[-1].problem == ("it was streamed, and a function URL as set here buffers; give --streaming")
