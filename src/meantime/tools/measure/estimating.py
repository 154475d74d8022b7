"""What a function would take with its calls side by side at a memory size: one number, wherever it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.report.advice import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.measure.memory_sizes import Predict
    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Run


def estimated(
    run: Run,
    others: Sequence[Run],
    recordings: Sequence[Recording],
    *,
    predict: Predict,
    groups: tuple[tuple[int, ...], ...],
    executor: str,
    width: int,
    memory_mb: int,
) -> Estimate:
    """Predict from what was recorded at that size, or else from what was recorded of the run.

    Args:
        run: The run whose recording the groups are of.
        others: The function's runs at other memory sizes.
        recordings: More recordings of it, at any size.
        predict: The model.
        groups: The calls that may go side by side.
        executor: On what.
        width: How many at once, at most.
        memory_mb: The size.
    """
    recorded = run.recording
    assert recorded is not None  # noqa: S101  # the groups are of its calls
    alike = [one for one in recordings if _shape(one) == _shape(recorded)]
    there = [one for one in alike if one.memory_mb == memory_mb]
    own = [one for one in alike if one.memory_mb in (None, run.memory_mb)]
    found = predict(
        there or own or [recorded], executor=executor, max_concurrency=width, memory_mb=memory_mb, groups=groups
    )
    if not groups or width == 1:
        return found
    seen = next((each for each in others if each.memory_mb == memory_mb and each.cpu_ms is not None), run)
    return _possible(found, seen.cpu_ms if seen.cpu_ms is not None else recorded.cpu_ms, memory_mb)


def _possible(promised: Estimate, cpu_ms: float, memory_mb: int) -> Estimate:
    """With less than a core, computing takes its time: between what it computed in line, and what the model says.

    Side by side, a call computes less while the others keep the core warm, and more after each standstill.
    """
    share = cpu_share(memory_mb)
    least = cpu_ms / share if share < 1 else 0.0
    if promised.value >= least:
        return promised
    return Estimate(value=(promised.value + least) / 2, low=promised.low, high=max(promised.high, least))


def _shape(recording: Recording) -> list[tuple[str, int | None, str]]:
    """What makes the identifiers of one recording's calls those of another's."""
    return [(call.name, call.parent, call.line) for call in recording.calls]
