"""What was observed in a recorded invocation, in words: a sentence for each kind, alike ones counted."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from meantime.tools.report.figures import TIMES, decimals_for, milliseconds

if TYPE_CHECKING:
    from meantime.tools.report.recording import Observation, Recording

_WORDS = {
    "client_made": "client made during the invocation",
    "fan_out": "calls side by side",
    "leftover": "still under way at the return",
    "limiter": "limiter",
    "loop_blocked": "event loop blocked",
    "pool_full": "connection pool full",
    "tls_context": "TLS context made",
}


def observed(recording: Recording) -> tuple[str, ...]:
    """Give a sentence for each thing that was seen, in the order of the first of its kind."""
    # `client_used` says how a client is set: what advice is made from, and no news by itself.
    alike: dict[tuple[str, str, str], list[Observation]] = defaultdict(list)
    for each in recording.observations:
        if each.kind == "client_used":
            continue
        alike[each.kind, each.text, each.line].append(each)
    return tuple(_sentence(members) for members in alike.values())


def _sentence(members: list[Observation]) -> str:
    first = members[0]
    words = _WORDS.get(first.kind, first.kind.replace("_", " "))
    text = f"{words}: {first.text}" if first.text else words
    if len(members) > 1:
        text += f" {TIMES} {len(members)}"
    if first.line:
        text += f", {first.line}"
    took = sum(each.duration_ms for each in members)
    if took:
        text += f", {milliseconds(took, decimals_for((took,)))} ms"
    if first.numbers:
        numbers = ", ".join(f"{name.replace('_', ' ')} {_number(value)}" for name, value in first.numbers.items())
        text += f" ({numbers})"
    return text


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
