"""Where a median lies, by order statistics: no distribution is assumed of the durations, only that rounds are alike.

Source: the sign test, turned round: Hollander, Wolfe and Chicken, Nonparametric Statistical Methods, the chapter on it.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Nineteen times in twenty.
CONFIDENCE = 0.95
FEWEST = 6  # values that have an interval of that confidence


def median_interval(values: Sequence[float], *, confidence: float = CONFIDENCE) -> tuple[float, float] | None:
    """Two of the values between which the median of what they were drawn from lies, at least this often.

    Args:
        values: Durations, in any order.
        confidence: How often, in many repetitions, the median is to lie between the two; above 0 and below 1.

    Returns:
        Low and high; None where even the lowest and the highest do not hold it so often, as with fewer than 6 values.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    ordered = sorted(values)
    beyond = _beyond(len(ordered), confidence)
    return None if beyond is None else (ordered[beyond], ordered[len(ordered) - 1 - beyond])


def ratio_interval(
    values: Sequence[float], others: Sequence[float], *, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Where the median ratio of pairs lies: what happens to the machine in a round happens to both of its pair.

    Args:
        values: Durations, one a round.
        others: Those beside them in the same rounds; what `values` are divided by.
        confidence: As of `median_interval`.

    Returns:
        Low and high; None with too few pairs, or where rounds cannot be told: the two have not the same length.
    """
    if len(values) != len(others) or not all(other > 0 for other in others):
        return None
    return median_interval([value / other for value, other in zip(values, others, strict=True)], confidence=confidence)


def _beyond(count: int, confidence: float) -> int | None:
    """How many values may lie outside on each side: the number below the median is binomial, with a half."""
    outside = 0  # of 2 ** count equally likely cases, those with the median outside on one side
    for beyond in range(count // 2 + 1):
        outside += comb(count, beyond)
        if 1 - 2 * outside / 2**count < confidence:
            return beyond - 1 if beyond else None
    return None
