"""What the numbers of one example say, in a sentence for each memory size: what is gained, and what limits it."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.measure.diagnosis import computing_ms
from meantime.tools.report.comparison import NOISE, baseline_of, is_faster
from meantime.tools.report.intervals import ratio_interval
from meantime.tools.report.results import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meantime.tools.report.results import Run

# From this part of a duration on, computing at the share of CPU there is counts as what limits it.
_LIMITING = 0.7
_TENTHS_BELOW_MS = 9.5


def verdicts(runs: Iterable[Run]) -> tuple[Verdict, ...]:
    """A sentence for each memory size at which something was run beside what all are compared with.

    Args:
        runs: The runs of one example.
    """
    ordered = sorted(runs, key=lambda run: run.memory_mb)
    found = []
    for memory_mb, group in groupby(ordered, key=lambda run: run.memory_mb):
        variants = list(group)
        baseline = baseline_of(variants)
        others = sorted((run for run in variants if run is not baseline), key=lambda run: run.p50_ms)
        if baseline is not None and others:
            text = _sentence(baseline, others)
            # A handler's name begins as it is written.
            capital = text if "." in text.split(" ", 1)[0] else text[0].upper() + text[1:]
            found.append(Verdict(memory_mb=memory_mb, text=capital))
    return tuple(found)


def _sentence(baseline: Run, others: list[Run]) -> str:
    best = others[0]
    times = baseline.p50_ms / best.p50_ms
    share = f"{cpu_share(best.memory_mb):.0%} of a core"
    computing = f"{_ms(best.cpu_ms or 0)} of CPU at {share} take {_ms(computing_ms(best.cpu_ms or 0, best.memory_mb))}"
    is_limited_by_cpu = _is_limited_by_cpu(best)
    waits_ms = _waits_ms(baseline)
    if not is_faster(best, baseline):
        plural = len(others) > 1 or best.variant.endswith("s")
        named = _listed([run.variant for run in others])
        if is_faster(baseline, best):
            gain = f"{named} {'lose' if plural else 'loses'} time, {1 / times:.2f} times slower{_range(best, baseline)}"
        else:
            gain = f"{named} {'gain' if plural else 'gains'} nothing{_told(best, baseline)}"
        if waits_ms == 0:
            return f"{gain}: there is nothing to wait for, and {computing} however they are arranged; {_more(best)}."
        if is_limited_by_cpu:
            waited = "" if waits_ms is None else f", and the waits of {_ms(waits_ms)} already pass meanwhile"
            return (
                f"{gain}: the function's own computing is the limit, {computing}{waited}; {_more(best)}, more "
                "concurrency does not."
            )
        unsure = "" if _range(best, baseline) else " that can be told from noise"
        return f"{gain}{unsure}: {_ms(best.p50_ms)} after {_ms(baseline.p50_ms)}."
    fastest = [run for run in others if run.p50_ms < best.p50_ms * NOISE]
    answers = "answer" if len(fastest) > 1 or best.variant.endswith("s") else "answers"
    won = (
        f"{_listed([run.variant for run in fastest])} {answers} in {_ms(best.p50_ms)} instead of "
        f"{_ms(baseline.p50_ms)}, {times:.1f} times faster{_range(baseline, best)}"
    )
    if is_limited_by_cpu:
        return f"{won}; now computing is the limit, {computing}; {_more(best)}."
    if not best.ideal_ms:
        return f"{won}."
    return (
        f"{won}; the longest chain of waits is {_ms(best.ideal_ms)}, and {_ms(best.p50_ms - best.ideal_ms)} are the "
        "function's own."
    )


def _is_limited_by_cpu(run: Run) -> bool:
    """Whether computing, at the share of CPU there is, fills the duration; short bursts pass at the speed of a core."""
    if run.recording is None:
        return computing_ms(run.cpu_ms or 0, run.memory_mb) >= _LIMITING * run.p50_ms
    parts = run.recording.accounting
    return parts.computing_ms + parts.lock_ms + parts.throttled_ms >= _LIMITING * run.recording.duration_ms


def _waits_ms(run: Run) -> float | None:
    """How long it waits, as its downstream saw it, or else as it was recorded; None where neither is known."""
    if run.ideal_ms is not None:
        return run.ideal_ms
    if run.recording is not None:
        parts = run.recording.accounting
        waits = parts.waiting_alone_ms + parts.waiting_together_ms
        return waits if waits >= (1 - 1 / NOISE) * run.recording.duration_ms else 0.0
    return 0.0 if _is_limited_by_cpu(run) else None


def _range(slower: Run, faster: Run) -> str:
    """Between which ratios the one lies, where the rounds tell."""
    interval = ratio_interval(slower.durations_ms, faster.durations_ms)
    if interval is None:
        return ""
    # That of the medians is told before it, and need not be the median of the rounds' own.
    times = slower.p50_ms / faster.p50_ms
    return f" ({min(interval[0], times):.2f} to {max(interval[1], times):.2f})"


def _told(run: Run, baseline: Run) -> str:
    """That a difference is inside the noise, or too small to matter, with the numbers that say so."""
    interval = ratio_interval(run.durations_ms, baseline.durations_ms)
    if interval is None:
        return ""
    low, high = interval
    numbers = f"{low:.2f} to {high:.2f} of the duration"
    return f" ({numbers}, inside the noise)" if low <= 1 <= high else f" worth a word ({numbers})"


def _more(run: Run) -> str:
    """What helps against computing: memory brings CPU, but one Python thread uses no more than one core of it."""
    if cpu_share(run.memory_mb) < 1:
        return "more memory, and with it more CPU, helps"
    return "this is a whole core, the most that one Python thread can use, and only less computing helps"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _ms(value: float) -> str:
    return f"{value:.2g} ms" if value < _TENTHS_BELOW_MS else f"{value:,.0f} ms"
