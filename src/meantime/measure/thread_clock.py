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

    def borders(self, begin: int, end: int) -> Iterable[int]:
        """The moments in between at which its state changed."""
        return self._times[bisect_left(self._times, begin) : bisect_left(self._times, end)]

    def _at(self, at: int) -> int:
        place = bisect_left(self._times, at)
        if place == 0:
            return self._used[0]
        if place == len(self._times):
            return self._used[-1]
        begin, end = self._times[place - 1], self._times[place]
        used, more = self._used[place - 1], self._used[place] - self._used[place - 1]
        return used + more * (at - begin) // (end - begin) if end > begin else used + more
