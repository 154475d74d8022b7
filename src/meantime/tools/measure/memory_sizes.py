"""Speed and cost by memory size, measured where it ran and predicted elsewhere, and which size is best for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from meantime.tools.measure.pricing import billed, cost_per_million
from meantime.tools.report.advice import BestMemory, Estimate, MemoryPoint
from meantime.tools.report.comparison import NOISE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Prices, Run

SIZES_MB = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008)
"""The sizes people try: to a little more than the one core that a thread of Python can use."""

# AWS Lambda Power Tuning's `balancedWeight` where none is given: 0 asks for speed alone, 1 for cost alone.
_BALANCED_WEIGHT = 0.5


class Predict(Protocol):
    """What `meantime.tools.measure.prediction.predict` is."""

    def __call__(
        self,
        recording: Recording | Sequence[Recording],
        *,
        executor: str,
        max_concurrency: int,
        memory_mb: int,
        groups: tuple[tuple[int, ...], ...],
    ) -> Estimate:
        """Say what the recorded work would take."""


def memory_points(
    runs: Sequence[Run],
    prices: Prices,
    *,
    predict: Predict | None = None,
    recordings: Sequence[Recording] = (),
    sizes_mb: Sequence[int] = SIZES_MB,
) -> tuple[MemoryPoint, ...]:
    """Speed and cost of one variant as it is, by rising memory.

    Args:
        runs: That variant's runs, one a memory size: these are measured.
        prices: What a GB-second and a request cost.
        predict: The model; without it only the measured sizes are given.
        recordings: What it predicts from; by default the runs' own.
        sizes_mb: The sizes to predict where none was run.
    """
    found = {run.memory_mb: _measured(run, prices) for run in runs}
    known = list(recordings) or [run.recording for run in runs if run.recording is not None]
    if predict is not None and known:
        for memory_mb in sizes_mb:
            if memory_mb not in found:
                duration = predict(known, executor="threads", max_concurrency=1, memory_mb=memory_mb, groups=())
                found[memory_mb] = _predicted(duration, memory_mb, prices)
    return tuple(found[memory_mb] for memory_mb in sorted(found))


def best_memory(points: Sequence[MemoryPoint]) -> BestMemory:
    """Which of the sizes is best for speed, for cost, and for both.

    The balance is the least of `0.5 x cost / highest cost + 0.5 x duration / longest duration`, as AWS Lambda Power
    Tuning's `balanced` strategy has it with its default weight
    (https://github.com/alexcasalboni/aws-lambda-power-tuning, README-INPUT-OUTPUT.md and lambda/analyzer.js). Unlike
    there, sizes within 5 % of the fastest count as equally fast, since no measurement tells them apart, and the
    cheapest of them is best for speed; within 5 % of the cheapest, the fastest is best for cost.

    Raises:
        ValueError: There is no point.
    """
    if not points:
        raise ValueError("the best of no memory sizes was asked for: give at least one point")
    longest = max(map(_duration, points)) or 1.0
    dearest = max(map(_cost_of, points)) or 1.0

    def balance(point: MemoryPoint) -> float:
        cost, duration = _cost_of(point) / dearest, _duration(point) / longest
        return _BALANCED_WEIGHT * cost + (1 - _BALANCED_WEIGHT) * duration

    return BestMemory(
        speed_mb=min(_least(points, _duration), key=_cost_of).memory_mb,
        cost_mb=min(_least(points, _cost_of), key=_duration).memory_mb,
        balance_mb=min(points, key=balance).memory_mb,
    )


def _duration(point: MemoryPoint) -> float:
    return point.duration_ms.value


def _cost_of(point: MemoryPoint) -> float:
    return point.cost_per_million_usd.value


def _least(points: Sequence[MemoryPoint], of: Callable[[MemoryPoint], float]) -> list[MemoryPoint]:
    """The points that cannot be told from the least."""
    least = min(map(of, points))
    return [point for point in points if of(point) <= least * NOISE]


def _measured(run: Run, prices: Prices) -> MemoryPoint:
    # Nineteen times in twenty holds nine times in ten all the more; of too few invocations, all lie between the ends.
    low, high = run.interval_ms if run.interval_ms is not None else (min(run.durations_ms), max(run.durations_ms))
    duration = Estimate(value=run.p50_ms, low=min(low, run.p50_ms), high=max(high, run.p50_ms))
    cost = _cost(duration, run.memory_mb, prices)
    # What was billed is known better than what the median would be.
    value = cost_per_million(prices, run.billed_ms, run.memory_mb)
    cost = Estimate(value=value, low=min(cost.low, value), high=max(cost.high, value))
    return MemoryPoint(memory_mb=run.memory_mb, duration_ms=duration, cost_per_million_usd=cost, measured=True)


def _predicted(duration: Estimate, memory_mb: int, prices: Prices) -> MemoryPoint:
    cost = _cost(duration, memory_mb, prices)
    return MemoryPoint(memory_mb=memory_mb, duration_ms=duration, cost_per_million_usd=cost, measured=False)


def _cost(duration: Estimate, memory_mb: int, prices: Prices) -> Estimate:
    value, low, high = (
        cost_per_million(prices, billed(milliseconds), memory_mb)
        for milliseconds in (duration.value, duration.low, duration.high)
    )
    return Estimate(value=value, low=low, high=high)
