"""How long the downstream alone would have kept an invocation: the longest chain of waits that followed one another."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def longest_chain(waits: Iterable[tuple[float, float]]) -> float:
    """The most time that waits which do not overlap add up to.

    Three waits side by side count as the longest of them; three in a row count as their sum. This is weighted interval
    scheduling with each wait weighing its own length (Kleinberg and Tardos, Algorithm Design, 6.1).

    Args:
        waits: Start and end of each, in any unit.

    Returns:
        The sum, in the same unit; 0 without waits.
    """
    ordered = sorted(waits, key=lambda wait: wait[1])
    ends: list[float] = []
    best = [0.0]  # best[n]: the longest chain within the first n waits
    for start, end in ordered:
        before = bisect_right(ends, start)
        best.append(max(best[-1], best[before] + end - start))
        ends.append(end)
    return best[-1]
