"""One request whose response goes to the client while the application makes it."""

from __future__ import annotations

import asyncio

from meantime.asgi.answering import is_over, log, request_of, unfinished
from meantime.asgi.exchange import Exchange, as_bytes
from meantime.asgi.refusals import refusal
from meantime.asgi.response import WITHOUT_BODY, Response
from meantime.asgi.streaming import response_stream
from meantime.deadline import Deadline, current_deadline, deadline_variable
from meantime.errors import DeadlineExceeded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from typing import Any

    from meantime.asgi.answering import Answering
    from meantime.asgi.conversation import Application
    from meantime.asgi.exchange import Message

# The share of the reserve within which the client is told that the deadline has passed.
_TOLD_BY = 0.4


async def stream(
    app: Application, exchange: StreamedExchange, scope: Any, request: Mapping[str, str], answering: Answering
) -> object:
    """One request, whose response is sent on while it is made; what the handler is to return.

    Before the response has begun, an error is told by another response. Later it is raised, and the runtime client
    tells it at the end of the stream.
    """
    try:
        try:
            await app(scope, exchange.receive, exchange.send)
            if exchange.response is None and exchange.broken is None:
                raise unfinished(exchange)  # noqa: TRY301  # it is dealt with as what the application raises
        except Exception as error:  # noqa: BLE001  # whatever it is, the client is to get an answer
            if exchange.broken is None or is_over():
                response = answering.after_error(error, exchange, request)
                if exchange.response is None:
                    await exchange.send_on(response)
    except (asyncio.CancelledError, DeadlineExceeded):
        if is_over() and not exchange.is_under_way and answering.deadline_status not in answering.fail_on:
            await exchange.send_on_at_deadline(refusal(answering.deadline_status))
        raise
    if exchange.broken is not None:
        log().warning("%s: the client did not get the whole response. %s", request_of(request), exchange.broken)
    elif not exchange.is_under_way and exchange.status is not None:
        raise answering.failed(request, exchange.status)
    return exchange.answer


def stream_at_once(response: Response, method: str, context: Any) -> object:
    """Stream this response where the request's loop does not run, and may be stuck; what the handler is to return."""
    exchange = StreamedExchange(method, b"", context, ())
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(exchange.send_on(response))
    finally:
        loop.close()
    return exchange.stream.answer


class StreamedExchange(Exchange):
    """A request that is there as a whole, and a response that is sent on chunk by chunk.

    The stream begins with the first chunk: until then what goes wrong is told by an ordinary response.

    Args:
        method: Of the request; what answers HEAD has no body.
        body: Of the request.
        context: What Lambda has handed the handler.
        kept_back: The statuses with which a response is collected instead, since it will not be sent.
    """

    __slots__ = ("_is_open", "_kept_back", "_method", "_opening", "broken", "stream")

    def __init__(self, method: str, body: bytes, context: Any, kept_back: Container[int]) -> None:
        super().__init__(body)
        self._method = method
        self._kept_back = kept_back
        self._opening = asyncio.Lock()  # several tasks may send, and each may be the first
        self._is_open = False
        self.stream = response_stream(context)
        self.broken: OSError | None = None  # why nothing more can be sent

    @property
    def is_over(self) -> bool:
        """Whether the client wants nothing more."""
        return self.response is not None or self.broken is not None

    @property
    def is_under_way(self) -> bool:
        """Whether the client has a part of the response, so that it can have no other."""
        return self.stream.started

    @property
    def answer(self) -> object:
        """What the handler returns, so that nothing more is posted."""
        return self.stream.answer

    async def send_on(self, response: Response) -> None:
        """Stream this response as a whole; nothing of another has been sent."""
        await self.stream.open(response.status, response.headers)
        if response.body and self._has_body(response.status):
            await self.stream.write(response.body)
        await self.stream.close()
        self.response = response
        self._end()

    async def send_on_at_deadline(self, response: Response) -> None:
        """The same when the deadline has passed: what the loop still may do is within the reserve."""
        deadline = current_deadline()
        if deadline is not None:
            deadline_variable.set(Deadline(deadline.remaining() + _TOLD_BY * deadline.reserve))
        await self.send_on(response)

    async def send(self, message: Message) -> None:
        """Take a part of the response, and send it on."""
        kind, status = message["type"], self.status
        if kind != "http.response.body" or status is None or self.response is not None or status in self._kept_back:
            await super().send(message)
            return
        if self.broken is not None:
            raise OSError(f"the client is gone, and the application sent more: {self.broken}") from self.broken
        chunk, more = as_bytes(message.get("body", b"")), message.get("more_body", False)
        if not self._has_body(status):
            chunk = b""
        try:
            if not self._is_open:
                await self._open(status)
            if chunk or more:
                await self.stream.write(chunk)
            if not more:
                await self.stream.close()
        except OSError as error:
            self.broken = error
            self._end()
            raise
        if not more:
            self.response = Response(status, self._headers, b"")
            self._end()

    async def _open(self, status: int) -> None:
        async with self._opening:
            if not self._is_open:
                await self.stream.open(status, self._headers)
                self._is_open = True

    def _end(self) -> None:
        """The client has gone: whoever waits for that learns of it."""
        if self._over is not None:
            self._over.set()

    def _has_body(self, status: int) -> bool:
        return self._method != "HEAD" and status not in WITHOUT_BODY
