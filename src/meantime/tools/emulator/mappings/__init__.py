"""Event source mappings: reads a queue or a stream as Lambda's own pollers do, and invokes an emulated function.

Loaded on first use: the emulator's other commands need not wait for botocore.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meantime.tools.emulator.mappings.answers import Outcome, Reading, read_queue_answer, read_stream_answer
    from meantime.tools.emulator.mappings.errors import NotDrainedError, SourceError
    from meantime.tools.emulator.mappings.sqs import SQSMapping
    from meantime.tools.emulator.mappings.statistics import Statistics
    from meantime.tools.emulator.mappings.streams import StreamMapping

__all__ = [
    "NotDrainedError",
    "Outcome",
    "Reading",
    "SQSMapping",
    "SourceError",
    "Statistics",
    "StreamMapping",
    "read_queue_answer",
    "read_stream_answer",
]

_HOMES = {
    "NotDrainedError": "errors",
    "Outcome": "answers",
    "Reading": "answers",
    "SQSMapping": "sqs",
    "SourceError": "errors",
    "Statistics": "statistics",
    "StreamMapping": "streams",
    "read_queue_answer": "answers",
    "read_stream_answer": "answers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
