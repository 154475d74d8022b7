"""Calls that were tried again, and those that two layers tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import lines_of, listed, ms
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation


def advise(situation: Situation) -> Iterator[Advice]:
    """Tell of calls that took several attempts."""
    again = [call for call in situation.recording.calls if call.attempts > 1]
    leaves = [call for call in again if call.kind != "item"]
    if not again:
        return
    doubled = [
        call
        for call in leaves
        if call.parent is not None and (parent := situation.calls.get(call.parent)) is not None and parent.attempts > 1
    ]
    calls = leaves or again
    attempts = sum(call.attempts for call in calls)
    spent = sum(call.duration_ms for call in calls)
    text = (
        f"{len(calls)} calls ({listed(call.name for call in calls)}) took {attempts} attempts and "
        f"{ms(spent)} in all. Whom they "
        "call refuses or fails: fewer at once, a limiter, or a larger quota helps; more attempts do not."
    )
    if doubled:
        text += (
            f" {len(doubled)} of them were tried again by the library and by Retry around it: the attempts "
            "multiply. Let one "
            'of the two do it: `Config(retries={"total_max_attempts": 1})`, or no Retry around the library\'s own.'
        )
    yield Advice(
        code="retries",
        title="Let one layer retry, not two" if doubled else "Find out why calls are tried again",
        text=text,
        calls=tuple(call.id for call in calls),
        lines=lines_of(calls),
        memory_mb=situation.memory_mb,
        change='limiter = meantime.Limiter("service", max_concurrency=4, adaptive=True)' if not doubled else "",
    )
