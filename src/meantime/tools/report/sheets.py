"""The tables as plain text in rows and columns, before anything is known of where they will be shown."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from meantime.tools.report.comparison import BASELINE, NOISE, baseline_of, gains, times_faster
from meantime.tools.report.figures import ABSENT, decimals_for, dollars, memory, milliseconds, times

if TYPE_CHECKING:
    from meantime.tools.report.results import Example, Results, Run

# A saving is a difference of two medians: a tenth of a millisecond of it is noise sooner.
_WHOLE_SAVED_FROM_MS = 10.0


@dataclass(frozen=True)
class Column:
    """A heading, what it means at length, whether figures stand below it, and whether it is what a reader seeks."""

    heading: str
    meaning: str = ""
    figures: bool = True
    key: bool = False


@dataclass(frozen=True)
class Row:
    """The cells after the group's label; `best` marks the row to look at, `muted` one without news."""

    cells: tuple[str, ...]
    best: bool = False
    muted: bool = False


@dataclass(frozen=True)
class Group:
    """Rows that belong together, under one label that stands in the first column."""

    label: str
    rows: tuple[Row, ...]
    example: Example | None = None


@dataclass(frozen=True)
class Sheet:
    """A table: the first column holds the groups' labels."""

    title: str
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]


def summary_sheet(results: Results) -> Sheet:
    """Give the summary: for each example and memory size, the best variant and what it saves."""
    compared = gains(results)
    decimals = decimals_for((gain.saved_ms for gain in compared if gain.worthwhile), whole_from=_WHOLE_SAVED_FROM_MS)
    groups = []
    for _, found in groupby(compared, key=lambda gain: gain.example.name):
        members = list(found)
        rows = tuple(
            Row(
                (
                    memory(gain.memory_mb),
                    ", ".join(gain.ties) if gain.worthwhile else "slower" if gain.loses else "no gain",
                    times(gain.times),
                    milliseconds(gain.saved_ms, decimals),
                    dollars(gain.saved_usd),
                ),
                muted=not gain.worthwhile,
            )
            for gain in members
        )
        groups.append(Group(members[0].example.title, rows, members[0].example))
    columns = (
        Column("function", figures=False),
        Column("memory"),
        Column("best", "The fastest variant; several where they cannot be told apart", figures=False),
        Column("faster", "Median duration of sequential, or else of the first variant, divided by that of the best"),
        Column("saved ms", "Median time saved in one invocation"),
        Column("saved $/million", "US dollars saved in a million invocations"),
    )
    return Sheet("Summary", columns, tuple(groups))


def example_sheet(results: Results, example: Example, *, details: bool = False) -> Sheet:
    """Give the numbers of one example, by memory size and variant.

    Args:
        results: Where the runs are.
        example: Which of its examples.
        details: Add what explains the durations: the ideal, and the CPU used.
    """
    runs = results.runs_of(example.name)
    lines = list(zip(runs, zip(*_columns_of(runs, details=details), strict=True), strict=True)) if runs else []
    groups = []
    for memory_mb, found in groupby(lines, key=lambda line: line[0].memory_mb):
        members = list(found)
        near_best = min(run.p50_ms for run, _ in members) * NOISE
        # Where all are alike, none is best.
        told_apart = any(run.p50_ms >= near_best for run, _ in members)
        rows = tuple(Row(cells, best=told_apart and run.p50_ms < near_best) for run, cells in members)
        groups.append(Group(memory(memory_mb), rows))
    baseline = baseline_of(runs)
    compared_with = BASELINE if baseline is None else baseline.variant
    columns: tuple[Column, ...] = (
        Column("memory"),
        Column("variant", figures=False, key=True),
        Column("p50 ms", "Median duration of the warm invocations", key=True),
        Column("p95 ms", "95th percentile of their durations"),
        Column("faster", f"Median duration of {compared_with} at the same memory, divided by this one", key=True),
        Column("billed ms", "Billed duration of one invocation"),
        Column("$/million", "US dollars for a million invocations, requests included"),
        Column("cold ms", "Init duration of the cold start"),
    )
    if details:
        columns += (
            Column("ideal ms", "Longest chain of waits that the downstream really delivered"),
            Column("p50 / ideal", "How far the median is from the ideal"),
            Column("CPU ms", "CPU that one invocation used"),
        )
    return Sheet(example.title, columns, tuple(groups))


def _columns_of(runs: tuple[Run, ...], *, details: bool) -> list[list[str]]:
    decimals = decimals_for(run.p50_ms for run in runs)
    columns = [
        [run.variant for run in runs],
        [milliseconds(run.p50_ms, decimals) for run in runs],
        [milliseconds(run.p95_ms, decimals) for run in runs],
        [times(times_faster(run, runs)) for run in runs],
        [milliseconds(run.billed_ms, _billed_decimals(runs)) for run in runs],
        [dollars(run.cost_per_million_usd) for run in runs],
        [milliseconds(run.cold_ms) for run in runs],
    ]
    if details:
        columns += [
            _times([run.ideal_ms for run in runs]),
            [f"{run.p50_ms / run.ideal_ms:.2f}" if run.ideal_ms else ABSENT for run in runs],
            _times([run.cpu_ms for run in runs]),
        ]
    return columns


def _times(values: list[float | None]) -> list[str]:
    decimals = decimals_for(values)
    return [milliseconds(value, decimals) for value in values]


def _billed_decimals(runs: tuple[Run, ...]) -> int:
    # A single invocation is billed in whole milliseconds; a mean of several need not be whole.
    return 0 if all(run.billed_ms == int(run.billed_ms) for run in runs) else 1
