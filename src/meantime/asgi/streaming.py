"""Response streaming: what a handler sends while it runs, instead of one answer at its end.

Lambda's Runtime API takes a streamed response from any process that knows the invocation's identifier; awslambdaric
itself has no way to send one. So the stream has a connection of its own, and the client is kept from posting anything.
Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming and, for
the body, https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from __future__ import annotations

import os

from meantime import clock
from meantime.asgi import runtime_client
from meantime.deadline import current_deadline
from meantime.errors import DeadlineExceeded, StreamBroken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from meantime.asgi.chunked_request import ChunkedRequest

    class InvocationContext(Protocol):
        """What a stream needs of the context that Lambda hands the handler."""

        aws_request_id: str

        def get_remaining_time_in_millis(self) -> int:
            """Milliseconds until Lambda ends the invocation."""
            ...

    class ResponseStream(Protocol):
        """A response on its way to the client."""

        @property
        def answer(self) -> object:
            """What the handler returns when the stream has ended; nothing more is sent for it."""
            ...

        @property
        def started(self) -> bool:
            """Whether anything was sent. Before that, an error that the handler raises is an ordinary one."""
            ...

        async def open(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
            """Connect. Status and headers go out with the first piece, or the end."""
            ...

        async def write(self, chunk: bytes) -> None:
            """Send a piece; return when there is room for the next. An empty one sends what was held back."""
            ...

        async def close(self) -> None:
            """End the response, and wait until Lambda has it."""
            ...

        async def fail(self, error_type: str, error: dict[str, Any]) -> None:
            """End it as one that failed; where nothing was sent yet, the handler has to raise the error."""
            ...


CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
DELIMITER = bytes(8)
# They are about the connection that the client has, which is not this one.
_OF_THE_CONNECTION = frozenset(("connection", "keep-alive", "transfer-encoding", "upgrade"))
_RUNTIME_API = "AWS_LAMBDA_RUNTIME_API"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
# Go's HTTP server, which the Runtime API is built on, takes no trailers of 4 KB and more (`seeUpcomingDoubleCRLF` in
# net/http/transfer.go): two names, the type, and this much JSON as base64 stay below.
_ERROR_MAX_BYTES = 2_600
_TYPE_MAX = 128
_ACCEPTED = 202
# What is kept before Lambda's own end of the invocation, to return, and to ask for the next: seconds, or more where the
# reserve's share is, as with all that an invocation ends.
_MARGIN = 0.05
_MARGIN_OF_RESERVE = 0.25


def check_runtime() -> bool:
    """Whether responses are streamed here: on Lambda (and the emulator) they are; elsewhere, as in a unit test, not.

    Raises:
        StreamingUnavailable: This is Lambda, and its runtime client is not one of those that can be overridden.
    """
    if _RUNTIME_API not in os.environ:
        return False
    runtime_client.override()
    return True


def response_stream(context: InvocationContext) -> ResponseStream:
    """A stream for the response of this invocation. `check_runtime` has to have said that there can be one."""
    return _RuntimeStream(context)


class _RuntimeStream:
    """Sent on a connection of its own to the Runtime API."""

    answer = None

    def __init__(self, context: InvocationContext) -> None:
        self.started = False
        self.sent = 0
        self._finished = False  # its end is on its way
        self._settled = False  # and has arrived, or never will
        self._request_id = context.aws_request_id
        deadline = current_deadline()
        margin = _MARGIN if deadline is None else max(_MARGIN, deadline.reserve * _MARGIN_OF_RESERVE)
        self._ends_at = clock.monotonic() + context.get_remaining_time_in_millis() / 1000 - margin
        self._request: ChunkedRequest | None = None
        self._held_back = b""

    async def open(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        from meantime.asgi.chunked_request import connect  # noqa: PLC0415  # nobody pays for asyncio who does not stream

        if self._request is not None:
            raise StreamBroken("The response was begun twice.", self.sent)
        start = _start(status, headers)
        try:
            self._request = request = await connect(os.environ[_RUNTIME_API], self._until())
        except OSError as error:
            raise self._broken("Lambda's Runtime API takes no connection", error) from error
        target = f"/2018-06-01/runtime/invocation/{self._request_id}/response"
        head = request.head(target, self._headers())
        self._held_back = b"%b%x\r\n%b\r\n" % (head, len(start), start)

    async def write(self, chunk: bytes) -> None:
        request = self._open_request()
        held_back = self._begin()
        try:
            await request.send(chunk, self._until(), held_back)
        except OSError as error:
            raise self._broken("The connection to Lambda's Runtime API has broken", error) from error
        self.sent += len(chunk)

    async def close(self) -> None:
        await self._end([])

    async def fail(self, error_type: str, error: dict[str, Any]) -> None:
        if self.started:
            await self._end(_trailers(error_type, error))
        elif self._request is not None:
            self._cut(self._request)

    def settle(self, error: dict[str, Any] | None) -> None:
        """End the stream that the handler left open. The runtime client calls this, when no loop runs."""
        request = self._request
        if self._settled or request is None:
            return
        error = error or {
            "errorType": "StreamBroken",
            "errorMessage": "The handler returned before its streamed response had ended.",
        }
        try:
            if request.loop.is_closed() or request.loop.is_running():
                raise StreamBroken("its event loop was given up", self.sent)
            kind = str(error.get("errorType") or "Runtime.Unknown")
            request.loop.run_until_complete(self._confirm(request) if self._finished else self.fail(kind, error))
        except OSError as trouble:
            from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

            self._cut(request)
            getLogger("meantime").error("A streamed response was cut off after %d bytes: %s", self.sent, str(trouble))  # noqa: TRY400  # the text says it all

    async def _end(self, trailers: list[tuple[str, str]]) -> None:
        request = self._open_request()
        request.finish(trailers, self._begin())
        self._finished = True
        await self._confirm(request)

    async def _confirm(self, request: ChunkedRequest) -> None:
        try:
            status, text = await request.confirmed(self._ends_at)
        except OSError as error:
            raise self._broken("Lambda's Runtime API has not confirmed the end of the response", error) from error
        self._settled = True
        if status != _ACCEPTED:
            raise StreamBroken(
                f"Lambda's Runtime API has refused the streamed response after {self.sent} bytes: {status} {text}",
                self.sent,
                status,
            )

    def _open_request(self) -> ChunkedRequest:
        if self._request is None:
            raise StreamBroken("The response has not begun.", 0)
        if self._finished or self._settled:
            raise StreamBroken("The response has ended already.", self.sent)
        return self._request

    def _begin(self) -> bytes:
        """What has to go before the first piece; from now on the runtime client posts nothing."""
        if not self.started:
            self.started = True
            runtime_client.began(self._request_id, self)
        held_back, self._held_back = self._held_back, b""
        return held_back

    def _until(self) -> float:
        """Until when a piece may wait to be taken: the invocation's deadline, and where it has none, its end."""
        deadline = current_deadline()
        return self._ends_at if deadline is None else min(deadline.at, self._ends_at)

    def _headers(self) -> list[tuple[str, str]]:
        headers = [
            ("Host", os.environ[_RUNTIME_API]),
            ("Content-Type", CONTENT_TYPE),
            ("Lambda-Runtime-Function-Response-Mode", "streaming"),
            ("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}"),
        ]
        if attempt := runtime_client.invocation_id_of(self._request_id):
            headers.append(("Lambda-Runtime-Invocation-Id", attempt))
        return headers

    def _broken(self, how: str, error: OSError) -> OSError:
        if isinstance(error, TimeoutError):
            return DeadlineExceeded(
                f"The deadline of the invocation passed while its streamed response was waiting to be taken, after "
                f"{self.sent} bytes."
            )
        if self._request is not None:
            self._cut(self._request)
        return StreamBroken(f"{how}, after {self.sent} bytes: {error}", self.sent)

    def _cut(self, request: ChunkedRequest) -> None:
        self._settled = True
        request.cut()


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
    """What the body begins with. Repeated headers are joined, as HTTP allows for all but cookies."""
    import json  # noqa: PLC0415  # nobody pays for it who does not stream

    named: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name == "set-cookie":
            cookies.append(value)
        elif name not in _OF_THE_CONNECTION:
            named[name] = f"{named[name]}, {value}" if name in named else value
    return json.dumps({"statusCode": status, "headers": named, "cookies": cookies}).encode() + DELIMITER


def _trailers(error_type: str, error: dict[str, Any]) -> list[tuple[str, str]]:
    from base64 import b64encode  # noqa: PLC0415  # the good path must not pay for it

    kind = "".join(each for each in error_type if " " < each < "\x7f")[:_TYPE_MAX] or "Runtime.Unknown"
    return [(_ERROR_TYPE, kind), (_ERROR_BODY, b64encode(_shortened(error)).decode())]


def _shortened(error: dict[str, Any]) -> bytes:
    """The error as JSON that fits into a trailer: without the outer frames of its stack, and the end of its message."""
    import json  # noqa: PLC0415  # loaded already, by the start of the response

    message, stack = str(error.get("errorMessage") or ""), list(error.get("stackTrace") or ())
    kind, more = str(error.get("errorType") or "")[:_TYPE_MAX], ""
    while True:
        shown = {"errorType": kind, "errorMessage": message + more, "stackTrace": stack}
        if len(text := json.dumps(shown, default=str).encode()) <= _ERROR_MAX_BYTES:
            return text
        if stack:
            stack = stack[1:]
        else:
            message, more = message[: len(message) * 3 // 4], "…"
