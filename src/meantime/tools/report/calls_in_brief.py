"""A recording's calls in brief, as results.json carries them beside the recording for programs that want no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meantime.tools.report.recording import RecordedCall, Recording

# What holds other calls up; and of a library's answer, what is read of it later.
_NO_CALLS = frozenset({"lock", "pool"})
_OF_A_LIBRARY = frozenset({"aws", "http", "sql", "redis"})


def calls_in_brief(recording: Recording | None) -> list[dict[str, Any]]:
    """Give the calls at the libraries' boundaries, and the items that make none: nothing that is a part of another."""
    if recording is None:
        return []
    by_id = {call.id: call for call in recording.calls}
    parents = {call.parent for call in recording.calls}
    left_out = _NO_CALLS | ({"socket"} if any(call.kind in _OF_A_LIBRARY for call in recording.calls) else set())
    return [
        {
            "name": call.name,
            "start_ms": call.start_ms,
            "end_ms": call.end_ms,
            "waiting_ms": call.waiting_ms,
            "computing_ms": call.computing_ms,
            "throttled_ms": call.held_up_ms,
            "lane": call.thread,
        }
        for call in recording.calls
        if call.kind not in left_out
        and not (call.kind == "item" and call.id in parents)
        and not _is_part_of_a_call(call, by_id)
    ]


def _is_part_of_a_call(call: RecordedCall, by_id: dict[int, RecordedCall]) -> bool:
    parent = None if call.parent is None else by_id.get(call.parent)
    while parent is not None:
        if parent.kind != "item":
            return True
        parent = None if parent.parent is None else by_id.get(parent.parent)
    return False
