"""Events as event source mappings hand them over, for tests of batches, with all that AWS puts in."""

from __future__ import annotations

from hashlib import md5
from uuid import NAMESPACE_OID, uuid5

from meantime import clock
from meantime.testing.event_arguments import check_as_many, check_keys, each_of, pair_of
from meantime.testing.event_values import base64_of, text_of, typed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

REGION = "us-east-1"
ACCOUNT = "123456789012"

# A sequence number as Kinesis has it: longer than any integer of a database, and they ascend.
_FIRST_NUMBER = 49590338271490256608559692538361571095921575989136588898


def sqs_event(
    bodies: Iterable[object], *, groups: Sequence[str] | None = None, receive_count: int = 1, queue: str = "queue"
) -> dict[str, Any]:
    """A batch of messages of an SQS queue.

    Args:
        bodies: The body of each; what is no text is put in as JSON.
        groups: The message group of each; then the queue is a FIFO queue.
        receive_count: How often they have come, this time included.
        queue: The queue's name.

    Raises:
        TypeError: `bodies` is one body and no list of them, or one of them is nothing that JSON can hold.
        ValueError: There are not as many groups as bodies.
    """
    bodies = each_of("bodies", bodies)
    check_as_many("groups", groups, "bodies", bodies)
    now = str(int(clock.wall() * 1000))
    name = queue if groups is None or queue.endswith(".fifo") else f"{queue}.fifo"
    records = []
    for number, body in enumerate(bodies):
        text = text_of(body)
        attributes = {
            "ApproximateReceiveCount": str(receive_count),
            "SentTimestamp": now,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": now,
        }
        if groups is not None:
            digest = md5(text.encode(), usedforsecurity=False).hexdigest()
            attributes |= {
                "SequenceNumber": str(18849496460467696128 + number),
                "MessageGroupId": groups[number],
                "MessageDeduplicationId": digest,
            }
        records.append(
            {
                "messageId": str(uuid5(NAMESPACE_OID, f"{name} {number}")),
                "receiptHandle": f"receipt-{number}",
                "body": text,
                "attributes": attributes,
                "messageAttributes": {},
                "md5OfBody": md5(text.encode(), usedforsecurity=False).hexdigest(),
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
                "awsRegion": REGION,
            }
        )
    return {"Records": records}


def kinesis_event(
    data: Iterable[object],
    *,
    partition_keys: Sequence[str] | None = None,
    state: object = None,
    is_final: bool = False,
    stream: str = "stream",
) -> dict[str, Any]:
    """A batch of records of a Kinesis data stream.

    Args:
        data: The data of each: bytes, text, or anything that is put in as JSON.
        partition_keys: The key of each; by default each has its own.
        state: That of a tumbling window; None: there is no window.
        is_final: Whether it is the window's last invocation.
        stream: The stream's name.

    Raises:
        TypeError: `data` is that of one record and no list, or some of it is nothing that JSON can hold.
        ValueError: There are not as many keys as records.
    """
    data = each_of("data", data)
    check_as_many("partition_keys", partition_keys, "data", data)
    arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
    shard = "shardId-000000000000"
    records = []
    for number, content in enumerate(data):
        sequence_number = str(_FIRST_NUMBER + number)
        records.append(
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": str(number) if partition_keys is None else partition_keys[number],
                    "sequenceNumber": sequence_number,
                    "data": base64_of(content),
                    "approximateArrivalTimestamp": round(clock.wall(), 3),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{sequence_number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
                "awsRegion": REGION,
                "eventSourceARN": arn,
            }
        )
    return {"Records": records, **_window(state, arn, shard, is_final=is_final)}


def dynamodb_event(
    images: Iterable[tuple[dict[str, Any] | None, dict[str, Any] | None]],
    *,
    keys: Sequence[str] = ("id",),
    state: object = None,
    is_final: bool = False,
    table: str = "table",
) -> dict[str, Any]:
    """A batch of changes of a DynamoDB table.

    Args:
        images: Of each the item before and after, plain; None where there is none: `(None, {"id": "1"})` is an insert.
        keys: The attributes of the primary key.
        state: That of a tumbling window; None: there is no window.
        is_final: Whether it is the window's last invocation.
        table: The table's name.

    Raises:
        TypeError: One of the images is no pair of items, or DynamoDB has no type for a value.
        ValueError: An item has no such key, or there is neither one before nor one after.
    """
    images = [pair_of(number, each) for number, each in enumerate(each_of("images", images))]
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/2026-01-01T00:00:00.000"
    records = []
    for number, (old, new) in enumerate(images):
        item = new if new is not None else old
        assert item is not None  # noqa: S101  # there is one, for type checkers
        check_keys(number, item, keys)
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": int(clock.wall()),
            "Keys": {name: typed(item[name]) for name in keys},
            "SequenceNumber": str(111_000_000_000_000_000_000_000 + number),
            "SizeBytes": 26,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        for part, image in (("NewImage", new), ("OldImage", old)):
            if image is not None:
                change[part] = {name: typed(value) for name, value in image.items()}
        records.append(
            {
                "eventID": uuid5(NAMESPACE_OID, f"{table} {number}").hex,
                "eventName": "REMOVE" if new is None else "INSERT" if old is None else "MODIFY",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": REGION,
                "dynamodb": change,
                "eventSourceARN": arn,
            }
        )
    return {"Records": records, **_window(state, arn, "shardId-00000000000000000000-00000000", is_final=is_final)}


def kafka_event(
    values: Iterable[object], *, keys: Sequence[str | None] | None = None, topic: str = "topic", partition: int = 0
) -> dict[str, Any]:
    """A batch of records of one partition of a topic, on Amazon MSK.

    Args:
        values: The value of each: bytes, text, or anything that is put in as JSON; None for a tombstone.
        keys: The key of each; by default none has one.
        topic: The topic's name.
        partition: The partition.

    Raises:
        TypeError: `values` is one value and no list of them, or one of them is nothing that JSON can hold.
        ValueError: There are not as many keys as values.
    """
    values = each_of("values", values)
    check_as_many("keys", keys, "values", values)
    records = []
    for offset, value in enumerate(values):
        key = None if keys is None else keys[offset]
        records.append(
            {
                "topic": topic,
                "partition": partition,
                "offset": offset,
                "timestamp": int(clock.wall() * 1000),
                "timestampType": "CREATE_TIME",
                "key": None if key is None else base64_of(key),
                "value": None if value is None else base64_of(value),
                "headers": [],
            }
        )
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/cluster/00000000-0000-0000-0000-000000000000-1",
        "bootstrapServers": f"b-1.cluster.kafka.{REGION}.amazonaws.com:9092",
        "records": {f"{topic}-{partition}": records},
    }


def _window(state: object, arn: str, shard: str, *, is_final: bool) -> dict[str, Any]:
    if state is None:
        return {}
    return {
        "window": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:02:00Z"},
        "state": state,
        "shardId": shard,
        "eventSourceARN": arn,
        "isFinalInvokeForWindow": is_final,
        "isWindowTerminatedEarly": False,
    }
