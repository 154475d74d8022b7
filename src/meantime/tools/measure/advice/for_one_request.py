"""What makes a client for one request, as `requests.get(…)` does: nobody has it to keep, nor its connection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.recording import Observation

_FUNCTION = re.compile(r"(requests|httpx2?|aiohttp)\.[a-z]\w*")
# What keeps the connections instead, by library.
KEPT = {
    "requests": "session = clients.requests()",
    "httpx": "client = httpx.Client()",
    "httpx2": "client = httpx2.Client()",
}


def is_for_one_request(seen: Observation) -> bool:
    """Whether a function made this client for the one request."""
    return seen.kind == "client_made" and _FUNCTION.fullmatch(seen.text) is not None


def opened_again(situation: Situation) -> dict[str, list[int]]:
    """Calls that opened a connection to a target to which others did, too."""
    opened: dict[str, list[int]] = {}
    for call in situation.library_calls:
        if call.new_connection and call.target:
            opened.setdefault(call.target, []).append(call.id)
    return {target: ids for target, ids in opened.items() if len(ids) > 1}  # one may always be the first


def made_for(situation: Situation, ids: list[int]) -> list[Observation]:
    """The clients that were made for these requests."""
    lines = {situation.calls[number].line for number in ids}
    return [seen for seen in situation.recording.observations if is_for_one_request(seen) and seen.line in lines]
