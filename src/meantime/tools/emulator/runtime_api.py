"""The Runtime API of one environment: the small HTTP server from which the runtime client fetches its events.

Paths and headers: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. States, status codes and error
texts: `internal/lambda/core/states.go` and `rapi/rendering` in aws/aws-lambda-runtime-interface-emulator.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
import uuid
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from aiohttp import ClientPayloadError, web

from meantime.tools.emulator.happenings import Answered, Happening, InitFailed, Initialised, Ready
from meantime.tools.emulator.limits import RESPONSE_MAX_BYTES, STREAM_MAX_BYTES, TIMEOUT_MAX
from meantime.tools.emulator.trailers import Server, streamed_error, trailers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.emulator.streaming import Channel

_PREFIX: Final = "/2018-06-01/runtime/"
_RESPONSE_MODE: Final = "Lambda-Runtime-Function-Response-Mode"
_CUT_OFF: Final = b'{"errorType": "Runtime.TruncatedResponse", "errorMessage": "The streamed response was cut off."}'
_ENDED_BY: Final = 1.0  # seconds after a connection broke, by which that, and its process' end, are known
_ACCEPTED_BYTES: Final = 128 * 1024
_READ_BYTES: Final = 16 * 1024
# The client sends the cause of an error, stack and all, in one header of up to 1 MB.
_HEADER_MAX: Final = 2 * 1024 * 1024


@dataclass(frozen=True)
class Event:
    """What the next request for an event is answered with."""

    request_id: str
    body: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str
    client_context: str | None = None


def new_trace_id() -> str:
    """Return what names an invocation to X-Ray, and says that it is not traced."""
    token = uuid.uuid4().hex
    return f"Root=1-{int(time.time()):08x}-{token[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0"


class State(Enum):
    """Where the runtime is in its life; the values are AWS's names."""

    STARTED = "Started"
    INIT_ERROR = "InitError"
    RESTORE_READY = "RestoreReady"
    RESTORING = "Restoring"
    RESTORE_ERROR = "RestoreError"
    READY = "Ready"
    RUNNING = "Running"
    INVOCATION_RESPONSE = "InvocationResponse"
    RESPONSE_SENT = "ResponseSent"


class RuntimeApi:
    """The server for one runtime process. What the runtime does is told to `tell`, in order.

    Attributes:
        streamed: Whether the answer to the event handed out last is, or was, streamed.
    """

    def __init__(self, tell: Callable[[Happening], None]) -> None:
        self.streamed = False
        self._tell = tell
        self._state = State.STARTED
        self._event: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        self._restored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._channel: Channel | None = None
        self._cut_off: Answered | None = None
        self._responded = asyncio.Event()
        self._requests = Server(
            self._answer,
            access_log=None,
            keepalive_timeout=2 * TIMEOUT_MAX,
            max_field_size=_HEADER_MAX,
            read_bufsize=_READ_BYTES,
        )
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Listen on a free loopback port; return `host:port`."""
        loop = asyncio.get_running_loop()
        listening = socket.create_server(("127.0.0.1", 0))
        # What the kernel has accepted of a streamed answer is out of the function's reach: not too much of it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ACCEPTED_BYTES)
        self._server = await loop.create_server(self._requests, sock=listening)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def hand_out(self, event: Event, channel: Channel | None = None) -> None:
        """Answer the runtime's waiting request with an event, whose answer goes to the channel as it comes."""
        if self._state is not State.READY:
            raise RuntimeError(f"an event was handed out in state {self._state.value}")
        self._state = State.RUNNING
        self._channel, self.streamed = channel, False
        self._event.set_result(event)

    def restore(self) -> None:
        """Answer the runtime that waits to be restored: it is."""
        if self._state is not State.RESTORE_READY:
            raise RuntimeError(f"a runtime was restored in state {self._state.value}")
        self._state = State.RESTORING
        self._restored.set_result(True)

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        if not self._event.done():
            self._event.set_result(None)
        if not self._restored.done():
            self._restored.set_result(False)
        await self._requests.shutdown(0.05)  # seconds for connections whose process is dead to be noticed

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if not request.path.startswith(_PREFIX):
            return _error(404, "NotFound", f"{request.method} {request.path} is not part of the Runtime API")
        match request.method, *request.path.removeprefix(_PREFIX).split("/"):
            case ["GET", "invocation" | "restore" as what, "next"]:
                return await (self._next() if what == "invocation" else self._restore_next())
            case ["POST", "init", "error"]:
                return await self._failed(request, State.STARTED, State.INIT_ERROR)
            case ["POST", "restore", "error"]:
                return await self._failed(request, State.RESTORING, State.RESTORE_ERROR)
            case ["POST", "invocation", request_id, "response" | "error" as what]:
                return await self._result(request, request_id, failed=what == "error")
            case _:
                return _error(404, "NotFound", f"{request.method} {request.path} is not part of the Runtime API")

    async def _next(self) -> web.Response:
        if self._state is State.INVOCATION_RESPONSE:
            await self._until_responded()
        self._tell_cut_off()
        if self._state in (State.INIT_ERROR, State.RESTORE_READY, State.RESTORE_ERROR, State.INVOCATION_RESPONSE):
            return self._wrong_state(State.READY)
        if self._state is State.RESPONSE_SENT:
            self._event = asyncio.get_running_loop().create_future()
        if self._state in (State.STARTED, State.RESTORING, State.RESPONSE_SENT):
            self._state = State.READY
            self._tell(Ready(time.monotonic()))
        event = await asyncio.shield(self._event)
        if event is None:
            return _stopped()
        headers = {
            # Not optional: without it the client crashes.
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
            "Lambda-Runtime-Trace-Id": event.trace_id,
        }
        if event.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = event.client_context
        return web.Response(body=event.body, headers=headers)

    async def _restore_next(self) -> web.Response:
        if self._state is not State.STARTED:
            return self._wrong_state(State.RESTORE_READY)
        self._state = State.RESTORE_READY
        self._tell(Initialised(time.monotonic()))
        return web.Response() if await asyncio.shield(self._restored) else _stopped()

    async def _failed(self, request: web.BaseRequest, during: State, after: State) -> web.Response:
        if self._state is not during:
            return self._wrong_state(after)
        self._state = after
        body, _ = await _body(request)
        self._tell(InitFailed(body))
        return _accepted()

    async def _result(self, request: web.BaseRequest, request_id: str, *, failed: bool) -> web.Response:
        if self._state is not State.RUNNING:
            return self._wrong_state(State.RESPONSE_SENT)
        event = self._event.result()
        if event is None or request_id != event.request_id:
            return _error(400, "InvalidRequestID", "Invalid request ID")
        if not failed and request.headers.get(_RESPONSE_MODE, "").lower() == "streaming":
            return await self._streamed(request)
        self._state = State.RESPONSE_SENT
        body, size = await _body(request)
        if self._channel is not None and not failed and size <= RESPONSE_MAX_BYTES:
            self._channel.content_type = request.content_type
            await self._channel.put(body)
        self._tell(Answered(time.monotonic(), body, request.content_type, failed=failed, size=size))
        return _accepted() if size <= RESPONSE_MAX_BYTES else _too_large(RESPONSE_MAX_BYTES)

    async def _streamed(self, request: web.BaseRequest) -> web.Response:
        """Take an answer that comes piece by piece; only at its end is the runtime done with the event."""
        self._state, self.streamed = State.INVOCATION_RESPONSE, True
        self._responded.clear()
        body, answer = bytearray(), _streamed_answer(request.content_type, self._channel)
        if self._channel is not None:
            self._channel.content_type = request.content_type
        size = 0
        try:
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > answer.size_max:
                    break
                if self._channel is not None:
                    await self._channel.put(piece)
                else:
                    body += piece
        except (OSError, ClientPayloadError):
            self._state = State.RESPONSE_SENT
            self._responded.set()
            self._cut_off = replace(answer, at=time.monotonic(), body=_CUT_OFF, failed=True, size=size)
            # If its process has ended, that is what happened; the news may come a little later.
            asyncio.get_running_loop().call_later(_ENDED_BY, self._tell_cut_off)
            return _error(400, "TruncatedHTTPRequest", "HTTP request detected as truncated")
        self._state = State.RESPONSE_SENT
        self._responded.set()
        error = streamed_error(trailers_of(request)) if size <= answer.size_max else None
        whole = None if self._channel is not None else bytes(body)
        self._tell(replace(answer, at=time.monotonic(), body=error or whole, failed=error is not None, size=size))
        return _accepted() if size <= answer.size_max else _too_large(answer.size_max)

    async def _until_responded(self) -> None:
        """Let a response that has just been cut off be noticed: its connection is another one."""
        if self._channel is not None:
            await self._channel.hurry()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ENDED_BY):
                await self._responded.wait()

    def _tell_cut_off(self) -> None:
        answer, self._cut_off = self._cut_off, None
        if answer is not None:
            self._tell(answer)

    def _wrong_state(self, wanted: State) -> web.Response:
        text = (
            f"State transition from {self._state.value} to {wanted.value} failed for runtime. "
            "Error: State transition is not allowed"
        )
        return _error(403, "InvalidStateTransition", text)


async def _body(request: web.BaseRequest) -> tuple[bytes, int]:
    """Return the body, cut off at AWS's limit, and its whole size; the client listens only when all of it is read."""
    pieces, size = bytearray(), 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size <= RESPONSE_MAX_BYTES:
            pieces += piece
    return bytes(pieces), size


def _streamed_answer(content_type: str, channel: Channel | None) -> Answered:
    limit = RESPONSE_MAX_BYTES if channel is None else STREAM_MAX_BYTES
    return Answered(0.0, None, content_type, failed=False, size=0, size_max=limit)


def _too_large(limit: int) -> web.Response:
    return _error(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({limit} bytes).")


def _accepted() -> web.Response:
    return web.Response(status=202, body=b'{"status":"OK"}\n', content_type="application/json")


def _stopped() -> web.Response:
    return _error(500, "InternalServerError", "Internal Server Error")


def _error(status: int, kind: str, text: str) -> web.Response:
    body = json.dumps({"errorMessage": text, "errorType": kind}).encode()
    return web.Response(status=status, body=body, content_type="application/json")
