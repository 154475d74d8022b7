"""What a patch of the advice promises: written above its diff, where patch and git look for nothing, and read again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from meantime.tools.report.advice import Estimate
from meantime.tools.report.comparison import NOISE

if TYPE_CHECKING:
    from meantime.tools.report.advice import Advice
    from meantime.tools.report.results import Run

_LINE = re.compile(
    r"^Promised: ([\d.]+) ms \(([\d.]+) to ([\d.]+)\) instead of ([\d.]+) ms, at (\d+) MB"
    r"(?:; (threads|tasks|processes), (\d+) at once)?$",
    re.MULTILINE,
)
_TENTHS_BELOW_MS = 10


@dataclass(frozen=True, kw_only=True)
class Promised:
    """A duration that was promised.

    Args:
        duration_ms: What an invocation is to take with the change.
        before_ms: What it took without.
        memory_mb: At which memory size.
        executor: On what its calls go side by side; empty where that is not the change.
        max_concurrency: How many at once.
    """

    duration_ms: Estimate
    before_ms: float
    memory_mb: int
    executor: str = ""
    max_concurrency: int = 0

    @classmethod
    def of(cls, advice: Advice, before_ms: float) -> Self | None:
        """Give what an advice promises; None where that is no duration."""
        if advice.duration_ms is None or advice.memory_mb is None:
            return None
        return cls(
            duration_ms=advice.duration_ms,
            before_ms=before_ms if advice.before_ms is None else advice.before_ms,
            memory_mb=advice.memory_mb,
            executor=advice.executor or "",
            max_concurrency=advice.max_concurrency or 0,
        )

    @classmethod
    def read(cls, patch: str) -> Self | None:
        """Read it from a patch; None where there is none."""
        found = _LINE.search(patch.partition("\n--- ")[0])
        if found is None:
            return None
        value, low, high, before = map(float, found.group(1, 2, 3, 4))
        if not low <= value <= high:
            return None
        return cls(
            duration_ms=Estimate(value=value, low=low, high=high),
            before_ms=before,
            memory_mb=int(found[5]),
            executor=found[6] or "",
            max_concurrency=int(found[7] or 0),
        )

    @property
    def line(self) -> str:
        """As it is written."""
        seen = self.duration_ms
        at_once = f"; {self.executor}, {self.max_concurrency} at once" if self.executor and self.max_concurrency else ""
        return (
            f"Promised: {seen.value:.3f} ms ({seen.low:.3f} to {seen.high:.3f}) instead of {self.before_ms:.3f} ms, "
            f"at {self.memory_mb} MB{at_once}"
        )

    def verdict(self, run: Run, baseline: Run) -> str:
        """Say whether it was kept."""
        seen = self.duration_ms
        text = f"{run.variant}: promised {_ms(seen.value)} ({_ms(seen.low)[:-3]} to {_ms(seen.high)[:-3]}), "
        text += f"measured {_ms(run.p50_ms)}: {self._kept(run)}."
        moved = baseline.p50_ms / self.before_ms if self.before_ms else 1.0
        if not 1 / NOISE <= moved <= NOISE:
            text += (
                f" But without the change it takes {_ms(baseline.p50_ms)} now, and {_ms(self.before_ms)} when that was "
                "promised: the machine, or what it calls, was another."
            )
        return text

    def _kept(self, run: Run) -> str:
        low, high = run.interval_ms[:2] if run.interval_ms else (run.p50_ms, run.p50_ms)
        if high < self.duration_ms.low:
            return "better than promised"
        if run.p50_ms <= self.duration_ms.high:
            return "kept"
        return "kept within the noise" if low <= self.duration_ms.high else "not reached"


def _ms(value: float) -> str:
    return f"{value:,.1f} ms" if value < _TENTHS_BELOW_MS else f"{value:,.0f} ms"
