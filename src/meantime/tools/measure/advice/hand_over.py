"""Waits of many seconds on one slow service: a Lambda function is billed for them, others wait for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import lines_of, ms, usd
from meantime.tools.measure.pricing import billed, cost_per_million
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation

_LONG_MS = 3_000.0  # a wait that nobody should be billed for
_MOST_OF_IT = 0.5  # of the duration


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise to hand the waiting to somebody who does not charge for it."""
    by_target: dict[tuple[str, str], list[int]] = {}
    for call in situation.library_calls:
        if call.waiting_ms >= _LONG_MS or call.kind == "sleep":
            by_target.setdefault((call.kind, call.target or call.name), []).append(call.id)
    for (kind, target), ids in by_target.items():
        calls = [situation.calls[number] for number in ids]
        waited = sum(call.waiting_ms - call.overlapped_ms for call in calls)
        if waited < _LONG_MS or waited < _MOST_OF_IT * situation.median_ms:
            continue
        duration = situation.without(waited, unsure=0.05)
        if not situation.is_worth_it(duration):
            continue
        paid = cost_per_million(situation.prices, billed(waited), situation.memory_mb) - cost_per_million(
            situation.prices, 0, situation.memory_mb
        )
        asleep = kind == "sleep"
        yield Advice(
            code="hand-over",
            title=(
                f"Hand the wait of {waited / 1000:.1f} s {'between polls' if asleep else f'for {target}'} to a "
                "service that waits for free"
            ),
            text=(
                f"{ms(waited)} of {ms(situation.median_ms)} pass "
                f"{'asleep' if asleep else f'waiting for {target}'}; a million "
                f"invocations pay {usd(paid)} for that, and no concurrency shortens one long wait. "
                + (
                    "A Step Functions Wait state, or an event from whoever is waited for, costs nothing meanwhile."
                    if asleep
                    else "Let Step Functions call it (a task token, or its HTTP task), put the request on a queue, or "
                    "have it answer by an event, and let another invocation go on with the answer."
                )
            ),
            calls=tuple(ids),
            lines=lines_of(calls),
            memory_mb=situation.memory_mb,
            duration_ms=duration,
            cost_per_million_usd=situation.cost(duration),
            assumption="if whoever called can do without the answer, or fetch it later",
            verify=situation.verify(),
        )
