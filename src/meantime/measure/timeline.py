"""Where the time of each thread goes: samples of its clocks, taken only where its state changes.

A sample costs about a microsecond: the thread's CPU clock, and what the kernel says of its waiting for a core, which it
is only asked where the thread has not run all the while. Between two samples the wall time is CPU time, time ready but
without a core, and the rest, in which the thread was blocked.
"""

from __future__ import annotations

import sys
import threading
import time
from array import array
from threading import get_ident, local

from meantime.measure.schedstat import SchedStat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What a thread did until a sample. A wait has the index of its kind, everything else a negative number.
KINDS = (
    "name_resolution",
    "connect",
    "tls",
    "send",
    "receive",
    "loop",
    "sleep",
    "lock",
    "pool",
    "file",
    "process",
    "other",
)
NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
RUNNING = -1  # its own code, which may also have waited in ways that nobody sees
IDLE = -2  # a thread with nothing to do: a pool's between two items, or one that is not part of the invocation

# A sample is so many numbers: when, CPU, without a core, turns on a core, waited in all (nanoseconds), what, which
# call.
WIDTH = 7
NO_CALL = -1

SHORTEST = 50_000  # ns; a wait shorter than this is a part of the running around it: it is in its sums
_JUST_ASKED = 20_000  # ns
_COARSE = 10_000_000  # ns between two samples once there are more than a recording holds
_WITHOUT_PAUSE = 3_000  # ns that a thread which runs all the while is off its CPU clock

_COARSE_CLOCK = 6  # Linux's CLOCK_MONOTONIC_COARSE, for which Python has no name


def _tick() -> int:
    try:
        return int(time.clock_getres(_COARSE_CLOCK) * 1e9)
    except (OSError, AttributeError):  # not Linux
        return 4_000_000


TICK = _tick()  # of the kernel's clock, in nanoseconds

here = local()


class Timeline:
    """One thread's samples.

    Args:
        number: Its place in the recording.
        room: The most samples it keeps; from there on only one every ten milliseconds.
        has_file: Whether it may keep a file open, to ask the kernel.
    """

    __slots__ = (
        "_asked",
        "_came_round",
        "_is_asked",
        "_kernel",
        "_off",
        "_room",
        "_scheduled",
        "_told",
        "before",
        "ident",
        "is_over",
        "is_waiting",
        "loop",
        "name",
        "number",
        "polled",
        "polled_before",
        "running",
        "samples",
        "scopes",
        "sees_cores",
        "stepped",
        "waited",
    )

    def __init__(self, number: int, room: int, *, has_file: bool) -> None:
        self.number = number
        self.name = _name_of_thread()
        self.ident = get_ident()
        self.waited = 0  # ns in waits that are known
        self.is_waiting = False
        self.is_over = False
        self._is_asked = False
        self._came_round = 0
        self._asked = self._told = 0  # when its CPU clock was asked, and what that said
        self.scopes = 0  # calls under way; a thread without any is idle, unless it runs the handler
        self.loop: str | None = None  # which sort of event loop it runs
        self.running: Any = None  # that loop, once it is looked after
        self.stepped: tuple[int, int, int, int] | None = None  # its clocks when the last task was suspended
        self.polled_before = (0, 0, 0, False)
        self.polled = (0, 0, 0, False)  # the loop's last look for events: the one before, begin, end, was it blocked
        self.samples = array("q")
        self._room = room * WIDTH
        self._kernel = SchedStat(has_file=has_file)
        self.sees_cores = self._kernel.is_open  # whether the kernel tells how long it was ready but had no core
        self._off = 0  # how far its CPU clock was behind when the kernel was asked last, and what that said
        self._scheduled = (0, 0)
        self.before = self._clocks()
        self._keep(self.before, IDLE, NO_CALL)

    def _clocks(self) -> tuple[int, int, int, int]:
        """The time, and this thread's CPU time, its time ready without a core, and how often it got one."""
        now, cpu = time.monotonic_ns(), time.thread_time_ns()
        off = now - cpu
        if off - self._off > _WITHOUT_PAUSE and self.sees_cores:  # else it has run since, and nothing has changed
            self._off = off
            self._scheduled = self._kernel.numbers() or self._scheduled
        return (now, cpu, *self._scheduled)

    def cpu(self) -> int:
        """This thread's CPU time, nearly: asking for it takes microseconds, in which a step of a task may be over.

        Shortly after it was asked for, the thread has run since.
        """
        now = time.monotonic_ns()
        since = now - self._asked
        if since > _JUST_ASKED:
            self._asked = now
            self._told = time.thread_time_ns()
            return self._told
        return self._told + since

    def now(self) -> tuple[int, int, int, int]:
        """The thread's clocks, for `since`; only on its own thread."""
        return self._clocks()

    def mark(self, kind: int = RUNNING, call: int = NO_CALL) -> tuple[int, int, int, int]:
        """Here its state changes: since the last sample it did this."""
        now = self._clocks()
        self.before = now
        self._keep(now, kind, call)
        return now

    def waited_since(self, begun: tuple[int, int, int, int], kind: int, call: int) -> int:
        """From these clocks until now it waited; how long it was blocked (nanoseconds)."""
        now = self._clocks()
        blocked = now[0] - begun[0] - (now[1] - begun[1]) - (now[2] - begun[2])
        if blocked > 0:
            if blocked >= SHORTEST:
                self._keep(begun, RUNNING, call)
                self.waited += blocked
                self._keep(now, kind, call)
                self.before = now
            else:
                self.waited += blocked
            return blocked
        return 0

    def _keep(self, clocks: tuple[int, int, int, int], kind: int, call: int) -> None:
        samples = self.samples
        if self.is_over or (len(samples) >= self._room and clocks[0] - samples[-WIDTH] < _COARSE):
            return
        kind = kind if len(samples) < self._room or kind == IDLE else RUNNING
        samples.extend((*clocks, self.waited, kind, call))

    def end_at(self, at: int) -> None:
        """Forget what came after this moment: a thread may go on when the recording has ended."""
        self.is_over = True
        samples = self.samples[: len(self.samples) // WIDTH * WIDTH]
        after = next((place for place in range(0, len(samples), WIDTH) if samples[place] > at), len(samples))
        kept = samples[: max(after, WIDTH)]
        if WIDTH <= after < len(samples):  # what it was in at that moment, as far as it had come
            before, then = samples[after - WIDTH : after], samples[after : after + WIDTH]
            part = (at - before[0]) / (then[0] - before[0])
            kept.extend(before[place] + int((then[place] - before[place]) * part) for place in range(5))
            kept.extend(then[5:])
            kept[-WIDTH] = at
        self.samples = kept

    def polled_events(self, begin: int, end: int, *, blocked: bool) -> None:
        """This thread's event loop has looked for events."""
        self.polled_before = self.polled
        self.polled = (self.polled[2], begin, end, blocked)

    def resumed(self, loop: Any) -> None:
        """A loop that nobody sees polling, as uvloop's in C, has resumed a task: it was idle as far as it was blocked.

        Where it was not, what it does next time round tells when it has looked for events.
        """
        stepped, self.stepped = self.stepped, None
        if stepped is not None:
            blocked = self.waited_since(stepped, NUMBERS["loop"], NO_CALL)
            if blocked >= SHORTEST:
                self.polled_events(stepped[0], stepped[0] + blocked, blocked=True)
        if not self._is_asked and loop is not None:
            self._is_asked = True
            loop.call_soon(self._come_round)

    def _come_round(self) -> None:
        self._is_asked = False
        now = time.monotonic_ns()
        if not (self.polled[3] and self.polled[2] > self._came_round):  # no idle time since, which says more
            self.polled_events(now, now, blocked=False)
        self._came_round = now

    def was_busy(self) -> bool:
        """Whether this thread's loop has just been busy for so long that it matters when data came meanwhile."""
        before, begin, _, blocked = self.polled
        return not blocked and begin - before > TICK

    def ready_at(self, suspended: int, resumed: int, arrived: int = 0) -> int:
        """When what a task waited for was there, as well as that can be told; after that, its loop was busy.

        A loop that had nothing to do went on at that very moment. One that did not have to wait found it when it
        looked: it had come at some time since it looked before, and if the kernel knows when, at that time.
        """
        # Where the polling is seen: what it found sets a future, whose task runs next time round.
        before, begin, end, blocked = self.polled_before if self.loop == "asyncio" else self.polled
        if end <= suspended:
            return suspended
        if blocked:
            return min(end, resumed)
        if before <= suspended and not arrived:  # next time round: another task, that ran meanwhile, has let it go on
            return suspended
        earliest, latest = max(suspended, before), max(suspended, begin)
        if arrived and arrived + TICK > suspended:
            earliest = max(suspended, arrived)
            latest = min(latest, earliest + TICK)
        return min((earliest + latest) // 2, resumed)

    def has_file(self) -> bool:
        """Whether it keeps a file open."""
        return self._kernel.is_open

    def close(self) -> None:
        """Give the descriptor back."""
        self._kernel.close()

    def forget(self) -> None:
        """Drop what it holds: its thread may go on."""
        self.samples = array("q")
        self.running = None


class _AtThreadsEnd:
    """Only its thread holds it, so that it goes with that: a process may have 1,024 descriptors, and many threads."""

    __slots__ = ("_timeline",)

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    def __del__(self) -> None:
        self._timeline.close()


def earliest_arrival(connection: Any) -> int:
    """The earliest that the last data of a TCP connection can have come, on the monotonic clock; 0 where unknown.

    The kernel counts in ticks, whose length is that of its coarse clock: the data came within the tick after this, or
    in one beside that.
    """
    try:
        since = int.from_bytes(connection.getsockopt(_TCP, _TCP_INFO, 56)[_LAST_DATA:], sys.byteorder)
        return time.clock_gettime_ns(_COARSE_CLOCK) - since * 1_000_000
    except (OSError, AttributeError):  # no TCP, or no Linux
        return 0


# https://man7.org/linux/man-pages/man7/tcp.7.html: tcpi_last_data_recv, after eight bytes and eleven numbers.
_TCP, _TCP_INFO, _LAST_DATA = 6, 11, 52


def _name_of_thread() -> str:
    """`current_thread` would make a thread object for one that `threading` knows nothing of, and keep it for good."""
    thread = getattr(threading, "_active", {}).get(get_ident())
    return "thread" if thread is None else str(thread.name)


def timeline_of(session: Any) -> Timeline:
    """This thread's timeline in this session, which is begun with its first call."""
    timeline: Timeline | None = getattr(here, "timeline", None)
    if timeline is None or here.session is not session:
        timeline = session.new_timeline()
        here.timeline = timeline
        here.session = session
        here.end = _AtThreadsEnd(timeline)
    return timeline
