"""A pool of connections that is smaller than what uses it at once: calls stand in line for one, or open one more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import in_words, ms
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise a wider pool, where one was full."""
    fan_outs = [
        seen.numbers.get("max_concurrency", 0) for seen in situation.recording.observations if seen.kind == "fan_out"
    ]
    widest = int(max(fan_outs, default=0))
    for seen in situation.recording.observations:
        if seen.kind != "pool_full":
            continue
        size = int(seen.numbers.get("pool_size", 0))
        count = int(seen.numbers.get("count", 1))
        waited = max(seen.numbers.get("waiting_ms", 0.0), seen.duration_ms)
        together = max(widest, 1)
        # They stand in line beside each other: what the invocation waits for is a part of the sum.
        duration = situation.without(waited / together, unsure=0.5) if waited else None
        is_gain = duration is not None and situation.is_worth_it(duration)
        if waited and not is_gain:
            continue
        wide = f"{widest} at once" if widest > size else "more at once"
        what = (
            f"stood in line for {ms(waited)} in all" if waited else "had a connection opened for it, and closed again"
        )
        gain = (
            f" With room for all: {in_words(duration)} instead of {ms(situation.median_ms)}."
            if is_gain and duration
            else ""
        )
        yield Advice(
            code="wider-pool",
            title=(
                f"Make the pool of {seen.text} as wide as what uses it: {widest or 'more'} instead of "
                f"{size or 'what it is'}"
            ),
            text=f"It holds {size or 'fewer'}, and there were {wide}: {count} times a call {what}.{gain}",
            lines=(seen.line,) if seen.line else (),
            max_concurrency=widest or None,
            memory_mb=situation.memory_mb,
            duration_ms=duration if is_gain else None,
            cost_per_million_usd=situation.cost(duration) if is_gain and duration is not None else None,
            change=f"client = clients.boto3(…, max_concurrency={widest})    # from meantime import clients"
            if widest
            else "",
            verify=situation.verify("wide"),
        )
