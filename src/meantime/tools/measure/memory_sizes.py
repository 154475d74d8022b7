"""Speed and cost by memory size, measured where it ran and predicted elsewhere, and which size is best for what."""

from __future__ import annotations

import math
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

# Where the ranges of two overlap, they are told apart from here on only.
_UNSURE = 1.15


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
    if predict is None or not known:
        return tuple(found[memory_mb] for memory_mb in sorted(found))

    def predicted(memory_mb: int) -> Estimate:
        return predict(known, executor="threads", max_concurrency=1, memory_mb=memory_mb, groups=())

    # Where it was run, what the model is off is known; the sizes beside are moved alike, or the curve would have humps.
    off = [(run.memory_mb, run.p50_ms / (predicted(run.memory_mb).value or run.p50_ms)) for run in runs]
    for memory_mb in sizes_mb:
        if memory_mb not in found:
            found[memory_mb] = _predicted(_moved(predicted(memory_mb), memory_mb, off), memory_mb, prices)
    return tuple(found[memory_mb] for memory_mb in sorted(found))


def best_memory(points: Sequence[MemoryPoint]) -> BestMemory:
    """Which of the sizes is best for speed, for cost, and for both.

    The balance is the least of `0.5 x cost / highest cost + 0.5 x duration / longest duration`, as AWS Lambda Power
    Tuning's `balanced` strategy has it with its default weight
    (https://github.com/alexcasalboni/aws-lambda-power-tuning, README-INPUT-OUTPUT.md and lambda/analyzer.js). Unlike
    there, what no measurement tells apart counts as equal: within 5 %, or within 15 % where the ranges overlap. Of the
    sizes that are equally fast the cheapest is best for speed; of those that cost the same the fastest is best for
    cost; for the balance, all that are equally fast count as the fastest.

    Raises:
        ValueError: There is no point.
    """
    if not points:
        raise ValueError("the best of no memory sizes was asked for: give at least one point")
    longest = max(map(_duration, points)) or 1.0
    dearest = max(map(_cost_of, points)) or 1.0

    fastest = _least(points, lambda point: point.duration_ms)
    shortest = min(map(_duration, points))

    def balance(point: MemoryPoint) -> float:
        cost, duration = _cost_of(point) / dearest, (shortest if point in fastest else _duration(point)) / longest
        return _BALANCED_WEIGHT * cost + (1 - _BALANCED_WEIGHT) * duration

    return BestMemory(
        speed_mb=min(fastest, key=_cost_of).memory_mb,
        cost_mb=min(_least(points, lambda point: point.cost_per_million_usd), key=_duration).memory_mb,
        balance_mb=min(points, key=balance).memory_mb,
    )


def _duration(point: MemoryPoint) -> float:
    return point.duration_ms.value


def _cost_of(point: MemoryPoint) -> float:
    return point.cost_per_million_usd.value


def _least(points: Sequence[MemoryPoint], of: Callable[[MemoryPoint], Estimate]) -> list[MemoryPoint]:
    """The points that cannot be told from the least."""
    least = min(map(of, points), key=lambda estimate: estimate.value)

    def is_alike(estimate: Estimate) -> bool:
        near = estimate.value <= least.value * NOISE
        return near or (estimate.value <= least.value * _UNSURE and estimate.low <= least.high)

    return [point for point in points if is_alike(of(point))]


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


def _moved(duration: Estimate, memory_mb: int, off: Sequence[tuple[int, float]]) -> Estimate:
    """A prediction, moved by what the model is off at the sizes beside it; where these differ, it is the less sure."""
    below = max((each for each in off if each[0] <= memory_mb), default=None)
    above = min((each for each in off if each[0] >= memory_mb), default=None)
    beside = [each for each in (below, above) if each is not None]
    if not beside:
        return duration
    (low_mb, at_low), (high_mb, at_high) = beside[0], beside[-1]
    way = math.log(memory_mb / low_mb) / math.log(high_mb / low_mb) if high_mb > low_mb else 0.0
    factor = at_low ** (1 - way) * at_high**way
    return Estimate(
        value=duration.value * factor,
        low=duration.low * min(at_low, at_high, factor),
        high=duration.high * max(at_low, at_high, factor),
    )


def _cost(duration: Estimate, memory_mb: int, prices: Prices) -> Estimate:
    value, low, high = (
        cost_per_million(prices, billed(milliseconds), memory_mb)
        for milliseconds in (duration.value, duration.low, duration.high)
    )
    return Estimate(value=value, low=low, high=high)
