"""When a call gets a second attempt while its first is still under way, and how many calls may."""

from __future__ import annotations

from meantime.retry import guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.deadline import Deadline
    from meantime.retry.budget import RetryBudget
    from meantime.retry.durations import Durations

# At the start one hedge is allowed: a cold environment sees few calls, and its first one is as likely to be slow.
FIRST = 1.0
BURST = 3.0  # hedges that calls which needed none can save up
_GRAIN = 1e-9  # ten times 0.1 is a little below 1


class Hedging:
    """The hedging part of one policy.

    Args:
        after: Seconds until the second attempt begins, or a percentile of the durations seen, as `"p95"`.
        ratio: The share of calls that may be hedged.
        budget: The policy's retry budget: while it is half empty, the downstream has troubles that hedges would add to.

    Raises:
        TypeError: `after` or `ratio` is of another type.
        ValueError: `after` or `ratio` is out of range.
    """

    __slots__ = ("_budget", "_credit", "_ratio", "_seconds", "_share", "after", "hedges", "ratio", "won")

    def __init__(self, after: float | str, ratio: float, budget: RetryBudget | None) -> None:
        self.after = after
        self.ratio = ratio
        self._share = _share(after) if isinstance(after, str) else None
        self._seconds = after if not isinstance(after, str) else None
        if self._seconds is not None:
            _check_seconds(self._seconds)
        _check_ratio(ratio)
        self._budget = budget
        self.make_cold()

    def make_cold(self) -> None:
        """Nothing has been hedged yet."""
        self._credit = FIRST
        self.hedges = 0
        self.won = 0

    def delay(self, durations: Durations) -> float | None:
        """Seconds after which the call that begins now may be hedged; None while nobody can tell."""
        with guard.lock:
            self._credit = min(BURST, self._credit + self.ratio)
        return self._seconds if self._share is None else durations.percentile(self._share)

    def may_begin(self, now: float, deadline: Deadline | None, durations: Durations) -> bool:
        """Whether a second attempt may begin now: in time, and within both budgets. If so, it is counted as begun."""
        if deadline is not None and not durations.fits(deadline.at - now):
            return False
        budget = self._budget
        if budget is not None and budget.tokens * 2 < budget.capacity:  # as gRPC's retry throttling (A6)
            return False
        with guard.lock:
            if self._credit < 1 - _GRAIN:
                return False
            self._credit -= 1
            self.hedges += 1
        return True

    def has_won(self) -> None:
        """Count a second attempt that was the first to answer."""
        with guard.lock:
            self.won += 1


def _share(percentile: str) -> float:
    try:
        share = float(percentile.removeprefix("p")) / 100
    except ValueError:
        share = 0.0
    if not (percentile.startswith("p") and 0 < share < 1):
        raise ValueError(f"hedge_after must be seconds or a percentile from 'p1' to 'p99.9', got {percentile!r}")
    return share


def _check_seconds(seconds: float) -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"hedge_after must be a number of seconds, or a percentile such as 'p95', got {seconds!r}")
    if not 0 < seconds < float("inf"):
        raise ValueError(f"hedge_after must be above 0 seconds, got {seconds}: every call would be made twice")


def _check_ratio(ratio: float) -> None:
    if isinstance(ratio, bool) or not isinstance(ratio, (int, float)):
        raise TypeError(f"hedge_budget must be a share of the calls, such as 0.1, got {ratio!r}")
    if not 0 < ratio <= 1:
        raise ValueError(f"hedge_budget must be above 0 and at most 1, got {ratio}")
