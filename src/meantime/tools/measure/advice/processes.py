"""Computing on several cores, for a function that has more than one: above 1,769 MB."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import MEMORY_MB_PER_CORE
from meantime.tools.measure.advice.situation import in_words, lines_of, ms
from meantime.tools.report.advice import Advice, Estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation

_MOSTLY = 0.6  # of an item's time: computing
_START_MS = 15.0  # a process forked and its pipes; facts measured: 6 to 16 ms
_UNSURE = 0.25  # of what is to be computed


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise processes for items that compute, one after another, where there is more than one core."""
    if situation.memory_mb <= MEMORY_MB_PER_CORE:
        return
    items = [
        call
        for call in situation.recording.calls
        if call.kind == "item" and call.parent is None and call.computing_ms >= _MOSTLY * call.duration_ms
    ]
    computing = sum(call.computing_ms for call in items)
    cores = min(math.ceil(situation.share), len(items))
    if cores < 2:  # noqa: PLR2004  # the fewest that are more than one
        return
    after = computing / min(situation.share, cores) + _START_MS * cores
    value = max(situation.median_ms - computing + after, 0.0)
    duration = Estimate(value=value, low=max(0.0, value - _UNSURE * after), high=value + _UNSURE * after)
    if not situation.is_worth_it(duration):
        return
    yield Advice(
        code="processes",
        title=f"Compute the {len(items)} items on {cores} processes: saves {situation.saved(duration)}",
        text=(
            f"{len(items)} items compute {ms(computing)} one after another; threads would, too. At "
            f"{situation.memory_mb:,} MB "
            f"there are {situation.share:.1f} cores: {in_words(duration)} instead of "
            f"{ms(situation.median_ms)}. What goes "
            "to a process and comes back is pickled; large items cost more than this says."
        ),
        calls=tuple(call.id for call in items),
        lines=lines_of(items),
        executor="processes",
        max_concurrency=cores,
        memory_mb=situation.memory_mb,
        duration_ms=duration,
        cost_per_million_usd=situation.cost(duration),
        change=(
            f"from meantime import processes\n\nresults = processes.map({items[0].name}, items, "
            f"max_concurrency={cores})"
        ),
        verify=situation.verify("processes"),
    )
