"""How many calls at once a downstream takes, learnt from what it throttles: additive increase, multiplicative decrease.

It counts rounds, one call of everything in flight, and asks no clock: a freeze cannot mislead it.
"""

from __future__ import annotations

# What the verbs run at once if not told otherwise, so that a downstream that takes it is never probed from below.
START = 10

# Netflix's AIMDLimit does not go above it either; Lambda allows 1,024 open files.
# https://github.com/Netflix/concurrency-limits, AIMDLimit.java
DEFAULT_CEILING = 200

# What is left of the limit after a throttle: Netflix's AIMDLimit, and Palantir's CautiousIncreaseAggressiveDecrease
# (https://github.com/palantir/dialogue), from which the rounding down and the share that counts as in use are, too.
# TCP's CUBIC (RFC 9438) and botocore's adaptive mode keep 0.7, of a rate, which they regain in seconds.
_KEPT = 0.9
_IN_USE = 0.9

# The first throttle ends the quick growth, which may have gone to twice what the downstream takes (RFC 5681 §3.1).
_KEPT_AT_FIRST = 0.5

# Rounds to stay one below what was throttled before it is tried again; twice as many each time it is throttled again.
# Plain AIMD would try it every other round: a downstream that takes 2 at once would throttle a quarter of all calls.
_FEWEST_ROUNDS = 10
_MOST_ROUNDS = 160


class AdaptiveLimit:
    """A limit between 1 and `ceiling` that follows outcomes; whoever uses it holds a lock meanwhile.

    Until the first throttle it grows by one with each success, then by one a round, and only while it is in use. A
    throttle takes a tenth of it, once for all calls that were in flight then.

    Args:
        ceiling: The most calls at once.

    Attributes:
        limit: The most calls at once for now.
    """

    __slots__ = ("_credit", "_from_before", "_rounds", "_throttled_at", "ceiling", "limit")

    def __init__(self, ceiling: int) -> None:
        self.ceiling = ceiling
        self.make_cold(0)

    def make_cold(self, in_flight: int) -> None:
        """Nothing has been learnt yet.

        Args:
            in_flight: The calls in flight; their outcomes say nothing.
        """
        self.limit = min(START, self.ceiling)
        self._credit = 0.0  # towards the next increase
        self._from_before = in_flight  # calls in flight since before the last decrease: they say nothing new
        self._throttled_at = 0  # the limit when a call was last throttled; 0 if none has been
        self._rounds = _FEWEST_ROUNDS

    def succeeded(self, in_flight: int) -> None:
        """A call was well.

        Args:
            in_flight: The calls in flight, this one among them.
        """
        if self._is_from_before() or self.limit >= self.ceiling or in_flight < int(_IN_USE * self.limit):
            return
        if not self._throttled_at:
            needed = 1
        elif self.limit + 1 == self._throttled_at:
            needed = self.limit * self._rounds
        else:
            needed = self.limit
        self._credit += 1 / needed
        if self._credit >= 1 - 1e-9:  # ten times a tenth is a little less than one
            self._credit = 0.0
            self.limit += 1
            if self.limit > self._throttled_at:
                self._rounds = _FEWEST_ROUNDS

    def throttled(self, in_flight: int) -> None:
        """The downstream had too much to do.

        Args:
            in_flight: The calls in flight, this one among them.
        """
        if self._is_from_before():
            return
        # Where far less was in flight than allowed, that was too much already.
        level = self.limit if in_flight >= int(_IN_USE * self.limit) else in_flight
        kept = _KEPT if self._throttled_at else _KEPT_AT_FIRST
        again = level == self._throttled_at
        self._rounds = min(2 * self._rounds, _MOST_ROUNDS) if again else _FEWEST_ROUNDS
        self._throttled_at = level
        self.limit = max(1, int(kept * level))
        self._credit = 0.0
        self._from_before = in_flight - 1

    def ignored(self) -> None:
        """A call has ended in a way that says nothing about the load."""
        self._is_from_before()

    def _is_from_before(self) -> bool:
        if self._from_before <= 0:
            return False
        self._from_before -= 1
        return True
