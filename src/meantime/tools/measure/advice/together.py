"""More memory and calls side by side at once: at a small share of a core either alone wins little, both win most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.measure.advice.changing import change_of
from meantime.tools.measure.advice.side_by_side import best_width, executor_of, leaves_of, pool_too_narrow
from meantime.tools.measure.advice.situation import in_words, lines_of, ms, usd
from meantime.tools.report.advice import Advice, Estimate
from meantime.tools.report.comparison import NOISE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.dependence import Group

_SIZES = (256, 512, 1024)  # what a whole core makes of it is too far from what was seen
_MUCH_FASTER = 0.6  # of what it takes with the calls side by side and the memory it has
_DEARER = 1.1  # of the cost: both may cost that
_UNSURE = 1.15  # times the range of one change


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise both, where they are much faster than the calls side by side alone, and hardly dearer than now."""
    if situation.share >= 1 or not situation.dependence.groups:
        return
    group = max(situation.dependence.groups, key=lambda each: len(each.chains))
    _, here = best_width(situation, group)
    if here is None:
        return
    alone = min(here.value, situation.median_ms)
    limit = situation.run.cost_per_million_usd * _DEARER
    found: list[tuple[float, int, int, Estimate]] = []  # by rising memory
    for size in _SIZES:
        if size > situation.memory_mb:
            width, there = best_width(situation, group, size)
            if there is None:
                continue
            if there.value > _MUCH_FASTER * alone or not situation.is_worth_it(there):
                continue
            cost = situation.cost(there, size).value
            if cost <= limit:
                found.append((cost, size, width, _less_sure(there)))
    if found:
        cheapest = min(cost for cost, *_ in found) * NOISE
        # Of those that nobody could tell from the cheapest by the bill, the fastest.
        _, size, width, there = min((each for each in found if each[0] <= cheapest), key=lambda each: each[3].value)
        yield _advice(situation, group, width, size, there, here)


def _less_sure(there: Estimate) -> Estimate:
    """Two things change at once, and what is known was seen of a process that stood still most of the time."""
    return Estimate(value=there.value, low=there.low / _UNSURE, high=there.high * _UNSURE)


def _advice(  # noqa: PLR0917  # what is advised, and what it is held against
    situation: Situation, group: Group, width: int, size: int, there: Estimate, here: Estimate
) -> Advice:
    executor = executor_of(situation, group)
    cost, before = situation.cost(there, size), situation.run.cost_per_million_usd
    text = (
        f"Either alone helps little. Side by side at {situation.memory_mb:,} MB the calls share {situation.share:.0%} "
        f"of a core: {ms(here.value)} instead of {ms(situation.median_ms)}. At {size:,} MB it is "
        f"{min(1.0, cpu_share(size)):.0%}: {in_words(there)}, {usd(cost.value)} instead of {usd(before)} per million "
        "invocations."
    )
    text = " ".join([text, *pool_too_narrow(situation, leaves_of(situation, group), width)])
    return Advice(
        code="more-memory",
        title=(
            f"Give it {size:,} MB instead of {situation.memory_mb:,}, and run {len(group.chains)} calls side by side, "
            f"{width} at once, on {executor}: {situation.median_ms / there.value:.1f} times faster"
        ),
        text=text,
        calls=group.calls,
        lines=group.lines or lines_of(situation.calls[number] for number in group.calls),
        executor=executor,
        max_concurrency=width,
        memory_mb=size,
        duration_ms=there,
        cost_per_million_usd=cost,
        before_ms=situation.median_ms,
        before_cost_per_million_usd=before,
        assumption=group.assumption,
        change=change_of(situation, group, executor, width),
        verify=situation.verify(executor, sizes_mb=(situation.memory_mb, size)),
    )
