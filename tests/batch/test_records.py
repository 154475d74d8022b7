"""What a record says of itself, decoded where it is asked for."""

from __future__ import annotations

import base64
import pickle
from decimal import Decimal

import pytest

from meantime.batch import DynamoDBRecord, KafkaRecord, KinesisRecord, SQSMessage
from meantime.testing import dynamodb_event, kafka_event, kinesis_event, sqs_event

# From https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html, with message attributes as SQS has them.
MESSAGE = {
    "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
    "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
    "body": '{"order": 7}',
    "attributes": {
        "ApproximateReceiveCount": "2",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
        "SequenceNumber": "18849496460467696128",
        "MessageGroupId": "customer-1",
        "MessageDeduplicationId": "7",
    },
    "messageAttributes": {
        "kind": {"stringValue": "paid", "stringListValues": [], "binaryListValues": [], "dataType": "String"},
        "tries": {"stringValue": "007", "stringListValues": [], "binaryListValues": [], "dataType": "Number.int"},
        "key": {"binaryValue": "AAH/", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    },
    "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue.fifo",
    "awsRegion": "us-east-2",
}


def test_a_message():
    message = SQSMessage(MESSAGE)

    assert message.raw is MESSAGE
    assert message.body == '{"order": 7}'
    assert message.json() == {"order": 7}
    assert message.message_id == message.identifier == "059f36b4-87a3-44ab-83d2-661975830a7d"
    assert message.attributes["SenderId"] == "AIDAIENQZJOLO23YVJ4VO"
    assert message.message_attributes == {"kind": "paid", "tries": "007", "key": b"\x00\x01\xff"}
    assert message.receive_count == 2
    assert message.group == "customer-1"
    assert message.deduplication_id == "7"
    assert message.sent_at == 1545082649.183
    assert message.first_received_at == 1545082649.185
    assert message.receipt_handle.startswith("AQEB")
    assert message.source_arn.endswith("my-queue.fifo")


def test_what_a_bare_message_does_not_say():
    message = SQSMessage({"messageId": "1", "body": "text"})

    assert (message.receive_count, message.group, message.deduplication_id) == (1, None, None)
    assert (message.attributes, message.message_attributes, message.source_arn) == ({}, {}, "")


def test_a_record_of_kinesis():
    [raw] = kinesis_event([b"\xff\x00raw"], partition_keys=["k"])["Records"]
    raw["kinesis"]["approximateArrivalTimestamp"] = 1607497475.0
    record = KinesisRecord(raw)

    assert record.data == record.payload == b"\xff\x00raw"
    assert record.data is record.data
    assert record.partition_key == "k"
    assert record.sequence_number == record.identifier == raw["kinesis"]["sequenceNumber"]
    assert record.shard_id == "shardId-000000000000"
    assert record.arrived_at == 1607497475.0
    with pytest.raises(UnicodeDecodeError):
        record.text  # noqa: B018  # the access is the test


def test_its_data_as_text_and_json():
    text, json = (KinesisRecord(raw) for raw in kinesis_event(["grüß", {"a": 1}])["Records"])

    assert text.text == "grüß"
    assert json.json() == {"a": 1}


def test_a_change_of_an_item():
    event = dynamodb_event([({"id": "1", "n": 1}, {"id": "1", "n": 2}), (None, {"id": "2"}), ({"id": "3"}, None)])
    modified, inserted, removed = (DynamoDBRecord(raw) for raw in event["Records"])

    assert (modified.event_name, inserted.event_name, removed.event_name) == ("MODIFY", "INSERT", "REMOVE")
    assert modified.keys == {"id": "1"}
    assert (modified.old_image, modified.new_image) == ({"id": "1", "n": Decimal(1)}, {"id": "1", "n": Decimal(2)})
    assert (inserted.old_image, inserted.new_image) == (None, {"id": "2"})
    assert (removed.old_image, removed.new_image) == ({"id": "3"}, None)
    assert (modified.payload, removed.payload) == ({"id": "1", "n": Decimal(2)}, {"id": "3"})
    assert modified.identifier == modified.sequence_number == event["Records"][0]["dynamodb"]["SequenceNumber"]
    assert modified.new_image is modified.new_image
    assert not removed.has_expired


def test_a_stream_that_carries_keys_only():
    [raw] = dynamodb_event([(None, {"id": "1", "n": 2})])["Records"]
    del raw["dynamodb"]["NewImage"]
    record = DynamoDBRecord(raw)

    assert (record.keys, record.new_image, record.payload) == ({"id": "1"}, None, None)


def test_an_item_that_has_expired():
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html."""
    [raw] = dynamodb_event([({"id": "1"}, None)])["Records"]
    raw["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    raw["dynamodb"]["ApproximateCreationDateTime"] = 1428537600

    assert DynamoDBRecord(raw).has_expired
    assert DynamoDBRecord(raw).arrived_at == 1428537600.0


def test_a_record_of_kafka():
    [raw] = kafka_event([{"a": 1}], keys=["k"], topic="orders", partition=3)["records"]["orders-3"]
    raw |= {"offset": 15, "timestamp": 1545084650987, "headers": [{"trace": [104, -61, -68]}, {"trace": [50]}]}
    record = KafkaRecord(raw)

    assert record.value == record.payload == b'{"a": 1}'
    assert record.json() == {"a": 1}
    assert record.text == '{"a": 1}'
    assert record.key == b"k"
    assert record.headers == [("trace", "hü".encode()), ("trace", b"2")]
    assert (record.topic, record.partition, record.offset) == ("orders", 3, 15)
    assert record.created_at == 1545084650.987
    assert (record.topic_partition, record.identifier) == ("orders-3", "orders-3@15")


def test_a_tombstone_of_kafka_has_no_value():
    [raw] = kafka_event([None])["records"]["topic-0"]
    record = KafkaRecord(raw)

    assert (record.value, record.payload, record.key) == (None, b"", None)


EACH = [
    (SQSMessage, sqs_event(["secret"])["Records"][0]),
    (KinesisRecord, kinesis_event(["secret"])["Records"][0]),
    (DynamoDBRecord, dynamodb_event([(None, {"id": "secret"})])["Records"][0]),
    (KafkaRecord, kafka_event(["secret"])["records"]["topic-0"][0]),
]


@pytest.mark.parametrize(("kind", "raw"), EACH)
def test_its_text_names_it_and_gives_nothing_away(kind, raw):
    record = kind(raw)
    assert record.payload is not None

    assert repr(record) == f"{kind.__name__}({record.identifier!r})"
    assert "secret" not in repr(record)
    assert base64.b64encode(b"secret").decode() not in repr(record)


@pytest.mark.parametrize(("kind", "raw"), EACH)
def test_it_can_go_to_a_child_process(kind, raw):
    record = kind(raw)
    assert record.payload is not None  # decoded, it holds more

    again = pickle.loads(pickle.dumps(record))  # noqa: S301  # our own

    assert (type(again), again.raw, again.payload) == (kind, raw, record.payload)


@pytest.mark.parametrize(("kind", "raw"), EACH)
def test_it_is_a_small_object(kind, raw):
    assert not hasattr(kind(raw), "__dict__")
