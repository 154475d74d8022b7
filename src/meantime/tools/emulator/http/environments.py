"""The environments behind a front: replaced by new ones when the code has changed, while old ones finish their work."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from meantime.tools.emulator.emulator import AsyncEmulator
from meantime.tools.emulator.errors import ClosedError, EmulatorError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.streaming import AsyncResponseStream


class Environments:
    """An emulator, and those before it that still have work.

    Args:
        function: The function, which then gets an emulator of its own, or a running emulator of it, which stays its
            owner's to close.
    """

    def __init__(self, function: Function | AsyncEmulator) -> None:
        self._owned = not isinstance(function, AsyncEmulator)
        self._emulator = function if isinstance(function, AsyncEmulator) else AsyncEmulator(function)
        self.function = self._emulator.function
        self._at_work: Counter[AsyncEmulator] = Counter()
        self._retired: set[AsyncEmulator] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._closed = False

    async def start(self) -> None:
        """Make the machine ready.

        Raises:
            EmulatorError: It cannot run functions.
        """
        if self._owned:
            await self._emulator.__aenter__()

    async def invoke(self, event: Any) -> Invocation:
        """Run one invocation in an environment of the newest code."""
        emulator = self._emulator
        self._at_work[emulator] += 1
        try:
            return await emulator.invoke(event)
        finally:
            self._at_work[emulator] -= 1
            self._close_if_idle(emulator)

    @contextlib.asynccontextmanager
    async def stream(self, event: Any, over: Callable[[Invocation | None], None]) -> AsyncIterator[AsyncResponseStream]:
        """Begin an invocation whose answer is read as it comes; `over` is called at its end, read or not.

        With None if it had no end of its own, because the emulator failed or was closed: who read the stream was told.
        """
        emulator = self._emulator
        stream = emulator.stream(event)
        self._at_work[emulator] += 1
        try:
            yield stream
        finally:
            self._keep(self._ended(emulator, stream, over))

    async def replace(self) -> None:
        """Let every later invocation have a new environment; those under way finish in theirs.

        Raises:
            ClosedError: They were closed, or their emulator is somebody else's.
        """
        if not self._owned or self._closed:
            raise ClosedError("only a front that was given a function, and is open, replaces its environments")
        new = await AsyncEmulator(self.function).__aenter__()
        old, self._emulator = self._emulator, new
        self._retired.add(old)
        self._close_if_idle(old)

    async def close(self) -> None:
        """End them all, also those at work."""
        self._closed = True
        if self._owned:
            await asyncio.gather(*(emulator.close() for emulator in [self._emulator, *self._retired]))
        while self._endings:
            await asyncio.gather(*self._endings)

    def _close_if_idle(self, emulator: AsyncEmulator) -> None:
        if emulator in self._retired and not self._at_work[emulator]:
            self._retired.discard(emulator)
            self._keep(emulator.close())

    async def _ended(
        self, emulator: AsyncEmulator, stream: AsyncResponseStream, over: Callable[[Invocation | None], None]
    ) -> None:
        invocation = None
        try:
            with contextlib.suppress(EmulatorError):
                invocation = await stream.result()
            over(invocation)
        finally:
            self._at_work[emulator] -= 1
            self._close_if_idle(emulator)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
