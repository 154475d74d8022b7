"""The tables of a measured function: its handlers at each memory size, its memory sizes, and its bill."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from meantime.tools.report.comparison import NOISE, baseline_of, gains, is_faster, times_faster
from meantime.tools.report.figures import ABSENT, decimals_for, dollars, memory, milliseconds, times
from meantime.tools.report.sheets import Column, Group, Row, Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.report.advice import BestMemory, Estimate
    from meantime.tools.report.results import Example, Results, Run

INSIDE_NOISE = "noise"
# A sum below this is not what anybody changes a function for.
_LITTLE_USD = 10.0


def handlers_sheet(results: Results, example: Example) -> Sheet:
    """Give the numbers of each handler at each memory size, and where a difference is inside the noise."""
    runs = results.runs_of(example.name)
    decimals = decimals_for(run.p50_ms for run in runs)
    groups = []
    for memory_mb, found in groupby(runs, key=lambda run: run.memory_mb):
        beside = tuple(found)
        near_best = min(run.p50_ms for run in beside) * NOISE
        told_apart = any(run.p50_ms >= near_best for run in beside)
        rows = tuple(
            Row(
                (
                    run.variant,
                    _median(run, decimals),
                    milliseconds(run.p95_ms, decimals),
                    _faster(run, beside),
                    dollars(run.cost_per_million_usd),
                    milliseconds(run.cold_ms or None),  # a recording knows of no cold start
                ),
                best=told_apart and run.p50_ms < near_best,
            )
            for run in beside
        )
        groups.append(Group(memory(memory_mb), rows))
    columns = (
        Column("memory"),
        Column("handler", figures=False, key=True),
        Column("p50 ms", "Median duration of the warm invocations, and within what it holds 19 times in 20", key=True),
        Column("p95 ms", "95th percentile of the durations"),
        Column("faster", "How many times faster than the first handler; noise: they cannot be told apart", key=True),
        Column("$/million", "US dollars for a million warm invocations, requests included"),
        Column("cold", "Init duration of the cold start, ms"),
    )
    return Sheet(example.title, columns, tuple(groups))


def what_if_sheet(example: Example, memory_sizes: Sequence[int] | None = None) -> Sheet:
    """Give what an invocation would take with its calls side by side; what was measured stands behind a slash.

    Args:
        example: Where the predictions are.
        memory_sizes: The sizes that get a column; all of them if None.
    """
    sizes = what_if_sizes(example) if memory_sizes is None else memory_sizes
    by_place = {(each.executor, each.max_concurrency, each.memory_mb): each for each in example.predictions}
    decimals = decimals_for(each.duration_ms.value for each in example.predictions)

    def cell(executor: str, number: int, memory_mb: int) -> str:
        prediction = by_place.get((executor, number, memory_mb))
        if prediction is None:
            return ABSENT
        predicted = milliseconds(prediction.duration_ms.value, decimals)
        measured = prediction.measured_ms
        return predicted if measured is None else f"{predicted}/{milliseconds(measured, decimals)}"

    groups = []
    for executor in dict.fromkeys(each.executor for each in example.predictions):
        at_once = sorted({each.max_concurrency for each in example.predictions if each.executor == executor})
        rows = tuple(Row((f"{number:,}", *(cell(executor, number, size) for size in sizes))) for number in at_once)
        groups.append(Group(executor, rows))
    columns = (
        Column("executor", figures=False),
        Column("at once", "How many calls go side by side, at most"),
        *(Column(memory(size), "Duration of a warm invocation, ms") for size in sizes),
    )
    return Sheet("If its calls went side by side, ms", columns, tuple(groups))


def what_if_sizes(example: Example) -> tuple[int, ...]:
    """Give the memory sizes that there are predictions for."""
    return tuple(sorted({each.memory_mb for each in example.predictions}))


def memory_sheet(example: Example) -> Sheet:
    """Give speed and cost by memory size, which of them were measured, and which is best for what."""
    decimals = decimals_for(point.duration_ms.value for point in example.memory_points)
    groups = tuple(
        Group(
            memory(point.memory_mb),
            (
                Row(
                    (
                        milliseconds(point.duration_ms.value, decimals),
                        _range(point.duration_ms, decimals),
                        dollars(point.cost_per_million_usd.value),
                        "measured" if point.measured else "predicted",
                        best := _best_for(example.best_memory, point.memory_mb),
                    ),
                    best=bool(best),
                ),
            ),
        )
        for point in example.memory_points
    )
    columns = (
        Column("memory"),
        Column("ms", "Duration of a warm invocation", key=True),
        Column(
            "range",
            "Of a measured size where its median lies 19 times in 20, or with fewer than 6 invocations the shortest "
            "and the longest; of a predicted one where it lies 9 times in 10",
        ),
        Column("$/million", "US dollars for a million warm invocations", key=True),
        Column("how", "Whether it was run at this size", figures=False),
        Column("best for", "balance weighs cost and duration alike", figures=False, key=True),
    )
    return Sheet("Memory", columns, groups)


def told_of(results: Results, example: Example) -> str:
    """Name the handler that predictions and memory sizes are of, where several were measured: the first."""
    runs = results.runs_of(example.name)
    baseline = baseline_of(runs)
    return baseline.variant if baseline is not None and len({run.variant for run in runs}) > 1 else ""


def bill_sheet(results: Results, example: Example) -> Sheet:
    """Give the bill of each handler at each memory size; without rows where none was made."""
    found = sorted((bill for bill in results.bills if bill.example == example.name), key=lambda bill: bill.memory_mb)
    billed = {(run.variant, run.memory_mb): run.billed_ms for run in results.runs_of(example.name)}
    by_month = any(bill.per_month_usd is not None for bill in found)
    with_cold = any(bill.init_per_million_usd for bill in found)
    groups = []
    for memory_mb, members in groupby(found, key=lambda bill: bill.memory_mb):
        rows = []
        for bill in members:
            cells = [
                bill.variant,
                _billed(billed.get((bill.variant, bill.memory_mb))),
                dollars(bill.compute_per_million_usd),
                dollars(bill.requests_per_million_usd),
            ]
            if with_cold:
                cells.append(dollars(bill.init_per_million_usd))
            cells.append(dollars(bill.per_million_usd))
            if by_month:
                cells.append(ABSENT if bill.per_month_usd is None else dollars(bill.per_month_usd))
            rows.append(Row(tuple(cells)))
        groups.append(Group(memory(memory_mb), tuple(rows)))
    columns: tuple[Column, ...] = (
        Column("memory"),
        Column("handler", figures=False),
        Column("billed", "Billed duration of one invocation, ms"),
        Column("compute", "US dollars for the GB-seconds of a million invocations"),
        Column("requests", "For a million requests"),
    )
    if with_cold:
        columns += (Column("cold", "What cold starts add, initialisation included"),)
    columns += (Column("/million", "All of it", key=True),)
    if by_month:
        columns += (Column("/month", "At the rate that was given", key=True),)
    return Sheet("Bill, US dollars", columns, tuple(groups))


def savings(results: Results, example: Example) -> tuple[str, ...]:
    """Say what the best handler saves against the first at each memory size, and whether that is money at all."""
    sentences = []
    for gain in gains(results):
        if gain.example.name != example.name:
            continue
        before, after = results.bill_of(gain.baseline), results.bill_of(gain.best)
        if before is None or after is None:
            continue
        saved = before.per_million_usd - after.per_million_usd
        sum_told, told = saved, f"${dollars(abs(saved))} per million"
        if before.per_month_usd is not None and after.per_month_usd is not None:
            sum_told = before.per_month_usd - after.per_month_usd
            told += f", ${dollars(abs(sum_told))} per month"
        where = f"At {memory(gain.memory_mb)} {gain.best.variant}"
        if not gain.worthwhile and not gain.loses:
            sentences.append(f"{where} costs about what {gain.baseline.variant} does: the difference is noise.")
        elif saved < 0:
            sentences.append(f"{where} costs {told} more than {gain.baseline.variant}.")
        else:
            honest = ": latency is the gain, not money" if 0 <= sum_told < _LITTLE_USD else ""
            sentences.append(f"{where} saves {told}{honest}.")
    return tuple(sentences)


def _faster(run: Run, beside: tuple[Run, ...]) -> str:
    baseline = baseline_of(beside)
    if baseline is None or len(beside) == 1 or run is baseline:
        return ABSENT
    if not is_faster(run, baseline) and not is_faster(baseline, run):
        return INSIDE_NOISE
    return times(times_faster(run, beside))


def _billed(milliseconds_billed: float | None) -> str:
    if milliseconds_billed is None:
        return ABSENT
    return milliseconds(milliseconds_billed, 0 if milliseconds_billed == int(milliseconds_billed) else 1)


def _median(run: Run, decimals: int) -> str:
    median = milliseconds(run.p50_ms, decimals)
    if run.interval_ms is None:
        return median
    low, high = run.interval_ms
    return f"{median} ({milliseconds(low, decimals)}..{milliseconds(high, decimals)})"


def _range(estimate: Estimate, decimals: int) -> str:
    if estimate.low == estimate.high:
        return ABSENT  # it was run once
    return f"{milliseconds(estimate.low, decimals)}..{milliseconds(estimate.high, decimals)}"


def _best_for(best: BestMemory | None, memory_mb: int) -> str:
    if best is None:
        return ""
    named = {"speed": best.speed_mb, "cost": best.cost_mb, "balance": best.balance_mb}
    return ", ".join(name for name, size in named.items() if size == memory_mb)
