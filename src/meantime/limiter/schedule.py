"""When the next call may begin: a rate, and pauses that the downstream asks for.

The rate is kept by the generic cell rate algorithm in its virtual scheduling form (ITU-T I.371, annex A): one point in
time says all, nobody sleeps for it and nothing runs beside it. Between any two moments, the calls begun are at most the
rate times what lies between, and `burst`.
"""

from __future__ import annotations

from meantime import clock

# Seconds: what adding up many intervals loses, so that the last call of a burst need not wait for a rounding error.
_ROUNDING = 1e-7


class Schedule:
    """The earliest moment of the next call; whoever uses it holds a lock meanwhile.

    It stands a clock that has stood still, jumped on or been set back, as over a freeze or a restored snapshot.

    Args:
        interval: Seconds between two calls, 1 / rate; 0 for no rate.
        burst: Calls that may begin at one moment after a time of rest.
    """

    __slots__ = ("_interval", "_next", "_pause", "_taken_within", "_tolerance")

    def __init__(self, interval: float, burst: int = 1) -> None:
        self._interval = interval
        self._tolerance = (burst - 1) * interval
        self._taken_within = self._tolerance + _ROUNDING
        self.make_cold()

    def make_cold(self) -> None:
        """Nothing was taken yet, and nobody has asked for a pause."""
        self._next = float("-inf")  # when the next call were due if all kept their distance
        self._pause: tuple[float, float, float] | None = None  # when it began, when it ends, when it ends on the wall

    def ready_at(self, now: float, ahead: int = 0) -> float:
        """When a call may begin, if as many as are `ahead` of it begin as early as they may; perhaps a past moment."""
        if self._next > now + self._tolerance + 2 * self._interval:  # only by a clock that was set back
            self._next = now + self._tolerance + self._interval
        ready = self._next - self._tolerance + ahead * self._interval
        return ready if self._pause is None else max(ready, self._end_of_pause(now))

    def take(self, now: float) -> bool:
        """Let a call begin now, if one may."""
        due = self._next
        if self._pause is not None or due - self._taken_within > now:
            ready = self.ready_at(now)
            if ready > now + _ROUNDING:
                return False
            due = self._next
        self._next = (due if due > now else now) + self._interval  # noqa: FURB136  # max() is a call, and each pays for it
        return True

    def slot(self) -> float:
        """What was taken last."""
        return self._next

    def put_back(self, slot: float) -> None:
        """Nobody used this slot. Once another has been taken it is lost: the next call would follow too closely."""
        if self._interval and slot == self._next:
            self._next -= self._interval

    def pause(self, seconds: float) -> None:
        """Let no call begin for so long."""
        now = clock.monotonic()
        ends = now + seconds
        if self._pause is None or ends > self._end_of_pause(now):
            self._pause = (now, ends, clock.wall() + seconds)

    def _end_of_pause(self, now: float) -> float:
        """When the pause is over: as soon as either clock says so, since one may have stood still in a freeze."""
        if self._pause is None:
            return now
        began, ends, ends_on_the_wall = self._pause
        if not began <= now < ends or clock.wall() >= ends_on_the_wall:
            self._pause = None
            return now
        return ends
