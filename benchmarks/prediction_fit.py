"""Fits the constants of the predictions to the training cells as measured last: `prediction.py --training` first.

One constant after the other is moved as long as that lessens the mean error; what comes out is printed, to be looked at
before it is written into `meantime.tools.measure.model.costs`.
"""

from __future__ import annotations

import json
from dataclasses import fields, replace
from math import log
from statistics import median
from typing import TYPE_CHECKING, Any

from prediction import KEPT, THREADS, path_of
from prediction_cells import TRAINING

from meantime.tools.measure.model.costs import COSTS, Costs
from meantime.tools.measure.prediction import predict
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = (1.5, 1 / 1.5, 1.15, 1 / 1.15)
LARGEST = 0.5  # beyond that an error counts no more: one cell that was disturbed shall not decide
FITTED = (
    "cold_ms",
    "cold_part",
    "cold_after_ms",
    "lost_by_threads_ms",
    "lost_by_tasks_ms",
    "recording_ms",
    "switching_ms",
    "httpx",
)


def cells() -> Iterator[tuple[list[Recording], dict[str, Any], float]]:
    """What is predicted from, what is asked, and what was measured."""
    for workload in TRAINING:
        path = path_of(workload, KEPT / "training")
        if not path.exists():
            continue
        measured = json.loads(path.read_text())
        recorded = {size: [Recording.of(one) for one in found] for size, found in measured["recorded"].items()}
        for cell, durations in zip(workload.cells, measured["durations"], strict=True):
            recordings = recorded[str(cell.recorded_mb)]
            asked = {
                "executor": "threads" if workload.library in THREADS else "tasks",
                "max_concurrency": cell.max_concurrency,
                "memory_mb": cell.memory_mb,
                "groups": (tuple(call.id for call in recordings[0].calls if call.parent is None),),
            }
            yield recordings, asked, median(durations)


def moved(costs: Costs, name: str, step: float) -> Costs:
    """The constants with one of them larger or smaller."""
    if name == "httpx":
        return replace(costs, crowding_ms={library: each * step for library, each in costs.crowding_ms.items()})
    changed: dict[str, Any] = {name: (getattr(costs, name) or 0.05) * step}
    return replace(costs, **changed)


def fit() -> Costs:
    """The constants that predict the training cells best."""
    known = list(cells())

    def error_of(costs: Costs) -> float:
        errors = (abs(log(predict(one, **asked, costs=costs).value / truth)) for one, asked, truth in known)
        return sum(min(error, LARGEST) for error in errors) / len(known)

    best, least = COSTS, error_of(COSTS)
    print(f"{len(known)} cells, mean error {least:.1%}")  # noqa: T201  # a command's output
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
