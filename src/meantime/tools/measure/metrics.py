"""What a condition can ask of a run: each metric with its unit and where its number comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.report.figures import decimals_for, dollars, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.report.recording import Accounting
    from meantime.tools.report.results import Results, Run

    Value = Callable[[Run, Results], float | None]

_NOT_RECORDED = "the run has no recording"

FACTORS: dict[str, dict[str, float]] = {
    "ms": {"ms": 1.0, "s": 1000.0},
    "$": {"$": 1.0},
    "%": {"%": 1.0},
    "": {"": 1.0},
}
"""By a metric's own unit: the units it may be written in, and what they are worth in its own."""


@dataclass(frozen=True)
class Metric:
    """One of them.

    Args:
        name: As it is written.
        unit: `ms`, `$`, `%` or none.
        meaning: What it is, for the documentation and the help.
        value: Gives it; None where it is not known.
        unknown: Why it may not be known.
        is_part: Whether it is a part of the duration, so that a percentage of it makes sense.
        needs: What it cannot be known without: `recording`, `rate`, or nothing.
    """

    name: str
    unit: str
    meaning: str
    value: Value
    unknown: str = _NOT_RECORDED
    is_part: bool = False
    needs: str = ""

    @property
    def is_share(self) -> bool:
        """Whether it is a percentage by itself."""
        return self.unit == "%"

    def show(self, value: float) -> str:
        """Write a number of it with its unit."""
        if self.unit == "ms":
            return f"{milliseconds(value, decimals_for((value,)))} ms"
        if self.unit == "$":
            return f"${dollars(value)}"
        return f"{value:,.4g} {self.unit}".rstrip()


def whole_ms(run: Run) -> float:
    """What percentages of a metric in milliseconds are of: the recorded duration, or else the median."""
    return run.recording.duration_ms if run.recording is not None else run.p50_ms


def percentile(values: tuple[float, ...], percent: float) -> float:
    """The smallest of the values that at least this percentage do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _part(name: str, meaning: str, of: Callable[[Accounting], float]) -> Metric:
    def value(run: Run, _: Results) -> float | None:
        return None if run.recording is None else of(run.recording.accounting)

    return Metric(name, "ms", meaning, value, is_part=True, needs="recording")


def _monthly(run: Run, results: Results) -> float | None:
    bill = results.bill_of(run)
    return None if bill is None else bill.per_month_usd


def _cost(run: Run, results: Results) -> float:
    bill = results.bill_of(run)
    return run.cost_per_million_usd if bill is None else bill.per_million_usd


_METRICS = (
    Metric("p50", "ms", "median duration of the warm invocations", lambda run, _: run.p50_ms),
    Metric("p95", "ms", "95th percentile of their durations", lambda run, _: run.p95_ms),
    Metric("p99", "ms", "99th percentile of their durations", lambda run, _: percentile(run.durations_ms, 99)),
    Metric("max", "ms", "the longest of them", lambda run, _: max(run.durations_ms)),
    Metric("cold", "ms", "init duration of the cold start", lambda run, _: run.cold_ms),
    Metric("first", "ms", "duration of the first invocation after it", lambda run, _: run.first_ms, "it was not run"),
    Metric("billed", "ms", "billed duration of one invocation", lambda run, _: run.billed_ms),
    Metric("cost", "$", "US dollars per million invocations", _cost),
    Metric("month", "$", "US dollars per month", _monthly, "say how often it is invoked with --rate", needs="rate"),
    Metric("cpu", "ms", "CPU time of one invocation", lambda run, _: run.cpu_ms, "it was not measured", is_part=True),
    _part(
        "waiting", "time in which it waited and did nothing else",
        lambda parts: parts.waiting_alone_ms + parts.waiting_together_ms,
    ),
    _part("alone", "the part of it in which one call waited alone", lambda parts: parts.waiting_alone_ms),
    _part("computing", "time in which it computed", lambda parts: parts.computing_ms),
    _part("throttled", "time in which it was ready and had no core", lambda parts: parts.throttled_ms),
    _part("lock", "time in line for the interpreter's lock", lambda parts: parts.lock_ms),
    Metric(
        "explained", "%", "the part of the duration that the recording explains",
        lambda run, _: None if run.recording is None else 100 * run.recording.explained,
        needs="recording",
    ),
    Metric(
        "calls", "", "calls of one invocation, as recorded",
        lambda run, _: None if run.recording is None else len(run.recording.calls) + run.recording.dropped_calls,
        needs="recording",
    ),
)  # fmt: skip

BY_NAME = {metric.name: metric for metric in _METRICS}
"""Every metric by its name, in the order of the documentation."""
