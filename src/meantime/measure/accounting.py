"""Where the wall time went: each moment is waiting alone, waiting together, computing, a lock's, or a missing core's.

The threads' samples are cut into stretches in each of which a thread computes, stands without a core, stands in line
for the interpreter's lock, and waits, each for a known part of it. A sweep over all stretches adds up what happened at
the same time.
"""

from __future__ import annotations

import sys
from bisect import bisect_left

from meantime.measure.thread_clock import AllClocks, Clock
from meantime.measure.timeline import IDLE, NO_CALL, NUMBERS, WIDTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.measure.session import Call, Session
    from meantime.measure.timeline import Timeline

# Waits for another part of the invocation itself: while that waits for something outside, they are no waits of their
# own.
_INNER = frozenset(NUMBERS[kind] for kind in ("lock", "pool", "loop", "other"))

_OTHER = NUMBERS["other"]
_LOOP = NUMBERS["loop"]
_TELLING = 200_000  # ns; what C code waits less than this is not worth a line, it is in the sums


class Stretch:
    """A wait that a thread or a task was in."""

    __slots__ = ("begin", "call", "computed_before", "end", "kind", "thread")

    def __init__(self, kind: int, begin: int, end: int, thread: int, call: int, computed_before: int) -> None:  # noqa: PLR0917  # a row
        self.kind = kind
        self.begin = begin
        self.end = end
        self.thread = thread
        self.call = call
        self.computed_before = computed_before


class Account:
    """The sums of a session, and its waits.

    Attributes:
        parts: Nanoseconds by name: `waiting_alone`, `waiting_together`, `computing`, `lock`, `throttled` and
            `unexplained`.
        waits: In the order they began.
        overlapped: Nanoseconds for each call, by number.
    """

    def __init__(self, session: Session, cores: float) -> None:
        self._session = session
        self._cores = cores
        self._switch = int(sys.getswitchinterval() * 1e9)
        self._clocks = {timeline.number: Clock(timeline) for timeline in session.timelines}
        self._all = AllClocks(list(self._clocks.values()))
        self._events: list[tuple[int, float, float, float, int, float]] = []
        self.waits: list[Stretch] = []
        self.overlapped: dict[int, float] = {}
        for timeline in session.timelines:
            self._cut(timeline)
        self._add_tasks()
        self.waits.sort(key=lambda wait: wait.begin)
        self.parts = self._sweep()
        self._find_overlaps()

    def _cut(self, timeline: Timeline) -> None:
        samples = timeline.samples
        told: dict[int, int] = {}  # the thread's CPU clock when a call last told of a wait
        calls = self._session.calls
        for at in range(WIDTH, len(samples), WIDTH):
            begin, cpu_before, held_before, slices_before, waited_before = samples[at - WIDTH : at - WIDTH + 5]
            end, cpu, held, slices, waited, kind, number = samples[at : at + WIDTH]
            wall = end - begin
            if wall <= 0:
                continue
            # The clocks are asked one after another: between two samples less than no time may seem to have passed.
            computed = min(max(0, cpu - cpu_before), wall)
            held = min(max(0, held - held_before), wall - computed)
            blocked = wall - computed - held
            call = calls[number] if number != NO_CALL else None
            if kind >= 0:
                line = self._line_after_wait(timeline, end, blocked, held, slices - slices_before)
                tail = end - computed - held - line
                self._add(begin, tail, waiting=1.0, kind=kind)
                self._add(tail, end, computed, held, line, kind=kind)
                before = told.get(number, _begun_at(call, timeline, cpu_before))
                told[number] = cpu
                self.waits.append(Stretch(kind, begin, tail, timeline.number, number, max(0, cpu_before - before)))
                _move(call, timeline, -line)
            elif kind == IDLE:
                self._add(begin, end, computed, held)
            else:
                known = min(waited - waited_before, blocked)
                line = self._line_in(timeline, begin, end, blocked - known, slices - slices_before)
                other = blocked - known - line
                if call is None and timeline is not self._session.main and timeline.loop is None:
                    other = 0  # a pool's thread that has nothing to do
                elif not timeline.sees_cores:  # it may as well have been ready
                    held, other = held + other, 0
                self._add(begin, end, computed, held, line, (known + other) / wall)
                _move(call, timeline, other)
                if other >= _TELLING:
                    before = told.get(number, _begun_at(call, timeline, cpu_before))
                    told[number] = cpu_before + computed // 2
                    middle = begin + (wall - other) // 2
                    self.waits.append(
                        Stretch(
                            _OTHER,
                            middle,
                            middle + other,
                            timeline.number,
                            number,
                            max(0, cpu_before + computed // 2 - before),
                        )
                    )

    def _line_after_wait(self, timeline: Timeline, end: int, blocked: int, held: int, slices: int) -> int:
        """How much of a wait's end the thread stood in line for the interpreter's lock: its data was there.

        A wait takes one turn on a core to end. Further ones are the lock's. With one or two of them, who held it gave
        it away by itself, at any time within what it computed. With three, the thread has looked up when the switch
        interval was over, and has asked for it; if it is not given then, it looks up once every interval.
        """
        if slices <= 1 or len(self._clocks) == 1:
            return 0
        intervals = max(1, slices - (_ASKED - 1) - (2 if held > _PREEMPTED else 0))
        busy = self._busy_until(timeline, end, min(blocked, intervals * self._switch + _HANDED_OVER))
        return busy if slices >= _ASKED else busy // 2

    def _busy_until(self, timeline: Timeline, end: int, longest: int) -> int:
        """How long before this moment other threads computed without a pause; at most so long."""
        busy = 0
        for begin in self._all.borders_before(end, end - longest):
            if self._computed_by_others(timeline, begin, end) < _WITHOUT_PAUSE * (end - begin):
                break
            busy = end - begin
        return busy

    def _line_in(self, timeline: Timeline, begin: int, end: int, blocked: int, slices: int) -> int:
        """How much of the time that it was blocked, nobody knows by what, it stood in line for the lock."""
        if blocked <= 0 or len(self._clocks) == 1:
            return 0
        longest = min(blocked, max(slices, 1) * self._switch) if timeline.sees_cores else blocked
        return min(longest, self._computed_by_others(timeline, begin, end))

    def _computed_by_others(self, timeline: Timeline, begin: int, end: int) -> int:
        own = self._clocks[timeline.number].used(begin, end)
        return max(0, min(self._all.used(begin, end) - own, end - begin))

    def _add(  # noqa: PLR0917  # what a stretch consists of
        self,
        begin: int,
        end: int,
        computed: int = 0,
        held: int = 0,
        line: int = 0,
        waiting: float = 0.0,
        *,
        kind: int = _OTHER,
        inner: bool | None = None,
    ) -> None:
        begin = max(begin, self._session.began)
        end = min(end, self._session.ended)
        wall = end - begin
        if wall <= 0:
            return
        rates = (computed / wall, held / wall, line / wall)
        inner = kind in _INNER if inner is None else inner
        whole = 1 if waiting == 1.0 else 0
        part = 0.0 if whole else waiting
        number = whole * (_ONE if inner else 1)
        self._events.append((begin, *rates, number, part))
        self._events.append((end, -rates[0], -rates[1], -rates[2], -number, -part))

    def _add_tasks(self) -> None:
        waits = self._session.waits
        for at in range(0, len(waits), _TASK_WIDTH):
            kind, begin, ready, _, thread, number, computed_before = waits[at : at + _TASK_WIDTH]
            ready = min(ready, self._session.ended)
            if begin >= ready:
                continue
            self._add(begin, ready, waiting=1.0, kind=kind)
            self.waits.append(Stretch(kind, begin, ready, thread, number, computed_before))

    def _sweep(self) -> dict[str, float]:
        parts = dict.fromkeys(("waiting_alone", "waiting_together", "computing", "lock", "throttled"), 0.0)
        events = self._events
        events.sort(key=_first)
        computing = held = line = part = 0.0
        whole = 0
        self._times = times = [self._session.began]
        self._beside = beside = [0.0]  # how long until then something happened beside a wait
        before = self._session.began
        for at, more_computing, more_held, more_line, more_whole, more_part in events:
            wall = at - before
            if wall > 0:
                outer, inner = whole % _ONE, whole // _ONE
                busy = min(1.0, max(0.0, computing))
                left = 1.0 - busy
                throttled = min(left, max(0.0, held))
                left -= throttled
                in_line = min(left, max(0.0, line))
                left -= in_line
                shared = 0.0
                if line > _NOTHING and busy > 0.0:
                    wanting = (busy + line) / busy
                    shared = busy * (1.0 - 1.0 / min(wanting, max(self._cores, 1.0)))
                parts["computing"] += wall * (busy - shared)
                parts["lock"] += wall * (in_line + shared)
                parts["throttled"] += wall * throttled
                waiting = left if outer or inner else min(left, max(0.0, part))
                together = outer > 1 or (outer == 0 and inner > 1)
                parts["waiting_together" if together else "waiting_alone"] += wall * waiting
                overlap = wall * (busy + throttled + in_line + (waiting if together else 0.0))
                times.append(at)
                beside.append(beside[-1] + overlap)
                before = at
            computing += more_computing
            held += more_held
            line += more_line
            whole += more_whole
            part += more_part
        duration = self._session.ended - self._session.began
        parts["unexplained"] = max(0.0, duration - sum(parts.values()))
        return parts

    def _find_overlaps(self) -> None:
        calls = self._session.calls
        for wait in self.waits:
            if wait.call == NO_CALL or wait.end <= wait.begin:
                continue
            overlap = min(self._beside_until(wait.end) - self._beside_until(wait.begin), wait.end - wait.begin)
            call: Call | None = calls[wait.call]
            first = call
            while (
                call is not None and first is not None and call.timeline is first.timeline and call.task == first.task
            ):
                self.overlapped[call.number] = self.overlapped.get(call.number, 0.0) + overlap
                call = call.parent

    def _beside_until(self, at: int) -> float:
        times, beside = self._times, self._beside
        place = bisect_left(times, at)
        if place == 0:
            return 0.0
        if place == len(times):
            return beside[-1]
        begin, end = times[place - 1], times[place]
        return beside[place - 1] + (beside[place] - beside[place - 1]) * (at - begin) / (end - begin)


_ASKED = 4  # turns of a wait: its own, giving the lock away, looking up when the interval is over, getting the lock
_PREEMPTED = 300_000  # ns without a core that tell of turns that were lost to others
_HANDED_OVER = 100_000  # ns in which a thread that is asked for the lock gives it away
_WITHOUT_PAUSE = 0.8  # of a stretch, for it to count as computing all the while
_ONE = 1 << 20  # inner waits are counted in the upper half of the same number
_TASK_WIDTH = 7
_NOTHING = 1e-6


def _begun_at(call: Call | None, timeline: Timeline, usual: int) -> int:
    """What this thread's CPU clock was when the call began, if that is known: only if it is a blocking one of its."""
    return usual if call is None or call.is_async or call.timeline is not timeline else call.cpu


def _first(event: tuple[int, float, float, float, int, float]) -> int:
    return event[0]


def _move(call: Call | None, timeline: Timeline, nanoseconds: int) -> None:
    """So much of what a call was held up was waiting, or the other way round; so it was for what it is a part of."""
    while nanoseconds and call is not None and call.timeline is timeline:
        call.waited = max(0, call.waited + nanoseconds)
        call.held = max(0, call.held - nanoseconds)
        call = call.parent
