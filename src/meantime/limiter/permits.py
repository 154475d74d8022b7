"""Who may go now: permits for one downstream, and one line of threads and tasks that wait, first come first served.

The lock can be entered again, and every statement under it leaves the whole sound: at any call the garbage collector
may close an abandoned coroutine, whose `async with` gives its permit back right there.
"""

from __future__ import annotations

from math import inf
from threading import RLock

from meantime import clock
from meantime.deadline import current_deadline
from meantime.errors import DeadlineExceeded, InvocationEnded
from meantime.limiter.schedule import Schedule
from meantime.limiter.waiters import Line, TaskWaiter, ThreadWaiter
from meantime.recognition import SUCCESS, THROTTLED, kind_of, retry_after_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from meantime.deadline import Deadline
    from meantime.limiter.adaptive_limit import AdaptiveLimit
    from meantime.limiter.waiters import Waiter

# Seconds after which a waiting thread looks by itself: whoever was to sleep for all may be on a loop that has stopped.
_LOOK_AGAIN = 1.0
_LOOK_WHETHER_STOPPED = 0.05


class Permits:
    """The permits of one limiter. None is lost: whoever gives up waiting gives place and permit to the next.

    Args:
        name: Whose they are, for messages.
        limit: The most in use at once; infinite for no such limit.
        schedule: When the next may be given; None for at any time.
        adaptive: Sets the limit from outcomes, if given.
    """

    __slots__ = (
        "__weakref__",
        "_adaptive",
        "_line",
        "_lock",
        "_schedule",
        "_sleeper",
        "admitted",
        "in_flight",
        "limit",
        "longest_wait",
        "name",
        "peak",
        "throttled",
        "wait_time",
        "waits",
    )

    def __init__(self, name: str, limit: float, schedule: Schedule | None, adaptive: AdaptiveLimit | None) -> None:
        self.name = name
        self.limit = limit if adaptive is None else adaptive.limit
        self._schedule = schedule
        self._adaptive = adaptive
        self.start_anew()

    def start_anew(self) -> None:
        """Nobody has a permit, nobody waits: so in a forked child. What was learnt is kept."""
        self._lock = RLock()
        self._line = Line()
        self._sleeper: Waiter | None = None  # the one that sleeps until the schedule is ready, or was woken to do so
        self.in_flight = 0
        self._count_anew()

    def make_cold(self) -> None:
        """Nothing was learnt or counted yet. Who has a permit keeps it, and who waits goes on waiting."""
        with self._lock:
            self._count_anew()
            if self._schedule is not None:
                self._schedule.make_cold()
            if self._adaptive is not None:
                self._adaptive.make_cold(self.in_flight)
                self.limit = self._adaptive.limit
            self._serve()

    def _count_anew(self) -> None:
        self.peak = self.in_flight
        self.admitted = 0
        self.throttled = 0
        self.waits = 0
        self.wait_time = 0.0
        self.longest_wait = 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def state(self) -> str:
        """How many are in flight, and how many wait, in words."""
        limit = "" if self.limit == inf else f" of {self.limit}"
        return f"{self.in_flight}{limit} in flight, {len(self._line)} waiting"

    def take(self, *, from_line: bool = False) -> bool:
        """Take a permit if there is one; whether there was.

        Written out in one piece, since every call pays for it: each further call in it would cost it a tenth.

        Args:
            from_line: Whether it is for the first in the line; who comes newly does not overtake the line.
        """
        with self._lock:
            if self.in_flight >= self.limit or (self._line and not from_line):
                return False
            self.in_flight += 1
            if self._schedule is not None and not self._schedule.take(clock.monotonic()):
                self.in_flight -= 1
                return False
            self.admitted += 1
            if self.in_flight > self.peak:  # noqa: PLR1730  # max() is a call
                self.peak = self.in_flight
            return True

    def wait(self, is_stopped: Callable[[], bool] | None = None) -> None:
        """Wait on this thread for a permit, until the invocation's deadline.

        Args:
            is_stopped: Tells whether the work that it is for was stopped meanwhile.

        Raises:
            DeadlineExceeded: It has come, or no permit can come before it.
            InvocationEnded: The work was stopped.
        """
        waiter, deadline = ThreadWaiter(), current_deadline()
        ends = inf if deadline is None else deadline.at
        longest = _LOOK_AGAIN if is_stopped is None else _LOOK_WHETHER_STOPPED
        try:
            seconds = self._join(waiter, deadline)
            while seconds is not None:
                if seconds:
                    clock.sleep(seconds if is_stopped is None else min(seconds, longest))
                else:
                    waiter.wait(min(ends, clock.monotonic() + longest))
                if is_stopped is not None and is_stopped():
                    raise self.stopped()  # noqa: TRY301  # it leaves the line as by any error
                seconds = self._look(waiter, deadline)
        except BaseException:  # an error, or whatever interrupts the main thread
            self._leave(waiter)
            raise

    async def wait_async(self, loop: AbstractEventLoop) -> None:
        """Wait on this loop for a permit, until the invocation's deadline.

        Raises:
            DeadlineExceeded: It has come, or no permit can come before it.
        """
        waiter, deadline = TaskWaiter(loop), current_deadline()
        try:
            seconds = self._join(waiter, deadline)
            while seconds is not None:
                if seconds:
                    await clock.sleep_async(seconds)
                else:
                    await waiter.wait(None if deadline is None else deadline.at)
                seconds = self._look(waiter, deadline)
        except BaseException:  # cancelled, perhaps just after it was admitted
            self._leave(waiter)
            raise

    def leave(self, outcome: object = None) -> None:
        """Give a permit back.

        Args:
            outcome: What the call returned or raised.
        """
        kind = SUCCESS if outcome is None else kind_of(outcome)
        pause = retry_after_of(outcome) if kind is THROTTLED else None
        with self._lock:
            if kind is not SUCCESS or self._adaptive is not None:
                self._learn(kind, pause)
            if self.in_flight:  # not so in a child forked within the call
                self.in_flight -= 1
            if self._line:
                self._serve()

    def stopped(self) -> InvocationEnded:
        """The error for a call that waited when the work it belongs to was stopped."""
        return InvocationEnded(f"the work was stopped while this call waited for the limiter {self.name!r}")

    def _learn(self, kind: str, pause: float | None) -> None:
        if kind is THROTTLED:
            self.throttled += 1
        adaptive = self._adaptive
        if adaptive is None:
            return
        if kind is SUCCESS:
            adaptive.succeeded(self.in_flight)
        elif kind is THROTTLED:
            adaptive.throttled(self.in_flight)
        else:
            adaptive.ignored()
        self.limit = adaptive.limit
        if pause:
            if self._schedule is None:
                self._schedule = Schedule(0.0)
            self._schedule.pause(pause)

    def _put_back(self, slot: float) -> None:
        """A permit was taken, and nobody has used it."""
        self.in_flight -= 1
        self.admitted -= 1
        if self._schedule is not None:
            self._schedule.put_back(slot)

    def _join(self, waiter: Waiter, deadline: Deadline | None) -> float | None:
        """Stand in the line, and look; what it gives says as `_look` does what to do next."""
        with self._lock:
            if not self._line and self.take():
                return None
            if deadline is not None:
                self._check(deadline, waiter.since, len(self._line))
            self._line[waiter] = None
            if self._schedule is None and self.in_flight >= self.limit:
                return 0.0
            self._serve()  # whoever is ahead may be on a loop that stands still
            return self._look(waiter, deadline)

    def _look(self, waiter: Waiter, deadline: Deadline | None) -> float | None:
        """What a waiter does next: sleep so many seconds, wait to be woken (0), or go, since it is admitted (None)."""
        with self._lock:
            if self._sleeper is waiter:
                self._sleeper = None
            now = clock.monotonic()
            if waiter not in self._line:
                # Admitted, perhaps after its invocation: who was left behind begins nothing in the next one.
                if deadline is not None and now >= deadline.at:
                    self._check(deadline, now, 0)
                return None
            schedule = self._schedule
            is_first = schedule is not None and self._line.first() is waiter
            if deadline is not None and (is_first or now >= deadline.at):
                self._check(deadline, now, 0)
            if schedule is None or not is_first:
                return 0.0
            ready = schedule.ready_at(now)
            if ready > now:
                self._sleeper = waiter
                return ready - now
            self._serve()
            return 0.0 if waiter in self._line else None

    def _leave(self, waiter: Waiter) -> None:
        """Stand in the line no longer, or give back what was given just now."""
        with self._lock:
            if self._line.pop(waiter, self) is self and waiter.slot is not None:
                self._put_back(waiter.slot)
            if self._line:
                self._serve()

    def _serve(self) -> None:
        """Admit who waits, as far as there are permits; see that the first sleeps if only time can bring one."""
        schedule, now = self._schedule, clock.monotonic()
        passed_over = 0
        while self.in_flight < self.limit and passed_over < len(self._line) and self.take(from_line=True):
            slot = 0.0 if schedule is None else schedule.slot()
            try:
                waiter, _ = self._line.popitem(last=False)
            except KeyError:  # gone since the line above
                self._put_back(slot)
                return
            waiter.slot = slot
            if waiter.can_run() and waiter.wake():
                waited = now - waiter.since
                self.waits += 1
                self.wait_time += waited
                self.longest_wait = max(self.longest_wait, waited)
            else:
                waiter.slot = None
                self._put_back(slot)
                passed_over += self._line.pass_over(waiter, self._loop_runs)
        if schedule is not None and self._line and schedule.ready_at(now) > now:
            first = self._line.first()
            if first is not None and first is not self._sleeper:
                self._sleeper = first
                first.wake()

    def _loop_runs(self, waiter: TaskWaiter) -> None:
        with self._lock:
            waiter.passed_over = False
            self._serve()

    def _check(self, deadline: Deadline, now: float, ahead: int) -> None:
        """DeadlineExceeded if it has come, or if no permit can come before it."""
        if now >= deadline.at:
            raise DeadlineExceeded(
                f"the limiter {self.name!r} gave no permit before the deadline of the invocation: {self.state()}"
            )
        if self._schedule is not None and (ready := self._schedule.ready_at(now, ahead)) > deadline.at:
            raise DeadlineExceeded(
                f"the limiter {self.name!r} can give a permit in {ready - now:.3g} s at the earliest, and the deadline "
                f"of the invocation is in {deadline.at - now:.3g} s: {self.state()}",
                foreseen=True,
            )
