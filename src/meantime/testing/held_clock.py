"""A clock that a test holds: deadlines, limiters, retries and warm resources go by it, and nobody really waits."""

from __future__ import annotations

import os
import sys
from math import ceil, isfinite
from threading import Condition, Event, Lock, RLock, Thread, current_thread, main_thread

from meantime import alarm, clock
from meantime.testing.agenda import ADVANCE, SLEEP, TIMER, Agenda, LoopCall, ThreadWait
from meantime.testing.bystanders import Bystanders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from meantime.clock import Clock, Gate

_FIRST_POLL, _LONGEST_POLL = 0.0001, 0.005  # real seconds between two looks at a gate: nobody tells when it is opened


class FakeClock:
    """Stands in for the machine's clock within a `with` block.

    Time stands still while anybody who goes by this clock has something to do. It passes by `advance`, and by the waits
    for time itself: `sleep` and `sleep_async`, on which the backoff of a retry and the rate of a limiter stand. Then it
    goes from moment to moment, and at each it waits until everybody has done what they do then. So two threads, or
    tasks, that sleep for a second at the same time take one second together. A deadline or a timeout does not make time
    pass; it is met when time passes by.

    Not driven: what asks asyncio or Python's own `time` directly. That takes no time on this clock.

    Args:
        passes: Whether a wait for time makes the time pass; else only `advance` does.
    """

    def __init__(self, *, passes: bool = True) -> None:
        self.passes = passes
        self._now = float(ceil(clock.monotonic()))
        self._wall_ahead = clock.wall() - self._now
        self._lock = RLock()  # guards what follows
        self._changed = Condition(self._lock)
        self._agenda = Agenda()
        self._bystanders: Bystanders | None = None  # while it is in use
        self._before: Clock | None = None  # likewise
        self._left = Event()
        self._driver = Lock()  # held while there is a thread that lets time pass for those that wait

    def __enter__(self) -> Self:
        with self._lock:
            if self._before is not None:
                raise RuntimeError("this clock is in use already: make another FakeClock")
            self._left = Event()
            self._bystanders = Bystanders(self._lock)
            self._before = clock.replace(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            before, bystanders = self._before, self._bystanders
            if before is None or bystanders is None:
                raise RuntimeError("this clock was left without having been entered")
            found = clock.replace(before)
            if found is not self:
                clock.replace(found)
                raise RuntimeError("the clocks must be left in the reverse order of entering them")
            self._before = self._bystanders = None
            for when, entry in self._agenda.clear():
                if isinstance(entry, LoopCall) and entry.kind == TIMER:
                    entry.hand_over(when, before)
                elif entry.kind != TIMER:  # who waits for a gate goes on by `before`
                    entry.happen()
            bystanders.nudge()
            self._left.set()
            self._changed.notify_all()
        with self._driver:
            return  # it has ended

    def advance(self, seconds: float) -> None:
        """Let time pass; what was to happen meanwhile happens at its moment, in order, before this returns.

        On an event loop that excludes what happens on this loop itself: it begins when the caller awaits something.

        Raises:
            ValueError: `seconds` is negative, or no finite number.
        """
        self._wait(_checked(seconds), ADVANCE, drives=True)

    def freeze(self, seconds: float) -> None:
        """Let only the time on the wall pass, as over the freeze of an execution environment.

        Args:
            seconds: Negative for a clock on the wall that is set back.

        Raises:
            ValueError: `seconds` is no finite number.
        """
        if not isfinite(seconds):
            raise ValueError(f"a freeze lasts a finite number of seconds, got {seconds!r}")
        self._wall_ahead += seconds

    def monotonic(self) -> float:
        """Seconds that only `advance`, and waiting, move on."""
        bystanders = self._bystanders
        if bystanders is not None:
            bystanders.note()
        return self._now

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._now + self._wall_ahead

    def sleep(self, seconds: float) -> None:
        """Make this time pass, together with whoever sleeps at the same time; or wait for `advance` to do so.

        Raises:
            ValueError: `seconds` is negative, or no finite number.
        """
        self._wait(_checked(seconds), SLEEP, drives=self.passes)

    async def sleep_async(self, seconds: float) -> None:
        """Wait until this time has passed, which it does once nothing else is to be done."""
        import asyncio  # noqa: PLC0415  # loaded already: somebody awaits this

        loop = asyncio.get_running_loop()
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        passed: Future[None] = loop.create_future()

        def pass_by() -> None:
            if not passed.done():
                passed.set_result(None)

        call = LoopCall(loop, pass_by, SLEEP, drives=self.passes)
        self._add(self._now + _checked(seconds), loop, call)
        try:
            await passed
        finally:
            call.cancel()

    def acquire(self, gate: Gate, timeout: float | None = None) -> bool:
        """Wait for a gate, for ever or until `timeout` has passed; whether it opened."""
        if gate.acquire(False):
            return True
        if timeout is not None and not timeout > 0:
            return False
        with self._lock:
            bystanders = self._bystanders
            until = None if timeout is None else self._now + timeout
            wait = ThreadWait(TIMER, gate)
            if bystanders is not None:
                if until is not None:
                    self._agenda.add(until, wait)
                bystanders.begin(wait)
        if bystanders is None:  # it was put away just now
            return clock.acquire(gate, timeout)
        pause = _FIRST_POLL
        try:
            while self._bystanders is bystanders:
                with self._lock:  # taking it and waiting no longer are one for those who look who is at work
                    if gate.acquire(False):
                        bystanders.end(wait)
                        return True
                    if wait.over:
                        return False
                wait.block_for(pause)
                pause = min(1.5 * pause, _LONGEST_POLL)
        finally:
            with self._lock:
                bystanders.end(wait)
        return clock.acquire(gate, None if until is None else until - clock.monotonic())

    def call_at(self, loop: AbstractEventLoop, when: float, callback: Callable[[], object]) -> LoopCall:
        """Call this back on the loop when the clock has come to `when`."""
        call = LoopCall(loop, callback)
        self._add(when, loop, call)
        return call

    def _add(self, when: float, loop: AbstractEventLoop, call: LoopCall) -> None:
        with self._lock:
            if self._bystanders is None:
                call.hand_over(when, clock)
                return
            self._bystanders.note_loop(loop)
            if not when > self._now:
                call.happen()
                return
            self._agenda.add(when, call)
            if call.drives:
                self._rouse(self._bystanders)

    def _wait(self, seconds: float, kind: int, *, drives: bool) -> None:
        """Let this thread wait for so long. Blocking code on the main thread is interrupted as the alarm does it."""
        until = self._now + seconds
        rings_at = alarm.rings_at() if _is_blocking_code_on_main_thread() else None
        if rings_at is not None and rings_at <= until:
            self._wait_until(rings_at, kind, drives=drives)
            alarm.ring()
        self._wait_until(until, kind, drives=drives)

    def _wait_until(self, moment: float, kind: int, *, drives: bool) -> None:
        with self._lock:
            bystanders = self._bystanders
            if bystanders is None:
                self._now = max(self._now, moment)
                return
            wait = ThreadWait(kind, drives=drives)
            self._agenda.add(moment, wait)
            if drives and bystanders.are_none():
                while not wait.over:
                    self._step()
                return
            bystanders.begin(wait)
            if drives:
                self._rouse(bystanders)
        try:
            wait.block()
        finally:
            with self._lock:
                bystanders.end(wait)

    def _rouse(self, bystanders: Bystanders) -> None:
        """See that somebody lets time pass."""
        self._changed.notify_all()
        if self._driver.acquire(False):
            try:
                Thread(target=self._drive, args=(bystanders, self._left), name="meantime-clock", daemon=True).start()
            except BaseException:  # the machine gives no more threads
                self._driver.release()
                raise

    def _drive(self, bystanders: Bystanders, left: Event) -> None:
        """Go from moment to moment while anybody waits for time to pass, and at each wait for all others."""
        try:
            while True:
                with self._lock:
                    while not (left.is_set() or self._agenda.drives()):
                        self._changed.wait()
                if left.is_set():
                    return
                bystanders.wait_for(left)
                with self._lock:
                    if self._agenda.drives():  # not called off meanwhile
                        self._step()
        finally:
            self._driver.release()

    def _step(self) -> None:
        """Go on to the next moment."""
        moment = self._agenda.next_moment()
        if moment is not None:
            self._now = max(self._now, moment)
            for entry in self._agenda.take(moment):
                entry.happen()


def _checked(seconds: float) -> float:
    if not (isfinite(seconds) and seconds >= 0):
        raise ValueError(f"time only goes forward, for a finite number of seconds; got {seconds!r}")
    return seconds


def _is_blocking_code_on_main_thread() -> bool:
    """Whether the alarm would interrupt this; a coroutine may be cancelled instead, where it awaits something next."""
    asyncio = sys.modules.get("asyncio")
    return current_thread() is main_thread() and (
        asyncio is None or asyncio._get_running_loop() is None  # noqa: SLF001  # public, but for its name: get_running_loop raises
    )


def _go_by_the_machine() -> None:
    """A forked child has none of the threads that hold the clock."""
    before = clock.replace(clock.MachineClock())
    if not isinstance(before, FakeClock):
        clock.replace(before)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_go_by_the_machine)
