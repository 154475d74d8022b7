"""Tumbling windows of Kinesis and DynamoDB streams: a state that goes from one invocation to the next.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html: an answer without `state` is a failed
invocation, and the state is dropped once the window's final invocation has succeeded.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Window:
    """A tumbling window, as one invocation sees it.

    Attributes:
        start: When it began, as AWS writes it: `2020-12-09T07:04:00Z`.
        end: When it ends.
        state: What the invocation before has answered; empty at first. A copy: change it as you like.
        is_final: Whether this is the window's last invocation; there may be no records in it.
        is_terminated_early: Whether the window is ended since its state grew above 1 MB.
        shard_id: The shard that the records come from.
    """

    __slots__ = ("end", "is_final", "is_terminated_early", "shard_id", "start", "state")

    def __init__(self, event: dict[str, Any]) -> None:
        bounds = event["window"] or {}
        self.start = str(bounds.get("start", ""))
        self.end = str(bounds.get("end", ""))
        self.state: Any = _copied(event.get("state") or {})
        self.is_final = bool(event.get("isFinalInvokeForWindow"))
        self.is_terminated_early = bool(event.get("isWindowTerminatedEarly"))
        self.shard_id = str(event.get("shardId", ""))

    def __repr__(self) -> str:
        return f"Window({self.start!r}, {self.end!r}{', final' if self.is_final else ''})"


def _copied(state: Any) -> Any:
    """A copy of JSON: what the event holds must be there to be answered, if this invocation comes to nothing."""
    if isinstance(state, dict):
        return {name: _copied(value) for name, value in state.items()}
    if isinstance(state, list):
        return [_copied(value) for value in state]
    return state
