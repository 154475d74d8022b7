"""Connections that are opened again and again to the same server, each with its handshakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.clients import made_in
from meantime.tools.measure.advice.for_one_request import KEPT, made_for, opened_again
from meantime.tools.measure.advice.situation import in_words, lines_of, listed, ms
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation

_SETTING_UP = {"name_resolution", "connect", "tls"}


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise to keep connections, where calls to one target opened several and no client was made meanwhile."""
    if situation.recording.cold or made_in(situation):
        return  # a kept client keeps its connections: that is the advice then
    for target, ids in opened_again(situation).items():
        spent = _setting_up(situation, set(ids))
        handshakes = spent.get("tls", 0.0)
        made = made_for(situation, ids)
        making = sum(seen.duration_ms for seen in made)
        total = sum(spent.values()) + making
        duration = situation.without(total)
        if not situation.is_worth_it(duration):
            continue
        calls = [situation.calls[number] for number in ids]
        tls = f", {ms(handshakes)} of it for TLS handshakes" if handshakes else ""
        tls += f", {ms(making)} of it for clients" if making >= 1 else ""
        by = f", since {listed(seen.text for seen in made)} makes a client each time" if made else ""
        yield Advice(
            code="keep-connections",
            title=f"Keep the connection to {target}: saves {situation.saved(duration)}",
            text=(
                f"{len(ids)} calls to {target} opened a connection each{by}. That took {ms(total)}{tls}. "
                f"Kept, they take {in_words(duration)} instead of {ms(situation.median_ms)}. Use one session or "
                "client for all of them, as wide as there are calls at once, and read each answer to "
                "its end, so that its connection can be used again."
            ),
            calls=tuple(ids),
            lines=lines_of(calls),
            memory_mb=situation.memory_mb,
            duration_ms=duration,
            cost_per_million_usd=situation.cost(duration),
            change=_change({call.library for call in calls}, [seen.text for seen in made]),
            verify=situation.verify("kept"),
        )


def _change(libraries: set[str], made: list[str]) -> str:
    library = made[0].partition(".")[0] if made else "requests" if libraries & {"requests", "urllib3"} else ""
    if library not in KEPT:
        return ""
    instead = made[0] if made else "requests.get"
    first = "from meantime import clients\n\n" if library == "requests" else ""
    return f"{first}{KEPT[library]}    # at module level, instead of {instead}(…)"


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
