"""What AWS makes of an answer to a batch, as a table: asked of the emulator's mappings and of the library's answers.

Data only. `READINGS` says how an answer is read; `SCENARIOS` says which records must come again after some failed,
so what the library answers to one must be read as exactly that.

Each row has its evidence: a page of AWS's documentation that says so, what was recorded from AWS (LocalStack's
snapshot tests, `tests/aws/services/lambda_/event_source_mapping`), or what is inferred, where neither says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Source = Literal["sqs", "kinesis", "dynamodb"]
Evidence = Literal["documented", "recorded", "inferred"]

PAGES: dict[Source, str] = {
    "sqs": "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html",
    "kinesis": "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html",
    "dynamodb": "https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html",
}

BATCH: dict[Source, tuple[str, ...]] = {
    "sqs": ("id1", "id2", "id3", "id4", "id5"),
    # As long as AWS's own, and of different lengths: they are numbers, not text.
    "kinesis": tuple(f"4959033827149025660855969253836157109592157598913{n}" for n in (6588898, 6588899, 16588900)),
    "dynamodb": ("99900000000000000000001", "100000000000000000000002", "100000000000000000000003"),
}
"""The identifiers of the batch that the answers of `READINGS` are for, in order."""

SOURCES: tuple[Source, ...] = ("sqs", "kinesis", "dynamodb")
STREAMS: tuple[Source, ...] = ("kinesis", "dynamodb")


@dataclass(frozen=True)
class Row:
    """One answer and how AWS reads it.

    Args:
        source: Of which event source the batch is.
        name: What the answer is.
        answer: The answer, as parsed from JSON; text that is no JSON stands as it is.
        outcome: Of the batch.
        again: The identifiers that come again.
        evidence: How this is known.
        report: Whether the mapping has ReportBatchItemFailures.
    """

    source: Source
    name: str
    answer: Any
    outcome: Literal["success", "partial", "failure"]
    again: tuple[str, ...] = ()
    evidence: Evidence = "documented"
    report: bool = True

    def __str__(self) -> str:
        return f"{self.source}: {self.name}{'' if self.report else ', not reported'}"


@dataclass(frozen=True)
class Scenario:
    """A batch of which some records fail.

    Args:
        source: The event source; `fifo` says which kind of queue.
        name: What it shows.
        keys: What each record's order is bound to: the message group, the partition key, the item; "" for none.
        failing: The positions of the records that fail when they are processed.
        again: The positions of the records that must come again, at the least and, for queues, at the most.
        fifo: Whether the queue is a FIFO queue.
    """

    source: Source
    name: str
    keys: tuple[str, ...]
    failing: tuple[int, ...]
    again: tuple[int, ...]
    fifo: bool = False

    def __str__(self) -> str:
        return f"{'sqs fifo' if self.fifo else self.source}: {self.name}"


def _items(*identifiers: object) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def _readings(source: Source) -> list[Row]:
    batch = BATCH[source]
    first, second, last = batch[0], batch[1], batch[-1]

    def again(*listed: str) -> tuple[str, ...]:
        """A queue's listed messages come again; a shard goes on at the lowest record listed."""
        return listed if source == "sqs" else batch[min(map(batch.index, listed)) :]

    successes: list[tuple[str, Any, Evidence]] = [
        ("an empty list", {"batchItemFailures": []}, "documented"),
        ("a null list", {"batchItemFailures": None}, "documented"),
        ("an empty answer", {}, "documented"),
        ("a null answer", None, "documented"),
        ("empty text", "", "recorded"),
        ("an empty array", [], "recorded"),
        ("other keys only", {"processed": 5}, "inferred"),
    ]
    failures: list[tuple[str, Any, Evidence]] = [
        ("an empty identifier", _items(""), "documented"),
        ("a null identifier", _items(None), "documented"),
        ("a bad key name", {"batchItemFailures": [{"foo": first}]}, "documented"),
        ("a bad key name, and null", {"batchItemFailures": [{"foo": None}]}, "recorded"),
        ("an unknown identifier", _items("123"), "documented" if source == "sqs" else "recorded"),
        ("an unknown identifier that is a number", _items(123), "recorded"),
        ("a known and an unknown identifier", _items(first, "123"), "inferred"),
        ("a known and an empty identifier", _items(first, ""), "inferred"),
        ("identifiers without their objects", {"batchItemFailures": [first]}, "inferred"),
        ("text where the list should be", {"batchItemFailures": first}, "inferred"),
        ("invalid JSON", "{'batchItemFailures': []}", "documented" if source == "sqs" else "inferred"),
        ("text", "done", "inferred"),
        ("a list of identifiers", [first], "inferred"),
        ("a number", 200, "inferred"),
    ]
    partials: list[tuple[str, tuple[str, ...]]] = [
        ("one failed", (second,)),
        ("the first failed", (first,)),
        ("the last failed", (last,)),
        ("several failed", (second, last)),
        ("all failed", batch),
    ]
    return [
        *(Row(source, name, answer, "success", evidence=evidence) for name, answer, evidence in successes),
        *(Row(source, name, answer, "failure", batch, evidence) for name, answer, evidence in failures),
        *(Row(source, name, _items(*listed), "partial", again(*listed)) for name, listed in partials),
        Row(source, "listed in another order", _items(last, second), "partial", again(second, last)),
        Row(source, "listed twice", _items(second, second), "partial", again(second), "inferred"),
        Row(source, "other keys beside", {**_items(second), "n": 1}, "partial", again(second), "inferred"),
        Row(source, "one failed", _items(second), "success", report=False),
        Row(source, "an unknown identifier", _items("123"), "success", report=False),
        Row(source, "invalid JSON", "{'", "success", evidence="inferred", report=False),
    ]


READINGS: tuple[Row, ...] = tuple(row for source in SOURCES for row in _readings(source))

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("sqs", "none fails", ("",) * 5, (), ()),
    Scenario("sqs", "one fails", ("",) * 5, (2,), (2,)),
    Scenario("sqs", "the first and the last fail", ("",) * 5, (0, 4), (0, 4)),
    Scenario("sqs", "all fail", ("",) * 5, (0, 1, 2, 3, 4), (0, 1, 2, 3, 4)),
    Scenario("sqs", "one of a single group fails", ("a",) * 5, (1,), (1, 2, 3, 4), fifo=True),
    Scenario(
        "sqs", "one group's failure leaves the other alone", ("a", "b", "a", "b", "a"), (0,), (0, 2, 4), fifo=True
    ),
    Scenario("sqs", "one fails in each group", ("a", "b", "a", "b", "b"), (2, 1), (1, 2, 3, 4), fifo=True),
    Scenario("sqs", "the last of a group fails", ("a", "b", "a", "b", "a"), (4,), (4,), fifo=True),
    *(
        Scenario(source, name, keys, failing, again)
        for source in STREAMS
        for name, keys, failing, again in (
            ("none fails", ("a", "b", "a"), (), ()),
            ("the first fails", ("a", "b", "a"), (0,), (0, 1, 2)),
            ("one in the middle fails", ("a", "b", "a", "c"), (1,), (1, 2, 3)),
            ("the last fails", ("a", "b", "a"), (2,), (2,)),
            ("the lowest of several counts", ("a", "b", "a", "c"), (3, 1), (1, 2, 3)),
        )
    ),
)
