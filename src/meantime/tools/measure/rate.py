"""How often a function is invoked, in the words people use: `2 million per month`, `50 per second`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from meantime.tools.report.billing import HOURS_PER_MONTH

_COUNTS = {"": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
_PER_MONTH = {
    "second": HOURS_PER_MONTH * 3600.0,
    "minute": HOURS_PER_MONTH * 60.0,
    "hour": float(HOURS_PER_MONTH),
    "day": HOURS_PER_MONTH / 24,
    "month": 1.0,
}
_SHORT = {"s": "second", "sec": "second", "min": "minute", "h": "hour", "d": "day", "mo": "month"}
_PATTERN = re.compile(r"([\d][\d,_]*(?:\.\d+)?)\s*([a-z]*)\s*(?:per|/|an?|each|every)\s*([a-z]+)")


@dataclass(frozen=True)
class Rate:
    """How often: `text` as the user wrote it, and what that makes in a month of 730 hours."""

    text: str
    per_month: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rate.

        Raises:
            ValueError: It is none; the text says how one is written.
        """
        found = _PATTERN.fullmatch(text.strip().lower())
        if found is not None:
            number, count, unit = found.groups()
            per_month = _PER_MONTH.get(_SHORT.get(unit, unit))
            if per_month is not None and count in _COUNTS:
                invocations = float(number.replace(",", "").replace("_", "")) * _COUNTS[count] * per_month
                if invocations > 0:
                    return cls(" ".join(text.split()), invocations)
        raise ValueError(
            f"the rate {text!r} is not understood: write a number, perhaps thousand, million or billion, then per "
            f"second, minute, hour, day or month, as in '2 million per month' or '50 per second'"
        )
