"""Fits the constants of the predictions to the training cells as measured last: `prediction.py --training` first.

One constant after the other is moved as long as that lessens the mean error of durations and CPU times. What comes out
is printed, to be looked at before it is written into `meantime.tools.measure.model.costs`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from math import log
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from prediction import KEPT, THREADS, path_of
from prediction_cells import TRAINING

from meantime.tools.measure.model.costs import COSTS, Costs
from meantime.tools.measure.prediction import draw
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = (1.5, 1 / 1.5, 1.15, 1 / 1.15)
LARGEST = 0.5  # beyond that an error counts no more: one cell that was disturbed shall not decide
DRAWN = 15
FITTED = (
    "cold_ms",
    "cold_part",
    "cold_after_ms",
    "lost_by_threads_ms",
    "lost_by_tasks_ms",
    "waking_ms",
    "waking_part",
    "contended",
    "switching_ms",
    "httpx",
)


@dataclass(frozen=True)
class Known:
    """A cell: what it is predicted from, what is asked, what was measured."""

    recordings: list[Recording]
    asked: dict[str, Any]
    duration_ms: float
    cpu_ms: float


def cells() -> Iterator[Known]:
    """All that was measured of the training cells."""
    for workload in TRAINING:
        path = path_of(workload, KEPT / "training")
        if not path.exists():
            continue
        measured = json.loads(path.read_text())
        recorded = {size: [Recording.of(one) for one in found] for size, found in measured["recorded"].items()}
        for cell, durations, cpu in zip(workload.cells, measured["durations"], measured["cpu"], strict=True):
            recordings = recorded[str(cell.recorded_mb)]
            asked = {
                "executor": "threads" if workload.library in THREADS else "tasks",
                "max_concurrency": cell.max_concurrency,
                "memory_mb": cell.memory_mb,
                "groups": (tuple(call.id for call in recordings[0].calls if call.parent is None),),
                "count": DRAWN,
            }
            yield Known(recordings, asked, median(durations), median(cpu))


def recording_costs() -> Iterator[str]:
    """What recording added to a call's CPU time, by workload: for `recording_ms` and `recording_async_ms`."""
    for workload in TRAINING:
        path = path_of(workload, KEPT / "training")
        if path.exists():
            measured = json.loads(path.read_text())
            for size, recordings in measured["recorded"].items():
                recorded = median(one["cpu_ms"] for one in recordings)
                plain = median(measured["unrecorded"][size]) - 2 * COSTS.runtime_ms
                more = (recorded - plain) / workload.items
                yield f"{workload.library} {workload.latency} at {size} MB: recording adds {more:.2f} ms a call"


def moved(costs: Costs, name: str, step: float) -> Costs:
    """The constants with one of them larger or smaller."""
    if name == "httpx":
        return replace(costs, crowding_ms={library: each * step for library, each in costs.crowding_ms.items()})
    changed: dict[str, Any] = {name: (getattr(costs, name) or 0.05) * step}
    return replace(costs, **changed)


def fit() -> Costs:
    """The constants that predict the training cells best."""
    known = list(cells())

    def errors_of(costs: Costs) -> Iterator[float]:
        for one in known:
            drawn = draw(one.recordings, **one.asked, costs=costs)
            yield abs(log(median(duration for duration, _ in drawn) / one.duration_ms))
            yield abs(log(median(computed for _, computed in drawn) / one.cpu_ms))

    def error_of(costs: Costs) -> float:
        return fmean(min(error, LARGEST) for error in errors_of(costs))

    best, least = COSTS, error_of(COSTS)
    print(*recording_costs(), sep="\n")  # noqa: T201  # a command's output
    print(f"{len(known)} cells, mean error of durations and CPU times {least:.1%}")  # noqa: T201  # a command's output
    for _ in range(3):
        before = least
        for name in FITTED:
            for step in STEPS:
                while (error := error_of(tried := moved(best, name, step))) < least * 0.998:
                    best, least = tried, error
        print(f"mean error {least:.1%}", flush=True)  # noqa: T201  # likewise
        if least > before * 0.99:
            break
    for field in fields(best):
        print(f"{field.name} = {getattr(best, field.name)}")  # noqa: T201  # likewise
    return best


if __name__ == "__main__":
    fit()
