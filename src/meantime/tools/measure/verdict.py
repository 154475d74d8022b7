"""What the numbers of one example say, in a sentence for each memory size: what is gained, and what limits it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.report.comparison import NOISE, is_faster
from meantime.tools.report.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.report.results import Run

# From this part of a duration on, computing at the share of CPU there is counts as what limits it.
_LIMITING = 0.7


def verdicts(runs: Iterable[Run]) -> tuple[Verdict, ...]:
    """A sentence for each memory size at which `sequential` and something beside it were run.

    Args:
        runs: The runs of one example.
    """
    ordered = sorted(runs, key=lambda run: run.memory_mb)
    found = []
    for memory_mb, group in groupby(ordered, key=lambda run: run.memory_mb):
        variants = {run.variant: run for run in group}
        sequential = variants.pop("sequential", None)
        if sequential is not None and variants:
            text = _sentence(sequential, sorted(variants.values(), key=lambda run: run.p50_ms))
            found.append(Verdict(memory_mb=memory_mb, text=text[0].upper() + text[1:]))
    return tuple(found)


def computing_ms(run: Run) -> float:
    """How long the CPU time of one invocation takes at the share of CPU that its memory gives."""
    return (run.cpu_ms or 0.0) / min(1.0, cpu_share(run.memory_mb))


def _sentence(sequential: Run, others: list[Run]) -> str:
    best = others[0]
    times = sequential.p50_ms / best.p50_ms
    share = f"{cpu_share(best.memory_mb):.0%} of a core"
    computing = f"{_ms(best.cpu_ms or 0)} of CPU at {share} take {_ms(computing_ms(best))}"
    is_limited_by_cpu = computing_ms(best) >= _LIMITING * best.p50_ms
    if not is_faster(best, sequential):
        named = " and ".join(run.variant for run in others)
        loses = is_faster(sequential, best)
        gain = f"{named} lose time, {1 / times:.2f} times slower" if loses else f"{named} gain nothing"
        if not sequential.ideal_ms:
            return f"{gain}: there is nothing to wait for, and {computing} however they are arranged; {_more(best)}."
        if is_limited_by_cpu:
            return (
                f"{gain}: the function's own computing is the limit, {computing}, and the waits of "
                f"{_ms(sequential.ideal_ms)} already pass meanwhile; {_more(best)}, more concurrency does not."
            )
        return f"{gain} that can be told from noise: {_ms(best.p50_ms)} after {_ms(sequential.p50_ms)}."
    fastest = " and ".join(run.variant for run in others if run.p50_ms < best.p50_ms * NOISE)
    won = f"{fastest} answer in {_ms(best.p50_ms)} instead of {_ms(sequential.p50_ms)}, {times:.1f} times faster"
    if is_limited_by_cpu:
        return f"{won}; now computing is the limit, {computing}; {_more(best)}."
    ideal = best.ideal_ms or 0.0
    return f"{won}; the longest chain of waits is {_ms(ideal)}, and {_ms(best.p50_ms - ideal)} are the function's own."


def _more(run: Run) -> str:
    """What helps against computing: memory brings CPU, but one Python thread uses no more than one core of it."""
    if cpu_share(run.memory_mb) < 1:
        return "more memory, and with it more CPU, helps"
    return "this is a whole core, the most that one Python thread can use, and only less computing helps"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms"
