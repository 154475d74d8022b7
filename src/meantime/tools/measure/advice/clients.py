"""Clients and TLS contexts that are made within an invocation: each costs CPU, and its connections are opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import in_words, listed, ms
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.recording import Observation

_SETTING_UP = {"name_resolution", "connect", "tls"}
# What makes each once and keeps it; tasks share a loop, so theirs are warm resources.
_KEPT = {
    "boto3.client": "clients.boto3({})",
    "requests.Session": "clients.requests()",
    "httpx.Client": "clients.httpx()",
    "httpx.AsyncClient": "clients.httpx()",
    "aiohttp.ClientSession": "clients.aiohttp()",
}


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise to make clients once, where a warm invocation made some."""
    if situation.recording.cold:
        return
    made = [seen for seen in situation.recording.observations if seen.kind in ("client_made", "tls_context")]
    if not made:
        return
    computed = sum(seen.duration_ms for seen in made)
    connected = connecting_ms(situation)
    duration = situation.without(computed + connected)
    if not situation.is_worth_it(duration):
        return
    names = listed(seen.text for seen in made)
    also = f", and opening their connections {ms(connected)} more" if connected >= 1 else ""
    yield Advice(
        code="client-outside",
        title=f"Make {names} once, outside the handler: saves {situation.saved(duration)}",
        text=(
            f"A warm invocation made {len(made)} ({names}), which took {ms(computed)}{also}. Made at "
            "module level, they are "
            f"kept with their connections: {in_words(duration)} instead of {ms(situation.median_ms)}."
        ),
        lines=tuple(dict.fromkeys(seen.line for seen in made if seen.line)),
        memory_mb=situation.memory_mb,
        duration_ms=duration,
        cost_per_million_usd=situation.cost(duration),
        change=_change(situation, made),
        verify=situation.verify("client_outside"),
    )


def connecting_ms(situation: Situation) -> float:
    """How long the invocation waited for connections to be opened, alone or not."""
    return sum(wait.end_ms - wait.start_ms for wait in situation.recording.waits if wait.kind in _SETTING_UP)


def _change(situation: Situation, made: list[Observation]) -> str:
    first = made[0]
    name, _, rest = first.text.partition("(")
    before = _source(situation, first.line)
    kept = _KEPT.get(name)
    if kept is None:
        return f"- {before}    # in the handler: {first.line}\n+ {before}    # at module level" if before else ""
    made_once = kept.format(rest.rstrip(")"))
    lines = [
        f"- {before or first.text}    # {first.line}",
        "+ from meantime import clients",
        f"+ client = {made_once}    # at module level",
    ]
    if name in ("httpx.AsyncClient", "aiohttp.ClientSession"):
        lines.append("+ … await client() …    # in the handler: the one of this environment's loop")
    return "\n".join(lines)


def _source(situation: Situation, line: str) -> str:
    name, _, number = line.rpartition(":")
    file = situation.files.read(name) if name else None
    if file is None or not number.isdigit() or not 0 < int(number) <= len(file.lines):
        return ""
    return file.lines[int(number) - 1].strip()
