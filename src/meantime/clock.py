"""The clock that deadlines, limiters, retries and warm resources go by; a test puts its own in place.

Call these as `clock.monotonic()`, never from a name of your own: `replace` exchanges them.
"""

from __future__ import annotations

import time
from threading import TIMEOUT_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine
    from typing import Any, Protocol

    class Gate(Protocol):
        """What can be waited for: a lock, or a semaphore."""

        def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool:  # noqa: FBT001  # threading's own
            """Take it, at most `timeout` seconds from now; whether it was taken."""
            ...

    class Timer(Protocol):
        """A call that is to come."""

        def cancel(self) -> None:
            """Let it not come."""
            ...

    class Clock(Protocol):
        """What a clock in place of the machine's must have."""

        def monotonic(self) -> float:
            """Seconds that never go back; while an environment is frozen they may stand still or run on."""
            ...

        def wall(self) -> float:
            """Seconds since 1970: they have run on during a freeze."""
            ...

        def sleep(self, seconds: float) -> None:
            """Block this thread."""
            ...

        def sleep_async(self, seconds: float) -> Coroutine[Any, Any, None]:
            """Let the loop go on meanwhile."""
            ...

        def acquire(self, gate: Gate, timeout: float | None = ...) -> bool:
            """Wait for a gate, for ever or at most this long; whether it opened."""
            ...

        def call_at(self, loop: AbstractEventLoop, when: float, callback: Callable[[], object]) -> Timer:
            """Call this back on the loop at the point in time `when`, in monotonic seconds."""
            ...


class MachineClock:
    """The machine's own."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)
    sleep = staticmethod(time.sleep)

    async def sleep_async(self, seconds: float) -> None:
        """Let the loop go on meanwhile."""
        import asyncio  # noqa: PLC0415  # loaded already: somebody awaits this

        await asyncio.sleep(seconds)

    def acquire(self, gate: Gate, timeout: float | None = None) -> bool:
        """Wait for a gate, for ever or at most this long; whether it opened."""
        if timeout is None:
            return gate.acquire()  # not a timeout of -1: that is for ever to a lock, and not at all to a semaphore
        return gate.acquire(True, min(max(0.0, timeout), TIMEOUT_MAX))

    def call_at(self, loop: AbstractEventLoop, when: float, callback: Callable[[], object]) -> Timer:
        """Call this back on the loop at the point in time `when`: a loop's own time may be another."""
        return loop.call_later(max(0.0, when - time.monotonic()), callback)


_in_use: Clock
monotonic: Callable[[], float] = time.monotonic
wall: Callable[[], float] = time.time
sleep: Callable[[float], None] = time.sleep


def replace(clock: Clock) -> Clock:
    """Go by this clock from now on; gives the one before."""
    global _in_use, monotonic, wall, sleep, sleep_async, acquire, call_at
    before, _in_use = _in_use, clock
    monotonic, wall, sleep = clock.monotonic, clock.wall, clock.sleep
    sleep_async, acquire, call_at = clock.sleep_async, clock.acquire, clock.call_at
    return before


_in_use = MachineClock()
sleep_async = _in_use.sleep_async
acquire = _in_use.acquire
call_at = _in_use.call_at
