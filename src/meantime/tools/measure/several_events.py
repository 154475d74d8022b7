"""One change for a function that was measured with several events: what each event alone advises, put together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from meantime.tools.measure.kept_promises import with_measured
from meantime.tools.report.advice import Estimate
from meantime.tools.report.comparison import NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from meantime.tools.measure.changed_code import Change
    from meantime.tools.report.advice import Advice
    from meantime.tools.report.results import Example, Run

_PUT_TOGETHER = ("side-by-side", "more-at-once")
_COUNTED = re.compile(r"\bthe \d+ (turns|records)\b|\b\d+ calls\b")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event's example, or the whole's, with the runs of the function as it is and of its variants."""

    example: Example
    runs: Sequence[Run]


def put_together(whole: Told, events: Sequence[Told], changes: Mapping[str, Change]) -> list[Example]:
    """Give the whole with one advice for each place, and the events with what it is for each of them.

    Args:
        whole: All events, as one.
        events: Each by itself.
        changes: What was changed in the code of a variant.
    """
    advised: dict[tuple[str, tuple[str, ...]], dict[str, Advice]] = {}
    for told in events:
        for advice in told.example.advice:
            if advice.code in _PUT_TOGETHER and advice.duration_ms is not None:
                advised.setdefault((advice.code, advice.lines), {}).setdefault(told.example.name, advice)
    together = [
        (key, found) for key, of_event in advised.items() for found in _of_all(whole, events, of_event, changes)
    ]
    together.sort(key=lambda each: each[1].duration_ms.value if each[1].duration_ms is not None else 0.0)
    known = {key for key, _ in together}
    of_events = [
        replace(told.example, advice=tuple(_pointing(advice, known) for advice in told.example.advice))
        for told in events
    ]
    return [replace(whole.example, advice=(*(each for _, each in together), *whole.example.advice)), *of_events]


def _of_all(
    whole: Told, events: Sequence[Told], of_event: Mapping[str, Advice], changes: Mapping[str, Change]
) -> Iterator[Advice]:
    """One advice for all events: as wide as the widest needs it."""
    widest = max(of_event.values(), key=lambda advice: advice.max_concurrency or 0)
    variant = whole.runs[0].variant
    run = _at(whole.runs, variant, widest.memory_mb)
    each = [(told, _at(told.runs, variant, widest.memory_mb)) for told in events]
    if run is None:
        return
    durations, costs, told_of = [], [], []
    for told, its_run in each:
        if its_run is None:
            return
        advice = of_event.get(told.example.name)
        name = told.example.name.removeprefix(f"{whole.example.name}, ")
        if advice is None or advice.duration_ms is None or advice.cost_per_million_usd is None:
            durations.append(_sure(its_run.p50_ms))
            costs.append(_sure(its_run.cost_per_million_usd))
            told_of.append(f"{name}: {its_run.p50_ms:,.0f} ms as before")
        else:
            durations.append(advice.duration_ms)
            costs.append(advice.cost_per_million_usd)
            told_of.append(f"{name}: {advice.duration_ms.value:,.0f} ms instead of {its_run.p50_ms:,.0f} ms")
    duration = _mean(durations)
    if duration.value * NOISE >= run.p50_ms:
        return
    what = _COUNTED.sub(lambda found: f"the {found[1] or 'calls'}", widest.title.partition(": saves")[0])
    merged = replace(
        widest,
        title=f"{what}: saves {run.p50_ms - duration.value:,.0f} ms of {run.p50_ms:,.0f} ms, the mean of all events",
        text=f"By event: {'; '.join(told_of)}. The number at once is what the event with the most of them needs.",
        calls=(),
        duration_ms=duration,
        cost_per_million_usd=_mean(costs),
        before_ms=run.p50_ms,
        before_cost_per_million_usd=run.cost_per_million_usd,
    )
    yield with_measured(merged, changes, whole.runs)


def _pointing(advice: Advice, known: set[tuple[str, tuple[str, ...]]]) -> Advice:
    """An event's advice without a change of its own, where there is one for all events."""
    if (advice.code, advice.lines) not in known:
        return advice
    text = f"{advice.text} The change is told once, with all events."
    return replace(advice, text=text, change="", verify="")


def _at(runs: Sequence[Run], variant: str, memory_mb: int | None) -> Run | None:
    return next((run for run in runs if run.variant == variant and run.memory_mb == memory_mb), None)


def _sure(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value)


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    return Estimate(
        value=fmean(each.value for each in estimates),
        low=fmean(each.low for each in estimates),
        high=fmean(each.high for each in estimates),
    )
