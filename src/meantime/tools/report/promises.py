"""What a piece of advice promises: what an invocation takes and costs now, and what it would then, with its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.report.comparison import baseline_of
from meantime.tools.report.figures import decimals_for, dollars, memory, milliseconds

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
        between: The range.
        sure: How often the range holds.
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
    sure: str
    change: str
    before_width: float
    after_width: float
    low_width: float
    high_width: float


def promises(results: Results, example: Example, advice: Advice) -> tuple[Promise, ...]:
    """Give what the advice promises of duration and cost; empty where it promises neither."""
    run = advised_run(results, example, advice)
    sure = _sure(results, example, advice)
    found = []
    if advice.duration_ms is not None:
        before = advice.before_ms if advice.before_ms is not None else (run.p50_ms if run else None)
        decimals = decimals_for([before, advice.duration_ms.value])
        found.append(_promise("ms", before, advice.duration_ms, lambda value: milliseconds(value, decimals), sure))
    if advice.cost_per_million_usd is not None:
        before = advice.before_cost_per_million_usd
        if before is None and run is not None:
            before = run.cost_per_million_usd
        found.append(
            _promise("per million", before, advice.cost_per_million_usd, lambda value: f"${dollars(value)}", sure),
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


def advised_size(results: Results, example: Example) -> tuple[str, str]:
    """Give the memory size that the advice is for, and why it is that one; nothing where there is no advice."""
    if not example.advice:
        return "", ""
    run = advised_run(results, example, example.advice[0])
    if run is None:
        return "", ""
    recorded = {each.memory_mb for each in results.runs_of(example.name) if each.recording is not None}
    if len(recorded) < 2:  # noqa: PLR2004  # nothing to choose from
        return memory(run.memory_mb), ""
    if run.memory_mb < max(recorded):
        return memory(run.memory_mb), ""
    return memory(run.memory_mb), (
        "That is the largest size measured, where waits are hidden least by a lack of CPU. For advice on another one, "
        f"measure that alone: --memory {min(recorded)}."
    )


def _sure(results: Results, example: Example, advice: Advice) -> str:
    """How often a range holds: a prediction's, or that of another size that was measured."""
    point = next((each for each in example.memory_points if each.memory_mb == advice.memory_mb), None)
    if point is None or not point.measured or point.duration_ms != advice.duration_ms:
        return "nine times in ten"
    variant = run.variant if (run := advised_run(results, example, advice)) is not None else None
    for each in results.runs_of(example.name):
        if each.memory_mb == advice.memory_mb and each.variant == variant and each.interval_ms is not None:
            return "measured, nineteen times in twenty"
    return "measured, shortest to longest"


def _promise(unit: str, before: float | None, after: Estimate, written: Callable[[float], str], sure: str) -> Promise:
    whole = max(before or 0.0, after.high) or 1.0
    return Promise(
        unit=unit,
        before="" if before is None else written(before),
        after=written(after.value),
        between=f"{written(after.low)} to {written(after.high)}",
        sure=sure,
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
