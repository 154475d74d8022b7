"""Powertools beside batches: its data classes as what the function gets, its decorators, the same function in both."""

from __future__ import annotations

import asyncio
import io
import json
from uuid import uuid4

import pytest
from tests.batch.conftest import come_again

import meantime
from meantime.testing import LambdaContext, dynamodb_event, kafka_event, kinesis_event, sqs_event

pytest.importorskip("aws_lambda_powertools", reason="Powertools is not installed here")

from aws_lambda_powertools import Logger, Tracer  # it may be absent
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.data_classes.kafka_event import KafkaEventRecord
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import BasePersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)


class InMemory(BasePersistenceLayer):
    """Keeps what was done as long as the test runs."""

    def __init__(self):
        super().__init__()
        self.kept = {}

    def _get_record(self, idempotency_key):
        if idempotency_key not in self.kept:
            raise IdempotencyItemNotFoundError
        return self.kept[idempotency_key]

    def _put_record(self, data_record):
        if data_record.idempotency_key in self.kept:
            raise IdempotencyItemAlreadyExistsError
        self.kept[data_record.idempotency_key] = data_record

    def _update_record(self, data_record):
        self.kept[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record):
        del self.kept[data_record.idempotency_key]


@pytest.mark.parametrize(
    ("decorator", "data_class", "event", "read"),
    [
        (meantime.batch.sqs, SQSRecord, sqs_event([{"a": 1}]), lambda record: record.json_body),
        (
            meantime.batch.kinesis,
            KinesisStreamRecord,
            kinesis_event([{"a": 1}]),
            lambda record: record.kinesis.data_as_json(),
        ),
        (
            meantime.batch.dynamodb,
            DynamoDBRecord,
            dynamodb_event([(None, {"a": 1})], keys=["a"]),
            lambda record: record.dynamodb.new_image,
        ),
        (meantime.batch.kafka, KafkaEventRecord, kafka_event([{"a": 1}]), lambda record: record.json_value),
    ],
)
def test_a_data_class_is_what_the_function_gets(decorator, data_class, event, read):
    got = []

    @decorator(parse=data_class)
    def lambda_handler(record):
        got.append((type(record), read(record)))

    assert lambda_handler(event, LambdaContext(60)) == {"batchItemFailures": []}
    assert got == [(data_class, {"a": 1})]


def test_a_model_of_its_parser_is_a_model_of_the_whole_record():
    pytest.importorskip("pydantic", reason="pydantic is not installed here")
    from aws_lambda_powertools.utilities.parser.models import SqsRecordModel  # noqa: PLC0415
    from pydantic import BaseModel, Json  # noqa: PLC0415

    class Order(BaseModel):
        id: int

    class OrderRecord(SqsRecordModel):
        body: Json[Order]

    got = []
    event = sqs_event([{"id": 1}, {"id": "x"}])
    for record in event["Records"]:
        record["md5OfBody"] = record["md5OfBody"] or ""

    answer = meantime.batch.sqs(parse=OrderRecord)(got.append)(event, LambdaContext(60))

    assert come_again(event, answer) == [1]
    assert [(record.messageId, record.body.id) for record in got] == [(event["Records"][0]["messageId"], 1)]


def test_the_same_function_in_both_answers_the_same():
    """As the page shows it; there it is called by its first parameter's name, which must be `record`."""

    def record_handler(record: SQSRecord, lambda_context):
        assert lambda_context.function_name == "orders"
        if record.json_body["id"] == 2:
            raise ValueError

    processor = BatchProcessor(event_type=EventType.SQS)
    event, context = sqs_event([{"id": 1}, {"id": 2}, {"id": 3}]), LambdaContext(60, function_name="orders")

    theirs = process_partial_response(event, record_handler, processor, context)  # type: ignore[arg-type]  # a context for tests
    ours = meantime.batch.sqs(parse=SQSRecord)(record_handler)(event, context)

    assert theirs == ours


@pytest.mark.parametrize("asks", ["record", "record, lambda_context"])
def test_its_idempotency_finds_the_record_by_its_keyword(asks):
    done = []

    def once(record):
        if record.body == "fails":
            raise ValueError
        done.append(record.body)

    function = once if asks == "record" else lambda record, lambda_context: once(record)
    context, config = LambdaContext(60), IdempotencyConfig(event_key_jmespath="messageId")
    config.register_lambda_context(context)  # type: ignore[arg-type]  # a context for tests
    record_handler = idempotent_function(
        function,
        data_keyword_argument="record",
        persistence_store=InMemory(),
        config=config,
    )
    handler = meantime.batch.sqs(parse=SQSRecord, executor="sequential")(record_handler)
    event = sqs_event(["a", "fails", "b"])

    assert [come_again(event, handler(event, context)) for _ in range(2)] == [[1], [1]]
    assert done == ["a", "b"]


def test_inside_its_loggers_decorator_what_records_log_bears_the_request():
    stream = io.StringIO()
    logger = Logger(service=f"test-{uuid4()}", stream=stream)

    @logger.inject_lambda_context
    @meantime.batch.sqs
    def lambda_handler(message):
        logger.info(message.body)

    @logger.inject_lambda_context
    @meantime.batch.sqs
    async def async_handler(message):
        await asyncio.sleep(0)
        logger.info(message.body)

    for handler in (lambda_handler, async_handler):
        context = LambdaContext(60)
        assert handler(sqs_event(["a", "b"]), context) == {"batchItemFailures": []}
        lines = [json.loads(line) for line in stream.getvalue().splitlines()][-2:]
        assert {line["message"] for line in lines} == {"a", "b"}
        assert {line["function_request_id"] for line in lines} == {context.aws_request_id}


@pytest.fixture
def tracer():
    """A disabled one; it turns X-Ray and all further ones off for the whole process, until the end of this test."""
    sdk = pytest.importorskip("aws_xray_sdk")
    yield Tracer(service="test", disabled=True)
    Tracer._reset_config()
    sdk.global_sdk_config.set_sdk_enabled(True)


def test_its_tracers_decorators_go_round_the_handler_and_the_function(tracer):
    got = []

    @tracer.capture_lambda_handler
    @meantime.batch.sqs
    @tracer.capture_method
    def lambda_handler(message, context):
        got.append((message.body, context.function_name))

    @tracer.capture_lambda_handler
    @meantime.batch.sqs
    @tracer.capture_method
    async def async_handler(message, context):
        got.append((message.body, context.function_name))

    for handler in (lambda_handler, async_handler):
        assert handler(sqs_event(["a"]), LambdaContext(60)) == {"batchItemFailures": []}

    assert got == [("a", "test")] * 2
