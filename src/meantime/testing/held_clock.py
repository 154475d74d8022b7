"""A clock that a test holds: deadlines, limiters, retries and warm resources go by it, and nobody really waits."""

from __future__ import annotations

import time
from heapq import heappop, heappush
from itertools import count
from threading import Condition, RLock

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Self

    from meantime.clock import Clock, Gate

_LOOK_AGAIN = 0.001  # real seconds: threads that the loop waits for get their turn
_POLL = 0.005  # real seconds between two looks at a gate that this clock cannot be told of


class FakeClock:
    """Stands in for the machine's clock within a `with` block.

    Time stands still but for `advance`, and for what waits for time itself (`clock.sleep` and whatever stands on it,
    such as the backoff of a retry or the rate of a limiter): that makes the time pass at once, on an event loop when
    nothing else is ready to run. A deadline or a timeout does not make time pass; advance the clock to meet it.

    Not driven: what asks asyncio or Python's own `time` directly.

    Args:
        passes: Whether a wait for time makes the time pass; else only `advance` does.
    """

    def __init__(self, *, passes: bool = True) -> None:
        self.passes = passes
        self._now = float(int(time.monotonic()))
        self._wall_ahead = time.time() - self._now
        self._numbers = count()
        self._lock = RLock()
        self._moved = Condition(self._lock)
        self._timers: list[tuple[float, int, _Timer]] = []
        self._before: Clock | None = None

    def __enter__(self) -> Self:
        self._before = clock.replace(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._before is not None, "left without having been entered"  # noqa: S101  # a mistake of the test
        clock.replace(self._before)

    def advance(self, seconds: float) -> None:
        """Let time pass; what was to happen meanwhile happens at its moment, in order.

        Raises:
            ValueError: `seconds` is negative.
        """
        if not seconds >= 0:
            raise ValueError(f"time only goes forward, got {seconds!r} seconds")
        self._advance_to(self._now + seconds)

    def freeze(self, seconds: float) -> None:
        """Let only the time on the wall pass, as over the freeze of an execution environment."""
        self._wall_ahead += seconds

    def monotonic(self) -> float:
        """Seconds that only `advance`, and waiting, move on."""
        return self._now

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._now + self._wall_ahead

    def sleep(self, seconds: float) -> None:
        """Make this time pass; if it does not pass by waiting, wait for `advance`."""
        until = self._now + max(0.0, seconds)
        if self.passes:
            self._advance_to(until)
            return
        with self._moved:
            self._moved.wait_for(lambda: self._now >= until)

    async def sleep_async(self, seconds: float) -> None:
        """Wait until this time has passed."""
        import asyncio  # noqa: PLC0415  # loaded already: somebody awaits this

        loop = asyncio.get_running_loop()
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        passed: Future[None] = loop.create_future()

        def pass_by() -> None:
            if not passed.done():
                passed.set_result(None)

        timer = self.call_at(loop, self._now + seconds, pass_by)
        timer.is_sleep = True
        if self.passes:
            loop.call_soon(self._look, loop, timer, False)
        try:
            await passed
        finally:
            timer.cancel()

    def acquire(self, gate: Gate, timeout: float | None = None) -> bool:
        """Wait for a gate, for ever or until `timeout` has passed; whether it opened."""
        if timeout is None:
            return gate.acquire(True, -1)
        until = self._now + max(0.0, timeout)
        while not gate.acquire(True, _POLL):
            if self._now >= until:
                return False
        return True

    def call_at(self, loop: AbstractEventLoop, when: float, callback: Callable[[], object]) -> _Timer:
        """Call this back on the loop when the clock has come to `when`."""
        timer = _Timer(loop, callback)
        with self._lock:
            if when <= self._now:
                timer.ring()
            else:
                heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _advance_to(self, until: float) -> None:
        with self._moved:
            while self._timers and self._timers[0][0] <= until:
                when, _, timer = heappop(self._timers)
                self._now = max(self._now, when)
                timer.ring()
            self._now = max(self._now, until)
            self._moved.notify_all()

    def _look(self, loop: AbstractEventLoop, timer: _Timer, quiet: bool) -> None:  # noqa: FBT001  # call_soon hands it on so
        """Once nothing else is ready on the loop, let time pass to the first moment that somebody sleeps until."""
        if timer.rung or timer.cancelled:
            return
        ready: Any = getattr(loop, "_ready", ())  # uvloop does not show it: there, only the second look is waited for
        if ready or not quiet:
            loop.call_later(_LOOK_AGAIN if not ready else 0, self._look, loop, timer, not ready)
            return
        with self._lock:
            sleepers = [when for when, _, each in self._timers if each.is_sleep and not each.cancelled]
        if sleepers:
            self._advance_to(min(sleepers))
        loop.call_soon(self._look, loop, timer, False)


class _Timer:
    """A callback that is to come, on its loop."""

    __slots__ = ("callback", "cancelled", "is_sleep", "loop", "rung")

    def __init__(self, loop: AbstractEventLoop, callback: Callable[[], object]) -> None:
        self.loop = loop
        self.callback = callback
        self.cancelled = False
        self.is_sleep = False
        self.rung = False

    def cancel(self) -> None:
        self.cancelled = True

    def ring(self) -> None:
        self.rung = True
        if not (self.cancelled or self.loop.is_closed()):
            self.loop.call_soon_threadsafe(self._call)

    def _call(self) -> None:
        if not self.cancelled:
            self.callback()
