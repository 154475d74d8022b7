"""A streamed answer on its way to the client: its beginning decides status and headers, the rest is passed on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from meantime.tools.emulator.errors import EmulatorError
from meantime.tools.emulator.http.exchange import concluded, failed, fault_of
from meantime.tools.emulator.http.response import Fault, MalformedAnswerError
from meantime.tools.emulator.http_integration import CONTENT_TYPE, MalformedPreludeError, PreludeReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from meantime.tools.emulator.http.environments import Environments
    from meantime.tools.emulator.http.exchange import Exchange
    from meantime.tools.emulator.http.response import Response
    from meantime.tools.emulator.http.source import Source
    from meantime.tools.emulator.http.wire import StreamedAnswer
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.streaming import AsyncResponseStream

    Begin = Callable[[Response], Awaitable[StreamedAnswer]]


async def pass_on(
    exchange: Exchange,
    source: Source,
    environments: Environments,
    over: Callable[[Invocation | None], None],
    begin: Begin,
) -> StreamedAnswer | None:
    """Invoke the function with a request, and pass its answer on piece by piece.

    Args:
        exchange: The request, which then has its response.
        source: What makes events of requests, and can stream.
        environments: Where the function runs.
        over: Called when the invocation is over, which may be long after the answer; see `Environments.stream`.
        begin: Sends a response's status and headers to the client.

    Returns:
        What was sent; None if there is nothing to pass on, and the exchange's response is still to be sent.
    """
    passing = _Passing(exchange, source, begin)
    event = source.event(exchange.request, environments.function)
    try:
        async with environments.stream(event, over) as stream:
            await passing.run(stream)
    except EmulatorError as error:
        if passing.answer is None:
            failed(exchange, source, error)
        else:
            exchange.break_off(fault_of(error), str(error))
            passing.answer.cut_off()
    except (MalformedAnswerError, MalformedPreludeError) as error:
        exchange.refuse(source, Fault.MALFORMED_ANSWER, str(error))
    except TimeoutError:
        exchange.give_up(source)
    return passing.answer


class _Passing:
    """One answer."""

    def __init__(self, exchange: Exchange, source: Source, begin: Begin) -> None:
        self.answer: StreamedAnswer | None = None
        self._exchange = exchange
        self._source = source
        self._begin = begin
        self._reader = PreludeReader()

    async def run(self, stream: AsyncResponseStream) -> None:
        async with asyncio.timeout(self._source.timeout) as waiting:
            async for piece in stream:
                waiting.reschedule(None)
                await self._take(piece.data, stream.content_type)
        if self.answer is None and stream.error is None:
            await self._take(b"", stream.content_type)
        if self.answer is None:
            self._exchange.invocation = invocation = await stream.result()
            concluded(self._exchange, self._source, invocation)
        elif stream.error is not None:
            self._exchange.break_off_failed(stream.error)
            self.answer.cut_off()
        else:  # the client has it all, whatever the function still does
            await self.answer.write_eof()
            self._exchange.complete()

    async def _take(self, data: bytes, content_type: str | None) -> None:
        if content_type == CONTENT_TYPE:
            data = self._reader.feed(data)
            if self._reader.prelude is None:
                return
        if self.answer is None:
            self._exchange.respond(self._opened(content_type or "application/octet-stream"))
            assert self._exchange.response is not None  # noqa: S101  # noted just now
            self.answer = await self._begin(self._exchange.response)
        await self.answer.send(data)
        self._exchange.sent = self.answer.sent

    def _opened(self, content_type: str) -> Response:
        if self._reader.prelude is None:
            return self._source.opened_raw(self._exchange.request, content_type)
        return self._source.opened(
            self._exchange.request, self._reader.prelude.status, list(self._reader.prelude.headers)
        )
