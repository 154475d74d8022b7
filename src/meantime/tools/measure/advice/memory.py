"""More memory for a function that computes, less for one that waits: Lambda gives CPU in proportion to memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import MEMORY_MB_PER_CORE, cpu_share
from meantime.tools.measure.advice.side_by_side import best_width, executor_of
from meantime.tools.measure.advice.situation import ms, usd
from meantime.tools.report.advice import Advice
from meantime.tools.report.comparison import NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.advice import MemoryPoint

_FASTER = 0.8  # of the duration: more memory has to bring that
_DEARER = 1.1  # of the cost: more memory may cost that
_SLOWER = 1.1  # of the duration: less memory may take that
_CHEAPER = 0.85  # of the cost: less memory has to bring that


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise another memory size, where one is clearly better."""
    points = {point.memory_mb: point for point in situation.points}
    now = points.get(situation.memory_mb)
    if now is None:
        return
    larger = [
        point
        for size, point in sorted(points.items())
        # One thread cannot use a second core, so nothing is promised there that was not seen.
        if size > now.memory_mb and (size <= MEMORY_MB_PER_CORE or point.measured) and _gains(now, point)
    ]
    smaller = [point for size, point in sorted(points.items()) if size < now.memory_mb and _saves(now, point)]
    if larger:
        best = min(larger, key=lambda point: point.duration_ms.value * point.cost_per_million_usd.value)
        yield _advice(situation, now, best, code="more-memory")
    elif smaller:
        best = min(smaller, key=lambda point: point.duration_ms.value * point.cost_per_million_usd.value)
        yield _advice(situation, now, best, code="less-memory")


def _gains(now: MemoryPoint, other: MemoryPoint) -> bool:
    return (
        other.duration_ms.value <= _FASTER * now.duration_ms.value
        and other.duration_ms.high * NOISE < now.duration_ms.low
        and other.cost_per_million_usd.value <= _DEARER * now.cost_per_million_usd.value
    )


def _saves(now: MemoryPoint, other: MemoryPoint) -> bool:
    return (
        other.duration_ms.value <= _SLOWER * now.duration_ms.value
        and other.cost_per_million_usd.value <= _CHEAPER * now.cost_per_million_usd.value
        and other.cost_per_million_usd.high < now.cost_per_million_usd.low
    )


def _advice(situation: Situation, now: MemoryPoint, best: MemoryPoint, *, code: str) -> Advice:
    how = "measured" if best.measured else "predicted"
    cost, before = best.cost_per_million_usd.value, now.cost_per_million_usd.value
    text = (
        f"At {best.memory_mb:,} MB it has {min(1.0, cpu_share(best.memory_mb)):.0%} of a core for its Python thread "
        f"instead of {min(1.0, situation.share):.0%}: {ms(best.duration_ms.value)} instead of "
        f"{ms(now.duration_ms.value)} ({how}), {usd(cost)} instead of {usd(before)} per million invocations."
    )
    text += _side_by_side(situation, best)
    if best.memory_mb > MEMORY_MB_PER_CORE:
        text += f" Beyond {MEMORY_MB_PER_CORE:,} MB there is a second core, which one Python thread cannot use."
    if code == "less-memory":
        text += " Max Memory Used, in the log's REPORT line, has to fit."
    verb = "Give it" if code == "more-memory" else "Let it have"
    gain = (
        f"{now.duration_ms.value / best.duration_ms.value:.1f} times faster"
        if code == "more-memory"
        else f"{1 - cost / before:.0%} cheaper at about the same speed"
    )
    return Advice(
        code=code,
        title=f"{verb} {best.memory_mb:,} MB instead of {now.memory_mb:,}: {gain}",
        text=text,
        memory_mb=best.memory_mb,
        duration_ms=best.duration_ms,
        cost_per_million_usd=best.cost_per_million_usd,
        before_ms=now.duration_ms.value,
        before_cost_per_million_usd=before,
        verify=situation.verify(sizes_mb=sorted((now.memory_mb, best.memory_mb))),
    )


def _side_by_side(situation: Situation, best: MemoryPoint) -> str:
    """What the size means for calls side by side, which share its CPU."""
    groups = situation.dependence.groups
    if not groups:
        return ""
    group = max(groups, key=lambda each: len(each.chains))
    width, here = best_width(situation, group)
    if here is None:
        return ""
    there = situation.predicted(group.phases, executor_of(situation, group), width, best.memory_mb)
    return (
        f" With {width} calls side by side it would take {ms(there.value)} at {best.memory_mb:,} MB and "
        f"{ms(here.value)} at "
        f"{situation.memory_mb:,} MB: they share the CPU."
    )
