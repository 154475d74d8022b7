"""How long the calls of one function take that succeed: the fastest of all, and a percentile of the newest."""

from __future__ import annotations

from math import ceil

from meantime.retry import guard

# So few that sorting them costs nothing to speak of, so many that a p99 has a meaning.
WINDOW = 256
FEWEST = 20  # before as many are seen there is no percentile
_SORT_EVERY = 16


class Durations:
    """What a policy has seen of one function, kept over invocations.

    Args:
        name: The function's name, for messages.
    """

    __slots__ = ("_limit", "_seen", "_sorted_at", "_window", "fastest", "name", "warned")

    def __init__(self, name: str) -> None:
        self.name = name
        self.make_cold()

    def make_cold(self) -> None:
        """Nothing has been seen yet."""
        self.fastest = 0.0  # seconds of the fastest success; 0 before there was one
        self.warned = False  # whether retries underneath were told of
        self._seen = 0
        self._window: list[float] = []
        self._limit: float | None = None
        self._sorted_at = 0

    def note(self, seconds: float) -> None:
        """One call has succeeded in this time. To be called with the guard held."""
        if seconds < self.fastest or not self.fastest:
            self.fastest = seconds

    def fits(self, left: float) -> bool:
        """Whether a call that begins with this much time left may succeed: none has in less than the fastest took."""
        return left > 0 and left >= self.fastest

    def keep(self, seconds: float) -> None:
        """Count this one in for the percentile."""
        with guard.lock:
            if len(self._window) < WINDOW:
                self._window.append(seconds)
            else:
                self._window[self._seen % WINDOW] = seconds
            self._seen += 1

    def percentile(self, share: float) -> float | None:
        """The time within which this share of the newest calls have succeeded; None while too few are seen.

        It is looked up anew only every few calls, and always asked for with the same share.
        """
        with guard.lock:
            if self._seen < FEWEST:
                return None
            if self._limit is None or self._seen - self._sorted_at >= _SORT_EVERY:
                self._sorted_at = self._seen
                self._limit = sorted(self._window)[ceil(share * len(self._window)) - 1]
            return self._limit
