"""Event source mappings: reads a queue or a stream as Lambda's own pollers do, and invokes an emulated function."""

from __future__ import annotations

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
