"""What every mapping has: its own event loop, its function's emulator, a beginning, a drain and a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Self

from meantime import clock
from meantime.tools.emulator.emulator import Emulator
from meantime.tools.emulator.engine import Engine, in_thread
from meantime.tools.emulator.errors import ClosedError
from meantime.tools.emulator.function import Function
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, Endpoint
from meantime.tools.emulator.mappings.errors import NotDrainedError, SourceError
from meantime.tools.emulator.mappings.statistics import Counters, Statistics

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Any, Protocol

    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.settings import QueueSettings, StreamSettings
    from meantime.tools.emulator.mechanisms import Mechanisms

    class Poller(Protocol):
        """What reads the source and invokes the function."""

        async def run(self) -> None:
            """Poll until told to stop."""
            ...

        def stop(self) -> None:
            """Begin nothing more."""
            ...


_LOOK_EVERY: Final = 0.5
_DRAIN_LOOK_EVERY: Final = 0.1
_EMPTY_LOOKS: Final = 2


class Mapping(ABC):
    """A mapping between an event source and a function; a context manager, polling within it.

    Args:
        function: The function, which then gets an emulator of its own, or a running emulator of it, which stays
            its owner's to close.
        name: What it reads, in words.
        endpoint: Where that is served.
        region: And in which region.
        on_invocation: Called with each invocation when it has ended, on another thread; it must be quick.
    """

    settings: QueueSettings | StreamSettings

    def __init__(
        self,
        function: Function | Emulator,
        *,
        name: str,
        endpoint: str | None,
        region: str | None,
        on_invocation: Callable[[Invocation], None] | None,
    ) -> None:
        if not isinstance(function, Function | Emulator):
            raise TypeError(f"a mapping invokes a Function or an Emulator, not {function!r}")
        self._emulator: Emulator = Emulator(function) if isinstance(function, Function) else function
        self._own_emulator = self._emulator if isinstance(function, Function) else None
        self.function = self._emulator.function
        self.name = name
        self._advice: tuple[str, ...] = ()
        self._place = (endpoint, region)
        self._on_invocation = on_invocation
        self._counters = Counters()
        self._engine: Engine | None = None
        self._endpoint: Endpoint | None = None
        self._poller: Poller | None = None
        self._polling: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._abandoned = False
        self._error_told = False

    @property
    def mechanisms(self) -> Mechanisms:
        """How the function's environments are frozen and limited."""
        return self._emulator.mechanisms

    @property
    def warnings(self) -> tuple[str, ...]:
        """What AWS advises against, in words; last what came of answers that it would not have looked at."""
        ignored = self._counters.statistics().ignored
        if not ignored:
            return self._advice
        records = "1 record" if ignored == 1 else f"{ignored:,} records"
        return (
            *self._advice,
            f"answers named {records} as failed, but ReportBatchItemFailures is off: treated as done",
        )

    def statistics(self) -> Statistics:
        """Return what was done so far."""
        return self._counters.statistics()

    @property
    def error(self) -> BaseException | None:
        """What ended the polling before its time, if something did."""
        polling = self._polling
        return polling.exception() if polling is not None and polling.done() and not polling.cancelled() else None

    def drain(self, timeout: float | None = None) -> Statistics:
        """Wait until the source is empty and nothing is under way; return what was done.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
            NotDrainedError: It was not empty in time.
            SourceError: The source cannot be used any more.
            EmulatorError: The function cannot be run.
            ClosedError: The mapping is not running.
        """
        return self.drained(timeout).result()

    def drained(self, timeout: float | None = None) -> Future[Statistics]:
        """Begin to wait as `drain` does; return where what that returns or raises will be."""
        if self._engine is None:
            raise ClosedError("the mapping was not started; use it in a with statement")
        return self._engine.submit(self._drain(timeout))

    def close(self, *, finish: bool = True) -> None:
        """End the mapping.

        What is read but not yet processed is given back: a queue's messages are visible again at once. May be called
        again, and by several threads; interrupted, the closing goes on in the background, without finishing.

        Args:
            finish: Whether the batches under way are finished first; if not, they are given back, too.
        """
        engine = self._engine
        if engine is None:
            if self._own_emulator is not None:
                self._own_emulator.close()
            return
        if not finish:
            self._abandoned = True
        closing = engine.finish(self._end)
        try:
            closing.result()
        except BaseException:
            self._abandoned = True
            raise

    def __enter__(self) -> Self:
        if self._engine is not None:
            raise ClosedError("a mapping is started once; make another")
        try:
            if self._own_emulator is not None:
                self._own_emulator.__enter__()
            self._engine = Engine()
            self._engine.submit(self._begin()).result()
        except BaseException:
            self.close(finish=False)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(finish=kind is None)
        if kind is None and not self._error_told:
            self._raise_what_ended_polling()

    @abstractmethod
    def _open(self, endpoint: Endpoint) -> None:
        """Look at the source and check the settings against it; may block.

        Raises:
            ValueError: They do not fit.
            SourceError: It cannot be read.
        """

    @abstractmethod
    def _make_poller(self, endpoint: Endpoint) -> Poller:
        """Return what will read the source."""

    @abstractmethod
    async def _prepare(self) -> None:
        """Do what must be done before anybody may put records into the source."""

    @abstractmethod
    async def _look(self, since: float) -> str:
        """Look how much is left, and count it; return that in words, empty if nothing is.

        Args:
            since: What came before then, in `time.monotonic()` seconds, must have been looked for.
        """

    @abstractmethod
    def _give_back(self) -> int:
        """Give back what is read and was not processed; return how much that was. May block."""

    async def _begin(self) -> None:
        self._endpoint = endpoint = await in_thread(Endpoint, *self._place)
        await in_thread(self._open, endpoint)
        self._poller = self._make_poller(endpoint)
        await self._prepare()
        self._counters.begin()
        self._polling = asyncio.create_task(self._poller.run())
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        """Keep the counters of what is waiting up to date."""
        while True:
            with contextlib.suppress(SourceError, *CALL_ERRORS):  # the polling tells
                await self._look(0)
            await asyncio.sleep(_LOOK_EVERY)

    async def _drain(self, timeout: float | None) -> Statistics:  # noqa: ASYNC109  # its end is told in words
        since = time.monotonic()
        deadline = None if timeout is None else clock.monotonic() + timeout
        left, empty_looks = "it could not be looked at", 0
        while empty_looks < _EMPTY_LOOKS:
            self._raise_what_ended_polling()
            with contextlib.suppress(*CALL_ERRORS):
                left = await self._look_to_drain(since)
                empty_looks = 0 if left or self._counters.statistics().in_flight else empty_looks + 1
            if deadline is not None and clock.monotonic() >= deadline and empty_looks < _EMPTY_LOOKS:
                raise NotDrainedError(self.name, timeout or 0, left, self.statistics())
            await asyncio.sleep(_DRAIN_LOOK_EVERY)
        return self.statistics()

    async def _look_to_drain(self, since: float) -> str:
        try:
            return await self._look(since)
        except SourceError:
            self._error_told = True  # the polling ends for the same reason
            raise

    def _raise_what_ended_polling(self) -> None:
        error = self.error
        if error is not None:
            self._error_told = True
            raise error

    def _invoke(self, event: Any) -> Future[Invocation]:
        """Begin an invocation."""
        future = self._emulator.submit(event)
        if self._on_invocation is not None:
            future.add_done_callback(self._observe)
        return future

    def _observe(self, future: Future[Invocation]) -> None:
        if self._on_invocation is not None and not future.cancelled() and future.exception() is None:
            self._on_invocation(future.result())

    async def _end(self) -> None:
        """The last thing the engine does; nobody can interrupt it."""
        if self._poller is not None and self._polling is not None:
            self._poller.stop()
            await self._wait_for_polling(self._polling)
            self._counters.end()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._own_emulator is not None:
            # Before anything is given back, so that nobody else gets it while the function is still at it.
            await in_thread(self._own_emulator.close)
        if self._endpoint is not None:
            if self._polling is not None:
                with contextlib.suppress(*CALL_ERRORS):
                    self._counters.add(released=await in_thread(self._give_back))
            await in_thread(self._endpoint.close)

    async def _wait_for_polling(self, polling: asyncio.Task[None]) -> None:
        while not (self._abandoned or polling.done()):
            await asyncio.wait([polling], timeout=_DRAIN_LOOK_EVERY)
        # Once: a second time would cut short the waiting for calls that still receive messages.
        polling.cancel()
        await asyncio.wait([polling])
