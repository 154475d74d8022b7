"""What an invocation would take with its calls side by side: predicted for each memory size that was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.dependence import independent_groups
from meantime.tools.measure.estimating import estimated
from meantime.tools.measure.prediction import EXECUTORS, predict
from meantime.tools.report.advice import Prediction

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Run

_WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def predictions(
    as_it_is: Sequence[Run],
    others: Sequence[Run],
    recordings: Sequence[Recording],
    code: Path | None,
    *,
    widths: Collection[int] = (),
) -> tuple[Prediction, ...]:
    """Predict for as many calls at once as there are, at each memory size; none where no calls may go side by side.

    Args:
        as_it_is: The runs of the function as it is, one a memory size.
        others: The runs of its other variants: those that are known to run so many calls at once are held against the
            predictions.
        recordings: Those of the function as it is.
        code: The function's folder.
        widths: How many at once are to be told in any case, since that is what is advised.
    """
    found = []
    for run in as_it_is:
        if run.recording is None:
            continue
        groups = independent_groups(run.recording, code).phases
        if not groups:
            continue
        most = max(map(len, groups))
        measured = _measured(run, others, most)
        for executor in _executors(run.recording, groups, measured):
            told = {*_WIDTHS, *widths, *(width for _, width in measured)}
            for width in sorted({width for width in told if 0 < width < most} | {most}):
                duration = estimated(
                    run,
                    as_it_is,
                    recordings,
                    predict=predict,
                    groups=groups,
                    executor=executor,
                    width=width,
                    memory_mb=run.memory_mb,
                )
                found.append(
                    Prediction(
                        executor=executor,
                        max_concurrency=width,
                        memory_mb=run.memory_mb,
                        duration_ms=duration,
                        measured_ms=run.p50_ms if width == 1 else measured.get((executor, width)),
                    )
                )
    return tuple(found)


def _executors(
    recording: Recording, groups: tuple[tuple[int, ...], ...], measured: dict[tuple[str, int], float]
) -> list[str]:
    """What its calls can go side by side on, and what they were measured on."""
    within = {call for group in groups for call in group}
    is_async = any(call.is_async for call in recording.calls if call.id in within)
    used = {executor for executor, _ in measured}
    return [executor for executor in EXECUTORS if executor in used or executor == ("tasks" if is_async else "threads")]


def _measured(run: Run, others: Sequence[Run], most: int) -> dict[tuple[str, int], float]:
    """Medians of the other variants at this memory size, by the executor they used and how many ran at once."""
    found: dict[tuple[str, int], float] = {}
    for other in others:
        if other.memory_mb != run.memory_mb or other.recording is None:
            continue
        for observation in other.recording.observations:
            width = int(min(observation.numbers.get("max_concurrency", 1), most))
            if observation.kind == "fan_out" and width > 1:
                found.setdefault((_executor_of(observation.text, other.recording), width), other.p50_ms)
    return found


def _executor_of(verb: str, recording: Recording) -> str:
    """What ran a fan-out: its verb says so, `threads.map`; of a batch, whether its records were awaited."""
    module = verb.partition(".")[0]
    if module in EXECUTORS:
        return module
    if module == "asyncio":
        return "tasks"
    return "tasks" if any(call.is_async for call in recording.calls if call.kind == "item") else "threads"
