"""A streamed answer on its way from the function to whoever invoked it, piece by piece.

Limits and speed: https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.errors import ClosedError
from meantime.tools.emulator.limits import STREAM_UNCAPPED_BYTES

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from meantime.tools.emulator.engine import Engine
    from meantime.tools.emulator.invocation import FunctionError, Invocation

_HELD_MAX_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Piece:
    """Some bytes of an answer.

    Args:
        data: The bytes. Where one piece ends and the next begins means nothing.
        at: `time.monotonic()` seconds when they arrived from the function.
    """

    data: bytes
    at: float


class Channel:
    """Between the Runtime API and the reader; lives on the engine's loop, and holds little of what is not read yet.

    Args:
        bytes_per_second: How fast the answer goes on after its first 6 MB; None: as fast as it comes.
    """

    def __init__(self, bytes_per_second: float | None) -> None:
        self.content_type: str | None = None
        self.error: FunctionError | None = None
        self._bytes_per_second = bytes_per_second
        self._pieces: deque[Piece] = deque()
        self._held = self._size = 0
        self._changed = asyncio.Condition()
        self._hurries = asyncio.Event()
        self._ended = self._abandoned = False
        self._failure: BaseException | None = None

    async def put(self, data: bytes) -> None:
        """Take what has arrived; return when there is room for more."""
        piece = Piece(data, time.monotonic())
        async with self._changed:
            if not self._abandoned:
                self._pieces.append(piece)
                self._held += len(data)
                self._changed.notify_all()
                await self._changed.wait_for(
                    lambda: self._held <= _HELD_MAX_BYTES or self._abandoned or self._hurries.is_set()
                )
        self._size += len(data)
        if self._bytes_per_second is not None and self._size > STREAM_UNCAPPED_BYTES:
            seconds = min(len(data), self._size - STREAM_UNCAPPED_BYTES) / self._bytes_per_second
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurries.wait(), seconds)

    async def hurry(self) -> None:
        """Hold the function up no longer: it has left its answer, whose end comes behind all that is under way."""
        async with self._changed:
            self._hurries.set()
            self._changed.notify_all()

    async def get(self) -> Piece | None:
        """Return the next piece; None after the last.

        Raises:
            EmulatorError: With what the channel was ended.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._pieces or self._ended)
            if not self._pieces:
                if self._failure is not None:
                    raise self._failure
                return None
            piece = self._pieces.popleft()
            self._held -= len(piece.data)
            self._changed.notify_all()
            return piece

    async def end(self, failure: BaseException | None = None) -> None:
        """No more will come, because the answer is complete, or because of a failure that is the emulator's."""
        async with self._changed:
            if self._ended:
                return
            self._ended, self._failure = True, failure
            self._changed.notify_all()

    async def abandon(self) -> None:
        """Nobody reads any more. The function is not told, as on AWS: it runs on, and what it sends is dropped."""
        async with self._changed:
            self._abandoned = True
            self._pieces.clear()
            self._held = 0
            self._changed.notify_all()


class _Stream:
    """What both faces of a streamed answer share."""

    def __init__(self, engine: Engine, channel: Channel, invocation: Future[Invocation]) -> None:
        self._engine = engine
        self._channel = channel
        self._invocation = invocation
        self._next: Future[Piece | None] | None = None

    @property
    def content_type(self) -> str | None:
        """Of what kind the answer is; known from its first piece on, and None where the function failed before."""
        return self._channel.content_type

    @property
    def error(self) -> FunctionError | None:
        """What went wrong with the answer; known after its last piece, when the function may still be at work."""
        return self._channel.error

    def _ask(self) -> Future[Piece | None]:
        # Kept until it is answered: whoever stopped waiting for it must not lose a piece.
        if self._next is None:
            self._next = self._engine.submit(self._channel.get())
        return self._next

    def _abandon(self) -> None:
        with contextlib.suppress(ClosedError):
            self._engine.submit(self._channel.abandon())


class ResponseStream(_Stream):
    """An answer as it arrives: iterate over its pieces, then ask for the `result`. For use in a `with` statement."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Piece:
        piece = self._ask().result()
        if piece is None:
            raise StopIteration
        self._next = None
        return piece

    def result(self) -> Invocation:
        """Wait for the end of the invocation and return what it came to; what was not read yet is dropped.

        Raises:
            EmulatorError: What `Emulator.invoke` raises.
        """
        self._abandon()
        return self._invocation.result()

    def close(self) -> None:
        """Read no more. The function is not told, as on AWS: it runs on."""
        self._abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncResponseStream(_Stream):
    """As `ResponseStream`, for asyncio code: `async for`, `async with`, `await stream.result()`."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Piece:
        piece = await asyncio.shield(asyncio.wrap_future(self._ask()))
        if piece is None:
            raise StopAsyncIteration
        self._next = None
        return piece

    async def result(self) -> Invocation:
        """Wait for the end of the invocation, as `ResponseStream.result`."""
        self._abandon()
        return await asyncio.shield(asyncio.wrap_future(self._invocation))

    async def close(self) -> None:
        """Read no more, as `ResponseStream.close`."""
        self._abandon()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
