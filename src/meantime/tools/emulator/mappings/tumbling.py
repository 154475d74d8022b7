"""A tumbling window: records bounded by the time they came, and the state that goes from one batch to the next.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meantime.tools.emulator.mappings import limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.mappings.source import Record


@dataclass(frozen=True)
class Window:
    """One window of one shard.

    Args:
        start: Its begin, in seconds since 1970.
        seconds: How long it is.
        state: What the function answered last.
    """

    start: int
    seconds: int
    state: Any = field(default_factory=dict)

    @property
    def end(self) -> int:
        """When it ends; what comes then is of the next."""
        return self.start + self.seconds

    def holds(self, record: Record) -> bool:
        """Whether a record is of this window."""
        return self.start <= record.arrived < self.end

    def event(
        self, records: Sequence[Record], *, shard_id: str, arn: str, final: bool = False, early: bool = False
    ) -> dict[str, Any]:
        """Return what the function is invoked with."""
        return {
            "Records": [record.event for record in records],
            "window": {"start": _iso(self.start), "end": _iso(self.end)},
            "state": self.state,
            "shardId": shard_id,
            "eventSourceARN": arn,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": early,
        }

    def after(self, answer: Any) -> Window:
        """Return the window with the state that an answer holds; without one it is as before."""
        return replace(self, state=answer["state"]) if isinstance(answer, dict) and "state" in answer else self

    @property
    def state_size(self) -> int:
        """Bytes of the state."""
        return len(json.dumps(self.state))

    @property
    def is_too_large(self) -> bool:
        """Whether its state is larger than AWS keeps."""
        return self.state_size > limits.WINDOW_STATE_MAX_BYTES


def window_of(record: Record, seconds: int) -> Window:
    """Return the window that a record is of, with no state yet."""
    return Window(math.floor(record.arrived / seconds) * seconds, seconds)


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
