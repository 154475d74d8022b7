"""Messages of SQS queues, standard and FIFO, and the decorator for a function of one message.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

from meantime.batch.decorator import BatchDecorator
from meantime.batch.records import Record
from meantime.batch.sources import Source
from meantime.errors import WrongEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Any

# Of a FIFO queue: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
FIFO_BATCH_MAX = 10


class SQSMessage(Record):
    """One message of a queue."""

    __slots__ = ()

    @property
    def body(self) -> str:
        """What the sender sent."""
        return self.raw["body"]  # type: ignore[no-any-return]  # as AWS hands it over

    payload = body

    def json(self) -> Any:
        """The body, decoded from JSON."""
        import json  # noqa: PLC0415  # only where it is asked for

        return json.loads(self.raw["body"])

    @property
    def message_id(self) -> str:
        """The same each time that the message comes; also what an API may know it by, as its idempotency key."""
        return self.raw["messageId"]  # type: ignore[no-any-return]  # as AWS hands it over

    identifier = message_id

    @property
    def attributes(self) -> dict[str, str]:
        """What SQS says of it, as SQS names it."""
        return self.raw.get("attributes") or {}

    @property
    def message_attributes(self) -> dict[str, str | bytes]:
        """What the sender gave it beside the body: texts and numbers as text, binary values as bytes."""
        given = self.raw.get("messageAttributes") or {}
        return {name: _value(attribute) for name, attribute in given.items()}

    @property
    def receive_count(self) -> int:
        """How often it has come, this time included. The queue's maxReceiveCount is the last time."""
        return int(self.attributes.get("ApproximateReceiveCount", 1))

    @property
    def group(self) -> str | None:
        """Its message group. On a FIFO queue the messages of a group come in order; elsewhere they need not."""
        return self.attributes.get("MessageGroupId")

    @property
    def deduplication_id(self) -> str | None:
        """On a FIFO queue, by what SQS knows a message that is sent again."""
        return self.attributes.get("MessageDeduplicationId")

    @property
    def sent_at(self) -> float:
        """When it was sent, in seconds since 1970."""
        return int(self.attributes["SentTimestamp"]) / 1000

    @property
    def first_received_at(self) -> float:
        """When it came for the first time, in seconds since 1970."""
        return int(self.attributes["ApproximateFirstReceiveTimestamp"]) / 1000

    @property
    def receipt_handle(self) -> str:
        """By what this very delivery can be deleted, or made invisible for longer."""
        return self.raw["receiptHandle"]  # type: ignore[no-any-return]  # as AWS hands it over


class _Queue(Source):
    """SQS: each message by itself; on a FIFO queue one after another within a group."""

    name = "sqs"
    service = "SQS"
    noun = "message"
    record = SQSMessage
    markers = ("aws:sqs",)
    identified_by = "messageId"

    def identifier_of(self, raw: dict[str, Any]) -> str:
        return raw["messageId"]  # type: ignore[no-any-return]  # as AWS hands it over

    def keys(self, records: Sequence[SQSMessage]) -> list[Hashable] | None:
        if not records or not _is_fifo(records[0]):
            return None
        if len(records) > FIFO_BATCH_MAX:
            raise WrongEvent(
                f"this batch of a FIFO queue has {len(records)} messages: Lambda hands over {FIFO_BATCH_MAX} at most"
            )
        return [record.group for record in records]


def _is_fifo(message: SQSMessage) -> bool:
    """Whether order matters: a standard queue may have groups, too, for fairness only."""
    arn = message.source_arn
    return arn.endswith(".fifo") if arn else "SequenceNumber" in message.attributes


def _value(attribute: dict[str, Any]) -> str | bytes:
    if str(attribute.get("dataType")).startswith("Binary"):
        from binascii import a2b_base64  # noqa: PLC0415  # only where there is such a value

        return a2b_base64(attribute.get("binaryValue") or "")
    return attribute.get("stringValue") or ""


sqs: BatchDecorator[SQSMessage] = BatchDecorator(_Queue())
