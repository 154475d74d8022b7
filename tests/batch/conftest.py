"""What the tests of batches share: events of every source, one face for every executor, AWS's reading of answers."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import meantime
from meantime import clock
from meantime.testing import LambdaContext, dynamodb_event, kafka_event, kinesis_event, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SOURCES = ("sqs", "fifo", "kinesis", "dynamodb", "kafka")
EXECUTORS = ("threads", "tasks", "sequential", "sequential tasks")


def event_of(source: str, keys: Sequence[str]) -> dict[str, Any]:
    """A batch whose records carry their positions, and go in order within these keys."""
    numbers = range(len(keys))
    match source:
        case "sqs":
            return sqs_event(numbers)
        case "fifo":
            return sqs_event(numbers, groups=list(keys))
        case "kinesis":
            return kinesis_event(numbers, partition_keys=list(keys))
        case "dynamodb":
            return dynamodb_event([(None, {"id": key, "n": number}) for number, key in enumerate(keys)])
    return kafka_event(numbers, keys=list(keys))


def decorator_of(source: str) -> Any:
    return getattr(meantime.batch, "sqs" if source == "fifo" else source)


def position_of(record: Any) -> int:
    """Which record of `event_of` this is."""
    if isinstance(record, meantime.batch.DynamoDBRecord):
        return int((record.new_image or {})["n"])
    return record.json()


def named(event: dict[str, Any]) -> list[Any]:
    """By what an answer names each record of the batch, in order."""
    if "records" in event:
        return [
            {"partition": key, "offset": record["offset"]}
            for key, records in event["records"].items()
            for record in records
        ]
    return [
        record.get("messageId")
        or record.get("kinesis", {}).get("sequenceNumber")
        or record.get("dynamodb", {}).get("SequenceNumber")
        for record in event["Records"]
    ]


def come_again(event: dict[str, Any], answer: Any) -> list[int]:
    """The positions of the records that AWS hands over again after this answer.

    An answer that AWS would take for a failure of the whole batch is no answer that the library may give.
    """
    identifiers = named(event)
    listed = [identifiers.index(item["itemIdentifier"]) for item in answer["batchItemFailures"]]
    assert len(set(listed)) == len(listed)
    is_stream = "records" not in event and event["Records"][0]["eventSource"] != "aws:sqs"
    if is_stream and listed:
        return list(range(min(listed), len(identifiers)))
    return sorted(listed)


@dataclass
class Course:
    """What the records of a batch do, and what was seen of them.

    Args:
        durations: Seconds that each record takes.
        failing: The positions of those that raise.
    """

    durations: Sequence[float] = ()
    failing: frozenset[int] = frozenset()
    begun: list[int] = field(default_factory=list)
    succeeded: Counter[int] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)
    seen: list[tuple[int, frozenset[int], frozenset[int]]] = field(default_factory=list)
    peak: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[int] = set()

    def _begin(self, position: int) -> None:
        with self._lock:
            self.seen.append((position, frozenset(self._under_way), frozenset(self.failed)))
            self.begun.append(position)
            self._under_way.add(position)
            self.peak = max(self.peak, len(self._under_way))

    def _end(self, position: int) -> None:
        with self._lock:
            self._under_way.discard(position)
            if position in self.failing:
                self.failed.append(position)
            else:
                self.succeeded[position] += 1
        if position in self.failing:
            raise RuntimeError(f"record {position} fails")

    def blocking(self, record: Any) -> int:
        position = position_of(record)
        self._begin(position)
        if self.durations:
            clock.sleep(self.durations[position])
        self._end(position)
        return position

    async def waiting(self, record: Any) -> int:
        position = position_of(record)
        self._begin(position)
        try:
            if self.durations:
                await clock.sleep_async(self.durations[position])
        except BaseException:
            self._under_way.discard(position)
            raise
        self._end(position)
        return position

    def handler(self, source: str, executor: str, **keywords: Any) -> Any:
        function: Callable[..., Any] = self.waiting if "tasks" in executor else self.blocking
        return decorator_of(source)(executor=executor.partition(" ")[0], **keywords)(function)


@pytest.fixture
def context() -> LambdaContext:
    return LambdaContext(60)


@pytest.fixture(params=EXECUTORS)
def executor(request) -> str:
    return request.param


@pytest.fixture(params=SOURCES)
def source(request) -> str:
    return request.param
