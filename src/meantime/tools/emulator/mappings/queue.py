"""One SQS queue: receives messages, deletes them or gives them back, and knows which it still holds."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from meantime import clock
from meantime.tools.emulator.mappings import limits
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, is_passing, source_error
from meantime.tools.emulator.mappings.errors import SourceError
from meantime.tools.emulator.mappings.gathering import size_of
from meantime.tools.emulator.mappings.settings import QUEUE_ARN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from meantime.tools.emulator.mappings.endpoint import Endpoint

_DEPTHS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True)
class Message:
    """One message as it was received.

    Args:
        record: What the function finds in `Records`.
        size: Bytes that takes of the event.
        lapses: When it becomes visible to others, in `clock.monotonic()` seconds.
    """

    record: Mapping[str, Any]
    size: int
    lapses: float

    @property
    def message_id(self) -> str:
        """What the function names it by."""
        identifier: str = self.record["messageId"]
        return identifier

    @property
    def handle(self) -> str:
        """What the queue names this delivery by."""
        handle: str = self.record["receiptHandle"]
        return handle

    @property
    def group(self) -> str | None:
        """Its message group, in a FIFO queue."""
        group: str | None = self.record["attributes"].get("MessageGroupId")
        return group

    @property
    def receive_count(self) -> int:
        """How often it was received, this time included."""
        return int(self.record["attributes"].get("ApproximateReceiveCount", 1))


@dataclass(frozen=True)
class Depth:
    """How many messages there are, approximately, as AWS says it."""

    visible: int
    invisible: int
    delayed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.invisible + self.delayed


class Queue:
    """The queue. Its methods block, and may be called from several threads."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self._client = endpoint.client("sqs")
        self._held: dict[str, Message] = {}
        self._lock = threading.Lock()
        self._name = name
        self.url = name if "://" in name else queue_url(self._client, name)
        try:
            attributes = self._attributes(self.url, ["All"])
        except CALL_ERRORS as error:
            raise source_error(f"queue {self.url} cannot be read", error) from error
        self.arn: str = attributes["QueueArn"]
        self.region = self.arn.split(":")[3]
        self.fifo = attributes.get("FifoQueue") == "true"
        self.visibility_timeout = int(attributes["VisibilityTimeout"])
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
        self.max_receive_count: int | None = int(redrive["maxReceiveCount"]) if "maxReceiveCount" in redrive else None
        self.dead_letter_arn: str | None = redrive.get("deadLetterTargetArn")
        self._dead_letter_url = queue_url(self._client, self.dead_letter_arn) if self.dead_letter_arn else None

    def receive(self, most: int, wait: int, visibility: float) -> list[Message]:
        """Receive up to 10 messages; wait up to `wait` seconds for the first. They are held from now on."""
        asked = clock.monotonic()
        received = self._client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=min(most, limits.RECEIVE_MAX),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
            **({} if visibility == self.visibility_timeout else {"VisibilityTimeout": int(visibility)}),
        )
        messages = []
        for message in received.get("Messages", []):
            record = event_record(message, self.arn, self.region)
            # From the asking on, to be on the safe side: when it was found within the wait is not known.
            messages.append(Message(record, size_of(record), asked + visibility))
        with self._lock:
            self._held.update({message.handle: message for message in messages})
        return messages

    def delete(self, messages: Sequence[Message]) -> int:
        """Delete messages; return how many the queue would not delete, which then come again."""
        failed = 0
        for part in _parts(messages):
            answer = self._client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(number), "ReceiptHandle": each.handle} for number, each in enumerate(part)],
            )
            failed += len(answer.get("Failed", []))
            self.forget(part)
        return failed

    def forget(self, messages: Iterable[Message]) -> None:
        """Hold these no longer: they come again by themselves when their visibility timeout ends."""
        with self._lock:
            for message in messages:
                self._held.pop(message.handle, None)

    def release(self) -> int:
        """Make the messages that are held visible again at once; return how many there were."""
        with self._lock:
            chosen = list(self._held.values())
        # The last first: a group stays locked, and so in order, until its first message is back.
        for part in _parts(chosen[::-1]):
            self._client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": each.handle, "VisibilityTimeout": 0}
                    for number, each in enumerate(part)
                ],
            )
            self.forget(part)
        return len(chosen)

    def depth(self) -> Depth:
        """Return how many messages there are."""
        attributes = self._attributes(self.url, list(_DEPTHS))
        return Depth(*(int(attributes[name]) for name in _DEPTHS))

    def dead_letters(self) -> int | None:
        """Return how many messages are in the dead-letter queue; None if there is no such queue."""
        if self._dead_letter_url is None:
            return None
        return int(self._attributes(self._dead_letter_url, [_DEPTHS[0]])[_DEPTHS[0]])

    def _attributes(self, url: str, names: list[str]) -> dict[str, str]:
        try:
            attributes: dict[str, str] = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=names)[
                "Attributes"
            ]
        except CALL_ERRORS as error:
            if is_passing(error):
                raise
            raise source_error(f"queue {url} cannot be read", error) from error
        return attributes


def queue_url(client: Any, arn: str) -> str:
    """Return the URL of the queue with this ARN.

    Raises:
        SourceError: It is no queue's ARN, or there is no such queue.
    """
    match = QUEUE_ARN.fullmatch(arn)
    if match is None:
        raise SourceError(f"{arn!r} is neither the URL of a queue nor its ARN, arn:aws:sqs:REGION:ACCOUNT:NAME")
    try:
        url: str = client.get_queue_url(QueueName=match[3], QueueOwnerAWSAccountId=match[2])["QueueUrl"]
    except CALL_ERRORS as error:
        raise source_error(f"queue {arn} cannot be found", error) from error
    return url


def event_record(message: Mapping[str, Any], arn: str, region: str) -> dict[str, Any]:
    """Return a received message as Lambda hands it to a function.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html; `md5OfMessageAttributes` and the empty lists of an
    attribute are in the events that AWS sends, though not on that page.
    """
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message.get("Body", ""),
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return {
        **record,
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return {**attribute, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}


def _parts(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for start in range(0, len(messages), limits.RECEIVE_MAX):
        yield messages[start : start + limits.RECEIVE_MAX]
