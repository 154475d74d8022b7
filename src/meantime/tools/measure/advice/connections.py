"""Connections that are opened again and again to the same server, each with its handshakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.clients import made_in
from meantime.tools.measure.advice.situation import in_words, lines_of, ms
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation

_SETTING_UP = {"name_resolution", "connect", "tls"}


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise to keep connections, where calls to one target opened several and no client was made meanwhile."""
    if situation.recording.cold or made_in(situation):
        return  # a kept client keeps its connections: that is the advice then
    opened: dict[str, list[int]] = {}
    for call in situation.library_calls:
        if call.new_connection and call.target:
            opened.setdefault(call.target, []).append(call.id)
    for target, ids in opened.items():
        if len(ids) < 2:  # noqa: PLR2004  # one may always be the first
            continue
        spent = _setting_up(situation, set(ids))
        handshakes = spent.get("tls", 0.0)
        total = sum(spent.values())
        duration = situation.without(total)
        if not situation.is_worth_it(duration):
            continue
        calls = [situation.calls[number] for number in ids]
        tls = f", {ms(handshakes)} of it for TLS handshakes" if handshakes else ""
        yield Advice(
            code="keep-connections",
            title=f"Keep the connection to {target}: saves {situation.saved(duration)}",
            text=(
                f"{len(ids)} calls to {target} opened a connection each, which took {ms(total)}{tls}. Kept, they take "
                f"{in_words(duration)} instead of {ms(situation.median_ms)}. Use one session or client for "
                "all of them, as "
                "wide as there are calls at once, and read each answer to its end, so that its connection "
                "can be used again."
            ),
            calls=tuple(ids),
            lines=lines_of(calls),
            memory_mb=situation.memory_mb,
            duration_ms=duration,
            cost_per_million_usd=situation.cost(duration),
            change=(
                "from meantime import clients\n\nsession = clients.requests()    # at module level, instead "
                "of requests.get(…)"
            )
            if any(call.library in ("requests", "urllib3") for call in calls)
            else "",
            verify=situation.verify("kept"),
        )


def _setting_up(situation: Situation, ids: set[int]) -> dict[str, float]:
    """What these calls waited for connections, alone, by kind."""
    spent: dict[str, float] = {}
    for wait in situation.recording.waits:
        number = wait.call
        while number is not None and number not in ids:
            call = situation.calls.get(number)
            number = call.parent if call is not None else None
        if number is not None and wait.kind in _SETTING_UP:
            spent[wait.kind] = spent.get(wait.kind, 0.0) + wait.end_ms - wait.start_ms
    return spent
