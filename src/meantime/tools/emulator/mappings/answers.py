"""How AWS reads what a function answers to a batch: which records are done with, and which come again.

SQS: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, "Success and failure conditions".
Kinesis: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html.
DynamoDB streams: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html.

The pages say "an empty EventResponse" is a success; what was recorded from AWS shows that `""`, `[]` and `{}` are.
Of text, numbers and lists that hold something they say nothing: here these are failures, which lose no record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Outcome(StrEnum):
    """What became of a batch."""

    SUCCESS = "success"
    PARTIAL = "partial"
    FAILURE = "failure"


@dataclass(frozen=True)
class Reading:
    """One answer, read.

    Args:
        outcome: What became of the batch as a whole.
        again: The identifiers of the records that come again, in the batch's order.
        reason: Why it is a failure; empty if it is none.
        ignored: How many records it names as failed, to no avail: the mapping has no ReportBatchItemFailures.
    """

    outcome: Outcome
    again: tuple[str, ...] = ()
    reason: str = ""
    ignored: int = 0


def read_queue_answer(payload: Any, message_ids: Sequence[str], *, report: bool) -> Reading:
    """Read the answer to a batch of messages.

    Args:
        payload: The function's answer, parsed; text or bytes if it was no JSON.
        message_ids: The batch's message IDs, in order.
        report: Whether the mapping has ReportBatchItemFailures; without it the answer is not looked at.
    """
    listed = _listed(payload, message_ids)
    if not report:
        return _unread(listed)
    if isinstance(listed, str):
        return failure(message_ids, listed)
    if not listed:
        return Reading(Outcome.SUCCESS)
    return Reading(Outcome.PARTIAL, tuple(identifier for identifier in message_ids if identifier in listed))


def read_stream_answer(
    payload: Any, sequence_numbers: Sequence[str], *, report: bool, windowed: bool = False
) -> Reading:
    """Read the answer to a batch of one shard's records: everything from the lowest number listed on comes again.

    Args:
        payload: The function's answer, parsed; text or bytes if it was no JSON.
        sequence_numbers: The batch's sequence numbers, in order.
        report: Whether the mapping has ReportBatchItemFailures; without it only `state` is looked at.
        windowed: Whether the mapping has a tumbling window, whose answers must hold `state`.
    """
    if windowed and not (isinstance(payload, Mapping) and "state" in payload):
        return failure(sequence_numbers, "the answer has no state, which a tumbling window needs")
    listed = _listed(payload, sequence_numbers)
    if not report:
        return _unread(listed)
    if isinstance(listed, str):
        return failure(sequence_numbers, listed)
    if not listed:
        return Reading(Outcome.SUCCESS)
    lowest = min(position for position, number in enumerate(sequence_numbers) if number in listed)
    return Reading(Outcome.PARTIAL, tuple(sequence_numbers[lowest:]))


def failure(identifiers: Sequence[str], reason: str) -> Reading:
    """Return the reading of a batch that failed as a whole, as after an exception, a crash or a timeout."""
    return Reading(Outcome.FAILURE, tuple(identifiers), reason)


def _unread(listed: set[str] | str) -> Reading:
    """Return the reading of an answer that AWS does not look at."""
    return Reading(Outcome.SUCCESS, ignored=0 if isinstance(listed, str) else len(listed))


def _listed(payload: Any, batch: Sequence[str]) -> set[str] | str:
    """Return the identifiers that the answer lists, or why it makes the whole batch a failure."""
    if payload is None or payload in ("", b"") or payload == []:
        return set()
    if not isinstance(payload, Mapping):
        return "the answer is no JSON object"
    items = payload.get("batchItemFailures")
    if items is None:
        return set()
    if not isinstance(items, list):
        return "batchItemFailures is no list"
    identifiers = [_identifier(item) for item in items]
    known = frozenset(batch)
    for item, identifier in zip(items, identifiers, strict=True):
        if identifier not in known:
            return f"no itemIdentifier of the batch in {item!r:.100}"
    return {identifier for identifier in identifiers if identifier is not None}


def _identifier(item: Any) -> str | None:
    """Return what one item of the list names; a number is as good as its text."""
    identifier = item.get("itemIdentifier") if isinstance(item, Mapping) else None
    return str(identifier) if isinstance(identifier, str | int) else None
