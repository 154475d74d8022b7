"""Recordings whose CPU times are nearer to what the same work takes when it is not recorded, measured besides."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Final

from meantime.tools.measure.prediction import draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Run

_DRAWN: Final = 21  # invocations, for their CPU time
_STEPS: Final = 3
_LEAST, _MOST = 0.6, 1.8  # times what was recorded: beyond that it is something else that differs
_ALIKE: Final = 0.02  # as a part: near enough
_SMALL: Final = 0.1  # as a part: a difference as between one measurement and the next
_LEAST_MS: Final = 0.5  # of CPU


def calibrated(recordings: Iterable[Recording], runs: Sequence[Run]) -> tuple[Recording, ...]:
    """The recordings, their CPU times half-way to where the model has the function as it is take what was measured.

    What recording costs, and what standing still does, is known only on average; the CPU time of invocations that were
    not recorded is known, but of few. So each is believed half, and small differences are left alone.

    Args:
        recordings: Those of one function.
        runs: Its runs, one a memory size.
    """
    measured = {run.memory_mb: run.cpu_ms for run in runs if run.cpu_ms}
    return tuple(_calibrated(one, measured.get(one.memory_mb or 0)) for one in recordings)


def _calibrated(recording: Recording, cpu_ms: float | None) -> Recording:
    if cpu_ms is None or min(cpu_ms, recording.cpu_ms) < _LEAST_MS:
        return recording
    factor, found = 1.0, recording
    before = 0.0, 0.0  # without CPU time there is none
    modelled = _cpu_ms(recording)
    if abs(modelled - cpu_ms) <= _SMALL * cpu_ms:
        return recording
    cpu_ms = (cpu_ms + modelled) / 2
    for _ in range(_STEPS):
        is_ = _cpu_ms(found)
        if abs(is_ - cpu_ms) <= _ALIKE * cpu_ms or is_ == before[1]:
            break
        slope = (is_ - before[1]) / (factor - before[0])
        before = factor, is_
        factor = min(_MOST, max(_LEAST, factor + (cpu_ms - is_) / slope))
        if factor == before[0]:
            break
        found = _with_cpu_times(recording, factor)
    return found


def _cpu_ms(recording: Recording) -> float:
    """What the model has the function as it is compute."""
    drawn = draw(
        [recording],
        executor="threads",
        max_concurrency=1,
        memory_mb=recording.memory_mb or 1769,
        groups=(),
        count=_DRAWN,
    )
    return median(computed for _, computed in drawn)


def _with_cpu_times(recording: Recording, factor: float) -> Recording:
    return replace(
        recording,
        cpu_ms=recording.cpu_ms * factor,
        calls=tuple(replace(call, computing_ms=call.computing_ms * factor) for call in recording.calls),
        waits=tuple(replace(wait, computed_before_ms=wait.computed_before_ms * factor) for wait in recording.waits),
    )
