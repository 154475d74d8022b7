"""What an invocation would take with its calls side by side, and at another memory size, from one that was recorded.

docs/prediction.md says what the model is, what it cannot know, and how far off it was where it was held against
measurements.
"""

from __future__ import annotations

import math
from random import Random
from statistics import fmean, median, pstdev
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.limits import MEMORY_MB_PER_CORE, cpu_share
from meantime.tools.measure.model.costs import COSTS
from meantime.tools.measure.model.drawing import Drawing
from meantime.tools.measure.model.quota import Quota
from meantime.tools.measure.model.reading import read
from meantime.tools.measure.model.work import InLine
from meantime.tools.measure.simulation import simulate
from meantime.tools.report.advice import Estimate
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.measure.model.costs import Costs

EXECUTORS: Final = ("threads", "tasks")

_CALLS_DRAWN = 24_000  # some 50 ms
_FEWEST, _MOST = 9, 201  # invocations drawn
_NINE_IN_TEN = 1.645  # standard deviations of a normal distribution, to either side
_OF_A_MEDIAN = 1.2533  # how much wider a median is spread than a mean: the square root of pi / 2


def predict(
    recording: Recording | Sequence[Recording],
    *,
    executor: str,
    max_concurrency: int,
    memory_mb: int,
    groups: tuple[tuple[int, ...], ...],
    costs: Costs = COSTS,
) -> Estimate:
    """How long a warm invocation would take, in milliseconds, as the median of many.

    Args:
        recording: One invocation, or several of the same work. Those of the least memory that is not below
            `memory_mb` count, else those of the most: what a starved process waited for is less certain.
        executor: `threads` or `tasks`: what runs the calls in the groups.
        max_concurrency: How many of a group at once, and no more than a limiter allows that they ask; 1 leaves the
            function as it is.
        memory_mb: The memory size, which decides the share of CPU.
        groups: Identifiers of the calls that may go side by side, in their order. All others go as they went.
        costs: The model's constants.

    Returns:
        The duration, with the range in which nine measured medians in ten should lie.

    Raises:
        ValueError: An unknown executor, or a number below 1, or no recording at all.
    """
    recordings = [recording] if isinstance(recording, Recording) else list(recording)
    drawn = draw(
        recordings,
        executor=executor,
        max_concurrency=max_concurrency,
        memory_mb=memory_mb,
        groups=groups,
        costs=costs,
    )
    return _estimate([duration for duration, _ in drawn], len(_nearest(recordings, memory_mb)), costs.error)


def draw(
    recordings: Sequence[Recording],
    *,
    executor: str,
    max_concurrency: int,
    memory_mb: int,
    groups: tuple[tuple[int, ...], ...],
    costs: Costs = COSTS,
    count: int | None = None,
) -> list[tuple[float, float]]:
    """Invocations as they could go, each with its duration and its CPU time in milliseconds.

    Arguments as for `predict`, and `count`: how many; None for as many as take a moment. The same question has the same
    answer.

    Raises:
        ValueError: As `predict` does.
    """
    if executor not in EXECUTORS:
        raise ValueError(f"executor is {executor!r}: threads and tasks can be predicted")
    if max_concurrency < 1 or memory_mb < 1:
        raise ValueError(f"max_concurrency and memory_mb are 1 or more, not {max_concurrency} and {memory_mb}")
    if not recordings:
        raise ValueError("nothing can be predicted from no recording")
    used = _nearest(recordings, memory_mb)
    calls = max(len(one.calls) for one in used)
    drawing = Drawing(
        [read(one, groups, costs) for one in used],
        max_concurrency=int(min(max_concurrency, _limit(used[0], groups))),
        is_threads=executor == "threads",
        costs=costs,
    )
    share = cpu_share(memory_mb)
    lost_ms = costs.lost_by_threads_ms if executor == "threads" else costs.lost_by_tasks_ms
    random = Random(calls)  # noqa: S311  # no secret
    runtime = InLine(((costs.runtime_ms, 0.0, 0.0),))
    found = []
    for _ in range(count or max(_FEWEST, min(_MOST, _CALLS_DRAWN // max(1, calls)))):
        work = drawing.draw(random)
        quota = Quota.drawn(share, random, lost_ms=lost_ms, costs=costs)
        duration = simulate((runtime, *work, runtime), quota)
        found.append((duration, quota.computed))
    return found


def _limit(recording: Recording, groups: tuple[tuple[int, ...], ...]) -> float:
    """The most at once that a limiter lets through which each call of the largest group has asked."""
    asked = max(map(len, groups), default=0)
    limits = [
        seen.numbers["max_concurrency"]
        for seen in recording.observations
        if seen.kind == "limiter"
        and seen.numbers.get("max_concurrency", 0) >= 1
        and seen.numbers.get("count", 0) >= asked
    ]
    return min(limits, default=math.inf)


def _nearest(recordings: Sequence[Recording], memory_mb: int) -> list[Recording]:
    sizes = {one.memory_mb or MEMORY_MB_PER_CORE for one in recordings}
    size = min((size for size in sizes if size >= memory_mb), default=max(sizes))
    return [one for one in recordings if (one.memory_mb or MEMORY_MB_PER_CORE) == size]


def _estimate(durations: list[float], recordings: int, error: float) -> Estimate:
    """The median; and how far it may be off: the model's error, and the chance in what was recorded and will be."""
    value = median(durations)
    if value <= 0:
        return Estimate(value=0.0, low=0.0, high=0.0)
    spread = pstdev(durations) / fmean(durations)
    deviation = math.hypot(error, _OF_A_MEDIAN * spread / math.sqrt(recordings))
    factor = math.exp(_NINE_IN_TEN * deviation)
    return Estimate(value=value, low=value / factor, high=value * factor)
