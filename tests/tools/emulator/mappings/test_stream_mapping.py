"""Streams of Kinesis and DynamoDB through a function: in order, each record once or given up, and said so."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.emulator.conftest import wait_for

from meantime.tools.emulator.mappings import NotDrainedError, SourceError, StreamMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.tools.emulator.conftest import Deploy
    from tests.tools.emulator.mappings.conftest import QueueUnderTest, Traced

    from meantime.tools.downstream import AWSServer

    Client = Callable[[str], Any]
    MakeQueue = Callable[..., QueueUnderTest]
    MakeTraced = Callable[..., Traced]
    MakeStream = Callable[..., "Stream"]

BODIES = """
def bodies(event):
    return [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]
"""
RAISING = (
    BODIES
    + """
def handler(event, context):
    if any(body.get("poison") for body in bodies(event)):
        raise ValueError("poison")
    trace([body["number"] for body in bodies(event)])
"""
)
CHECKPOINTING = (
    BODIES
    + """
def handler(event, context):
    for record, body in zip(event["Records"], bodies(event)):
        if body.get("poison"):
            return {"batchItemFailures": [{"itemIdentifier": record["kinesis"]["sequenceNumber"]}]}
        trace([body["number"]])
"""
)


class Stream:
    """A Kinesis data stream."""

    def __init__(self, client: Any, shards: int) -> None:
        self._client = client
        self.name = f"stream-{uuid.uuid4().hex[:8]}"
        client.create_stream(StreamName=self.name, ShardCount=shards)
        summary = client.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
        self.arn: str = summary["StreamARN"]

    def put(self, bodies: Iterable[Any], key: Callable[[Any], str] = lambda _: "key") -> list[str]:
        """Put these, each as JSON, in order; return their sequence numbers."""
        return [
            self._client.put_record(StreamName=self.name, PartitionKey=key(body), Data=json.dumps(body).encode())[
                "SequenceNumber"
            ]
            for body in bodies
        ]

    def split(self) -> None:
        """Make two shards of its only one."""
        (shard,) = self._client.list_shards(StreamName=self.name)["Shards"]
        self._client.split_shard(StreamName=self.name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(2**127))


@pytest.fixture
def make_stream(client: Client) -> MakeStream:
    return lambda shards=1: Stream(client("kinesis"), shards)


def numbers(trace: list[list[int]]) -> list[int]:
    return [number for batch in trace for number in batch]


def test_each_shards_records_are_processed_in_order_and_once(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream(shards=3)
    stream.put(({"number": n} for n in range(60)), key=lambda body: f"key-{body['number'] % 6}")
    app = traced(RAISING)

    with StreamMapping(app.function, stream_arn=stream.arn, endpoint_url=aws.url, batch_size=7) as mapping:
        statistics = mapping.drain(timeout=30)

    processed = numbers(app.trace())
    assert sorted(processed) == list(range(60))
    for key in range(6):
        of_key = [number for number in processed if number % 6 == key]
        assert of_key == sorted(of_key)
    assert max(map(len, app.trace())) <= 7
    assert (statistics.received, statistics.done, statistics.concurrency) == (60, 60, 3)


def test_bisecting_finds_the_poisonous_record_and_tells_its_destination(
    aws: AWSServer, make_stream: MakeStream, make_queue: MakeQueue, traced: MakeTraced
) -> None:
    stream, queue = make_stream(), make_queue()
    sequence_numbers = stream.put({"number": n, "poison": n == 5} for n in range(16))
    app = traced(RAISING)

    with StreamMapping(
        app.function,
        stream_arn=stream.arn,
        endpoint_url=aws.url,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=1,
        on_failure=queue.arn,
    ) as mapping:
        statistics = mapping.drain(timeout=30)

    assert numbers(app.trace()) == [n for n in range(16) if n != 5]
    assert (statistics.done, statistics.discarded) == (15, 1)
    (message,) = queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    document = json.loads(message["Body"])
    assert document.keys() == {"requestContext", "responseContext", "version", "timestamp", "KinesisBatchInfo"}
    assert document["requestContext"] == {
        "requestId": document["requestContext"]["requestId"],
        "functionArn": app.function.arn,
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    about = document["KinesisBatchInfo"]
    assert about["startSequenceNumber"] == about["endSequenceNumber"] == sequence_numbers[5]
    assert (about["shardId"], about["batchSize"], about["streamArn"]) == ("shardId-000000000000", 1, stream.arn)
    for moment in (document["timestamp"], about["approximateArrivalOfFirstRecord"]):
        assert datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo == UTC


def test_a_checkpoint_spares_what_is_done_and_a_topic_is_told_of_the_rest(
    aws: AWSServer, client: Client, make_stream: MakeStream, make_queue: MakeQueue, traced: MakeTraced
) -> None:
    stream, queue, sns = make_stream(), make_queue(), client("sns")
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"})
    stream.put({"number": n, "poison": n == 3} for n in range(6))
    app = traced(CHECKPOINTING)

    with StreamMapping(
        app.function,
        stream_arn=stream.arn,
        endpoint_url=aws.url,
        report_batch_item_failures=True,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=1,
        on_failure=topic,
    ) as mapping:
        statistics = mapping.drain(timeout=30)

    assert numbers(app.trace()) == [0, 1, 2, 4, 5]
    assert statistics.partials > 0
    (message,) = queue.client.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"])["responseContext"]["functionError"] is None


def test_without_reporting_what_answers_name_is_counted_and_told_and_done(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    stream.put({"number": n, "poison": n == 3} for n in range(6))

    with StreamMapping(
        traced(CHECKPOINTING).function, stream_arn=stream.arn, endpoint_url=aws.url, maximum_retry_attempts=1
    ) as mapping:
        statistics = mapping.drain(timeout=30)

    assert (statistics.done, statistics.failed, statistics.ignored) == (6, 0, 1)
    assert mapping.warnings == (
        "answers named 1 record as failed, but ReportBatchItemFailures is off: treated as done",
    )


def test_crashes_and_timeouts_in_between_lose_nothing(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    stream.put({"number": n} for n in range(30))
    app = traced(
        BODIES
        + """
def handler(event, context):
    for body in bodies(event):
        once = os.environ["TRACE"] + str(body["number"])
        if body["number"] in (7, 19) and not os.path.exists(once):
            open(once, "w").close()
            os._exit(1) if body["number"] == 7 else time.sleep(60)
    trace([body["number"] for body in bodies(event)])
""",
        timeout=1.0,
    )

    with StreamMapping(app.function, stream_arn=stream.arn, endpoint_url=aws.url, batch_size=5) as mapping:
        statistics = mapping.drain(timeout=30)

    assert numbers(app.trace()) == list(range(30))
    assert statistics.errors == {"Runtime.ExitError": 1, "Sandbox.Timedout": 1}


def test_a_parallelization_factor_keeps_the_order_of_each_key(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    stream.put(({"number": n} for n in range(40)), key=lambda body: f"key-{body['number'] % 4}")
    app = traced(
        BODIES
        + """
def handler(event, context):
    time.sleep(0.1)
    trace([body["number"] for body in bodies(event)])
"""
    )

    with StreamMapping(
        app.function, stream_arn=stream.arn, endpoint_url=aws.url, batch_size=5, parallelization_factor=4
    ) as mapping:
        statistics = mapping.drain(timeout=30)

    processed = numbers(app.trace())
    assert sorted(processed) == list(range(40))
    for key in range(4):
        assert [n for n in processed if n % 4 == key] == list(range(key, 40, 4))
    assert statistics.peak_concurrency > 1


def test_latest_begins_with_what_comes_once_the_mapping_is_entered(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream(shards=2)
    stream.put(({"number": n} for n in range(4)), key=lambda body: str(body))
    app = traced(RAISING)

    with StreamMapping(
        app.function, stream_arn=stream.arn, endpoint_url=aws.url, starting_position="LATEST"
    ) as mapping:
        stream.put(({"number": n} for n in range(10, 14)), key=lambda body: str(body))
        mapping.drain(timeout=30)

    assert sorted(numbers(app.trace())) == [10, 11, 12, 13]


def test_a_kinesis_stream_may_be_begun_at_a_moment(aws: AWSServer, make_stream: MakeStream, traced: MakeTraced) -> None:
    stream = make_stream()
    stream.put([{"number": 1}])
    moment = datetime.now(UTC)
    wait_for(lambda: datetime.now(UTC).timestamp() > moment.timestamp() + 0.01)
    stream.put([{"number": 2}])
    app = traced(RAISING)

    with StreamMapping(app.function, stream_arn=stream.arn, endpoint_url=aws.url, starting_position=moment) as mapping:
        mapping.drain(timeout=30)

    assert numbers(app.trace()) == [2]


def test_shards_that_come_from_a_split_are_read_from_their_start(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    app = traced(RAISING)

    with StreamMapping(
        app.function, stream_arn=stream.arn, endpoint_url=aws.url, starting_position="LATEST"
    ) as mapping:
        stream.put([{"number": 1}])
        mapping.drain(timeout=30)
        stream.split()
        stream.put(({"number": n} for n in range(2, 10)), key=lambda body: str(body))
        mapping.drain(timeout=30)

    assert sorted(numbers(app.trace())) == list(range(1, 10))


def test_a_record_that_keeps_failing_holds_up_its_shard_and_no_other(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream(shards=2)
    stream.put(({"number": n, "poison": n == 0} for n in range(8)), key=lambda body: f"key-{body['number'] % 2}")
    app = traced(RAISING)

    with (
        StreamMapping(app.function, stream_arn=stream.arn, endpoint_url=aws.url, batch_size=1) as mapping,
        pytest.raises(NotDrainedError, match="there are records that are not read or not processed"),
    ):
        mapping.drain(timeout=1)

    assert {number % 2 for number in numbers(app.trace())} == {1}
    assert any("a failing record holds up its shard" in warning for warning in mapping.warnings)


def test_the_state_of_a_tumbling_window_passes_from_batch_to_batch_and_ends_with_the_window(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    stream.put({"number": n} for n in range(9))
    app = traced(
        BODIES
        + """
def handler(event, context):
    total = event["state"].get("total", 0) + sum(body["number"] for body in bodies(event))
    trace([event["isFinalInvokeForWindow"], len(event["Records"]), total, event["window"], event["shardId"]])
    return {"state": {"total": total}}
"""
    )

    with StreamMapping(
        app.function, stream_arn=stream.arn, endpoint_url=aws.url, batch_size=2, tumbling_window=1
    ) as mapping:
        mapping.drain(timeout=30)

    trace = app.trace()
    final = [total for is_final, _, total, _, _ in trace if is_final]
    assert sum(final) == sum(range(9))
    assert [records for is_final, records, *_ in trace if is_final] == [0] * len(final)
    assert sum(records for _, records, *_ in trace) == 9
    windows = [window["start"] for *_, window, _ in trace]
    assert windows == sorted(windows)
    assert {shard for *_, shard in trace} == {"shardId-000000000000"}
    assert trace[-1][0]


def test_an_answer_without_state_fails_a_tumbling_windows_batch(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    stream.put([{"number": 1}])
    app = traced('def handler(event, context): return {"state": {}} if event["isFinalInvokeForWindow"] else {}')

    with StreamMapping(
        app.function, stream_arn=stream.arn, endpoint_url=aws.url, tumbling_window=1, maximum_retry_attempts=0
    ) as mapping:
        statistics = mapping.drain(timeout=30)

    assert statistics.discarded == 1
    assert statistics.errors == {"the answer has no state, which a tumbling window needs": 1}


def test_the_changes_of_a_table_come_in_order_and_in_the_shape_that_lambda_gives_them(
    aws: AWSServer, client: Client, traced: MakeTraced
) -> None:
    dynamodb, table = client("dynamodb"), f"table-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    first = {"id": {"S": "a"}, "bytes": {"B": b"foobar"}, "deep": {"M": {"list": {"L": [{"BS": [b"1"]}, {"N": "2"}]}}}}
    app = traced("def handler(event, context): [trace(record) for record in event['Records']]")

    with StreamMapping(app.function, stream_arn=arn, endpoint_url=aws.url, starting_position="LATEST") as mapping:
        dynamodb.put_item(TableName=table, Item=first)
        dynamodb.put_item(TableName=table, Item={"id": {"S": "a"}, "n": {"N": "1"}})
        dynamodb.delete_item(TableName=table, Key={"id": {"S": "a"}})
        mapping.drain(timeout=30)

    insert, modify, remove = app.trace()
    assert [record["eventName"] for record in (insert, modify, remove)] == ["INSERT", "MODIFY", "REMOVE"]
    assert list(insert) == [
        "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN",
    ]  # fmt: skip
    assert (insert["eventSource"], insert["awsRegion"], insert["eventSourceARN"]) == ("aws:dynamodb", "us-east-1", arn)
    assert insert["dynamodb"]["NewImage"] == {
        "id": {"S": "a"},
        "bytes": {"B": "Zm9vYmFy"},
        "deep": {"M": {"list": {"L": [{"BS": ["MQ=="]}, {"N": "2"}]}}},
    }
    assert isinstance(insert["dynamodb"]["ApproximateCreationDateTime"], int)
    assert insert["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    assert modify["dynamodb"]["OldImage"] == insert["dynamodb"]["NewImage"]
    assert "NewImage" not in remove["dynamodb"]


def test_a_kinesis_record_comes_in_the_shape_that_lambda_gives_it(
    aws: AWSServer, make_stream: MakeStream, traced: MakeTraced
) -> None:
    stream = make_stream()
    (number,) = stream.put([{"number": 1}])
    app = traced("def handler(event, context): trace(event)")

    with StreamMapping(app.function, stream_arn=stream.arn, endpoint_url=aws.url) as mapping:
        mapping.drain(timeout=30)

    ((record,),) = [event["Records"] for event in app.trace()]
    arrived = record["kinesis"].pop("approximateArrivalTimestamp")
    assert isinstance(arrived, float)
    assert record == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "key",
            "sequenceNumber": number,
            "data": "eyJudW1iZXIiOiAxfQ==",
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/lambda-role",
        "awsRegion": "us-east-1",
        "eventSourceARN": stream.arn,
    }


@pytest.mark.parametrize(
    ("stream_arn", "on_failure", "complaint"),
    [
        ("arn:aws:kinesis:us-east-1:000000000000:stream/nowhere", None, "stream .*nowhere cannot be read"),
        (None, "arn:aws:sqs:us-east-1:000000000000:nowhere", "queue .*nowhere cannot be found"),
        (None, "arn:aws:sns:us-east-1:000000000000:nowhere", "topic .*nowhere cannot be found"),
    ],
)
def test_a_stream_or_destination_that_is_not_there_is_named_on_entering(
    aws: AWSServer, deploy: Deploy, make_stream: MakeStream, *, stream_arn: Any, on_failure: Any, complaint: str
) -> None:
    function = deploy("def handler(event, context): pass")

    with (
        pytest.raises(SourceError, match=complaint),
        StreamMapping(
            function, stream_arn=stream_arn or make_stream().arn, endpoint_url=aws.url, on_failure=on_failure
        ),
    ):
        pass
