"""What running calls side by side gained over running them one after another, per example and memory size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from statistics import quantiles
from typing import TYPE_CHECKING

from meantime.tools.report.intervals import ratio_interval

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.report.results import Example, Results, Run

# Every variant is compared with this one; where there is none of that name, with the one that was named first.
BASELINE = "sequential"
# Medians nearer than this to each other are not told apart, and would not be worth a word.
NOISE = 1.05
_QUARTILES_FROM = 4  # durations; fewer have no quartiles worth the name


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The fastest variant beside the one that all are compared with, at one memory size.

    Args:
        example: What was run.
        memory_mb: At which memory size.
        baseline: The run of the variant that all are compared with.
        best: The fastest of the others.
        ties: Names of the variants that cannot be told from the fastest, itself first.
    """

    example: Example
    memory_mb: int
    baseline: Run
    best: Run
    ties: tuple[str, ...]

    @property
    def times(self) -> float:
        """How many times faster the best variant answers."""
        return self.baseline.p50_ms / self.best.p50_ms

    @property
    def saved_ms(self) -> float:
        """Median time saved in one invocation."""
        return self.baseline.p50_ms - self.best.p50_ms

    @property
    def saved_usd(self) -> float:
        """Money saved in a million invocations."""
        return self.baseline.cost_per_million_usd - self.best.cost_per_million_usd

    @property
    def worthwhile(self) -> bool:
        """Whether the gain is more than noise."""
        return is_faster(self.best, self.baseline)

    @property
    def loses(self) -> bool:
        """Whether the best of the others is slower than the baseline, and that is more than noise."""
        return is_faster(self.baseline, self.best)


def is_faster(run: Run, other: Run) -> bool:
    """Whether a run is faster by more than noise: the medians differ, and so does nearly every pair of a round.

    Where rounds are too few, or were not run in turn, the middle halves of the durations must not overlap.
    """
    if other.p50_ms < run.p50_ms * NOISE:
        return False
    if (interval := ratio_interval(run.durations_ms, other.durations_ms)) is not None:
        return interval[1] < 1
    if min(len(run.durations_ms), len(other.durations_ms)) < _QUARTILES_FROM:
        return True
    return _quartiles(run)[2] < _quartiles(other)[0]


def baseline_of(runs: Iterable[Run]) -> Run | None:
    """Give the run that others of the same work at the same memory are compared with; None without runs."""
    listed = list(runs)
    return next((run for run in listed if run.variant == BASELINE), listed[0] if listed else None)


def _quartiles(run: Run) -> list[float]:
    return quantiles(run.durations_ms, n=4, method="inclusive")


def gains(results: Results) -> tuple[Gain, ...]:
    """Compare every example at every memory size where the baseline and some other variant were run."""
    found = []
    for example in results.examples:
        for memory_mb, group in groupby(results.runs_of(example.name), key=lambda run: run.memory_mb):
            runs = list(group)
            baseline = baseline_of(runs)
            others = sorted((run for run in runs if run is not baseline), key=lambda run: run.p50_ms)
            if baseline is None or not others:
                continue
            ties = tuple(run.variant for run in others if run.p50_ms < others[0].p50_ms * NOISE)
            found.append(Gain(example=example, memory_mb=memory_mb, baseline=baseline, best=others[0], ties=ties))
    return tuple(found)


def times_faster(run: Run, runs: tuple[Run, ...]) -> float | None:
    """Say how many times faster a run is than the baseline at the same memory size; None where nothing else was run."""
    beside = [other for other in runs if (other.example, other.memory_mb) == (run.example, run.memory_mb)]
    baseline = baseline_of(beside)
    return None if baseline is None or len(beside) == 1 else baseline.p50_ms / run.p50_ms
