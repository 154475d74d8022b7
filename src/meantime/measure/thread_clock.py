"""What a thread's samples say of any moment between them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from operator import add

from meantime.measure.timeline import WIDTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.measure.timeline import Timeline


class Clock:
    """A thread's time on a core, or ready for one, to be asked for any two moments: it may hold the lock in either."""

    __slots__ = ("_times", "_used", "number")

    def __init__(self, timeline: Timeline) -> None:
        self.number = timeline.number
        self._times = timeline.samples[0::WIDTH]
        self._used: array[int] = array("q", map(add, timeline.samples[1::WIDTH], timeline.samples[2::WIDTH]))

    def used(self, begin: int, end: int) -> int:
        """How much of it lies between these moments."""
        return self._at(end) - self._at(begin)

    def changes(self) -> list[tuple[int, float]]:
        """The moments at which its state changed, and how much faster it was used from then on, of one core."""
        times, used = self._times, self._used
        changes, before = [], 0.0
        for place in range(1, len(times)):
            wall = times[place] - times[place - 1]
            rate = (used[place] - used[place - 1]) / wall if wall > 0 else 0.0
            changes.append((times[place - 1], rate - before))
            before = rate
        changes.append((times[-1], -before))
        return changes

    def _at(self, at: int) -> int:
        place = bisect_left(self._times, at)
        if place == 0:
            return self._used[0]
        if place == len(self._times):
            return self._used[-1]
        begin, end = self._times[place - 1], self._times[place]
        used, more = self._used[place - 1], self._used[place] - self._used[place - 1]
        return used + more * (at - begin) // (end - begin) if end > begin else used + more


class AllClocks:
    """All threads' clocks as one: to ask each of a thousand would take longer than what they have recorded."""

    __slots__ = ("_times", "_used")

    def __init__(self, clocks: list[Clock]) -> None:
        changes = sorted(change for clock in clocks for change in clock.changes())
        self._times = array("q")
        self._used = array("d")
        rate, used, before = 0.0, 0.0, changes[0][0]
        for at, faster in changes:
            used += rate * (at - before)
            rate += faster
            before = at
            self._times.append(at)
            self._used.append(used)

    def used(self, begin: int, end: int) -> int:
        """How much of their time on a core, or ready for one, lies between these moments."""
        return round(self._at(end) - self._at(begin))

    def borders_before(self, end: int, begin: int) -> Iterable[int]:
        """Moments at which the state of any of them changed, latest first, then the first moment; not very many."""
        first, last = bisect_left(self._times, begin), bisect_left(self._times, end)
        yield from self._times[first:last][:: -max(1, (last - first) // _LOOKS)]
        yield begin

    def _at(self, at: int) -> float:
        place = bisect_left(self._times, at)
        if place == 0:
            return 0.0
        if place == len(self._times):
            return self._used[-1]
        begin, end = self._times[place - 1], self._times[place]
        used, more = self._used[place - 1], self._used[place] - self._used[place - 1]
        return used + more * (at - begin) / (end - begin) if end > begin else used + more


_LOOKS = 32
