"""Messages as Lambda hands them to a function."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from meantime.tools.emulator.mappings import SQSMapping

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tools.emulator.mappings.conftest import QueueUnderTest, Traced

ECHO = "def handler(event, context): [trace(record) for record in event['Records']]"


def test_a_message_of_a_standard_queue(
    sqs: Any, make_queue: Callable[..., QueueUnderTest], traced: Callable[..., Traced]
) -> None:
    queue, app = make_queue(), traced(ECHO)
    sent = sqs.send_message(
        QueueUrl=queue.url,
        MessageBody="hällo",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "a"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )

    with SQSMapping(app.function, queue_url=queue.url) as mapping:
        mapping.drain(timeout=20)

    (record,) = app.trace()
    attributes = record.pop("attributes")
    assert record.pop("receiptHandle")
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hällo",
        "messageAttributes": {
            "text": {"stringValue": "a", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
            "bytes": {"binaryValue": "AAE=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
        },
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "md5OfBody": hashlib.md5("hällo".encode()).hexdigest(),  # noqa: S324  # it is what SQS has
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": "us-east-1",
    }
    assert attributes.keys() == {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    }
    assert attributes["ApproximateReceiveCount"] == "1"


def test_a_message_of_a_fifo_queue_has_its_group_and_its_numbers(
    make_queue: Callable[..., QueueUnderTest], traced: Callable[..., Traced]
) -> None:
    queue, app = make_queue(fifo=True), traced(ECHO)
    queue.send([{"number": 1}], group=lambda _: "orders")

    with SQSMapping(app.function, queue_url=queue.arn, endpoint_url=queue.client.meta.endpoint_url) as mapping:
        mapping.drain(timeout=20)

    (record,) = app.trace()
    assert record["attributes"]["MessageGroupId"] == "orders"
    assert record["attributes"]["MessageDeduplicationId"]
    assert int(record["attributes"]["SequenceNumber"]) > 0
    assert record["messageAttributes"] == {}
    assert "md5OfMessageAttributes" not in record
