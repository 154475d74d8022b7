"""What a piece of advice promises: what an invocation takes and costs now, and what it would then, with its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.report.comparison import baseline_of
from meantime.tools.report.figures import decimals_for, dollars, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.report.advice import Advice, Estimate
    from meantime.tools.report.results import Example, Results, Run


@dataclass(frozen=True)
class Promise:
    """One number before and after, in words, and as parts in 100 of the longer of the two.

    Args:
        unit: What stands behind each number.
        before: The number now; empty where unknown.
        after: The number then.
        between: The range that holds nine times in ten.
        change: How much less or more that is.
        before_width: Length of its bar.
        after_width: Length of the bar of the number then.
        low_width: Where its range begins.
        high_width: Where its range ends.
    """

    unit: str
    before: str
    after: str
    between: str
    change: str
    before_width: float
    after_width: float
    low_width: float
    high_width: float


def promises(results: Results, example: Example, advice: Advice) -> tuple[Promise, ...]:
    """Give what the advice promises of duration and cost; empty where it promises neither."""
    run = advised_run(results, example, advice)
    found = []
    if advice.duration_ms is not None:
        before = advice.before_ms if advice.before_ms is not None else (run.p50_ms if run else None)
        decimals = decimals_for([before, advice.duration_ms.value])
        found.append(_promise("ms", before, advice.duration_ms, lambda value: milliseconds(value, decimals)))
    if advice.cost_per_million_usd is not None:
        before = advice.before_cost_per_million_usd
        if before is None and run is not None:
            before = run.cost_per_million_usd
        found.append(
            _promise("per million", before, advice.cost_per_million_usd, lambda value: f"${dollars(value)}"),
        )
    return tuple(found)


def advised_run(results: Results, example: Example, advice: Advice) -> Run | None:
    """Give the run that the advice was made from."""
    runs = results.runs_of(example.name)
    if advice.of_memory_mb is not None:
        runs = tuple(run for run in runs if run.memory_mb == advice.of_memory_mb) or runs
    if advice.of_variant is not None:
        runs = tuple(run for run in runs if run.variant == advice.of_variant) or runs
    recorded = tuple(run for run in runs if run.recording is not None) or runs
    largest = max((run.memory_mb for run in recorded), default=0)
    return baseline_of(run for run in recorded if run.memory_mb == largest)


def _promise(unit: str, before: float | None, after: Estimate, written: Callable[[float], str]) -> Promise:
    whole = max(before or 0.0, after.high) or 1.0
    return Promise(
        unit=unit,
        before="" if before is None else written(before),
        after=written(after.value),
        between=f"{written(after.low)} to {written(after.high)}",
        change=_change(before, after.value),
        before_width=100 * (before or 0.0) / whole,
        after_width=100 * after.value / whole,
        low_width=100 * after.low / whole,
        high_width=100 * after.high / whole,
    )


def _change(before: float | None, after: float) -> str:
    if not before:
        return ""
    percent = round(100 * (after / before - 1))
    return "about the same" if percent == 0 else f"{abs(percent)} % {'less' if percent < 0 else 'more'}"
