"""How many workers are at work at once, and for how long in all: kept only while somebody asks for it."""

from __future__ import annotations

from threading import Lock

from meantime import clock


class Gauge:
    """Counts workers in and out. A worker has one call under way, or waits for its limiter or its input.

    Attributes:
        peak: The most that were at work at once.
    """

    __slots__ = ("_at_work", "_lock", "_seconds", "peak")

    def __init__(self) -> None:
        self._lock = Lock()
        self._at_work = 0
        self._seconds = 0.0  # the ends of all, less the beginnings of all
        self.peak = 0

    def begin(self) -> None:
        """One more is at work."""
        with self._lock:
            self._seconds -= clock.monotonic()
            self._at_work += 1
            if self._at_work > self.peak:  # noqa: PLR1730  # for every item: a call of max costs more
                self.peak = self._at_work

    def end(self) -> None:
        """One has done its work."""
        with self._lock:
            self._seconds += clock.monotonic()
            self._at_work -= 1

    def seconds(self) -> float:
        """For how long they were at work, all together; those that still are count until now."""
        with self._lock:
            return self._seconds + self._at_work * clock.monotonic()
