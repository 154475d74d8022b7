"""What type checkers see of batches: mypy checks this file as a user's code, running it proves the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

import meantime
from meantime import Outcome, Outcomes, threads
from meantime.testing import LambdaContext, dynamodb_event, kafka_event, kinesis_event, sqs_event

if TYPE_CHECKING:
    from decimal import Decimal

    from meantime.batch import DynamoDBRecord, KafkaRecord, KinesisRecord, SQSMessage, Window


def prepare(messages: list[SQSMessage]) -> dict[str, str]:
    return {message.message_id: message.body for message in messages}


def finish(outcomes: Outcomes[SQSMessage, Any]) -> list[Outcome[SQSMessage, Any]]:
    return outcomes.failed


def park(message: SQSMessage, error: BaseException) -> bool:
    return message.receive_count > 3 and isinstance(error, ValueError)


@meantime.batch.sqs
def bare(message: SQSMessage) -> None:
    assert_type(message.body, str)
    assert_type(message.group, str | None)
    assert_type(message.sent_at, float)
    assert_type(message.message_attributes, dict[str, str | bytes])


@meantime.batch.sqs(
    max_concurrency=5,
    timeout=2.0,
    executor=threads,
    prepare=prepare,
    finish=finish,
    on_failure=park,
    fail_when=lambda outcomes: not outcomes.success_count,
)
def with_keywords(message: SQSMessage, prepared: dict[str, str]) -> str:
    return prepared[message.message_id]


def count(window: Window, outcomes: tuple[Outcome[KinesisRecord, Any], ...]) -> dict[str, int]:
    return {"count": window.state.get("count", 0) + len(outcomes)}


@meantime.batch.kinesis(window=count)
async def of_a_stream(record: KinesisRecord) -> None:
    assert_type(record.data, bytes)
    assert_type(record.arrived_at, float)


@meantime.batch.dynamodb(executor="sequential")
def of_a_table(record: DynamoDBRecord) -> Decimal | None:
    assert_type(record.new_image, dict[str, Any] | None)
    return (record.new_image or {}).get("n")


@meantime.batch.kafka(parse=lambda record: record.json())
async def of_a_topic(value: dict[str, int], record: KafkaRecord) -> None:
    assert_type(record.key, bytes | None)


def test_what_type_checkers_are_told_is_true() -> None:
    context = LambdaContext()

    assert_type(bare(sqs_event(["a"]), context), dict[str, Any])
    assert with_keywords(sqs_event(["a"]), context) == {"batchItemFailures": []}
    assert of_a_stream(kinesis_event(["a"], state={}), context)["state"] == {"count": 1}
    assert of_a_table(dynamodb_event([(None, {"id": "1", "n": 2})]), context) == {"batchItemFailures": []}
    assert of_a_topic(kafka_event([{"a": 1}]), context) == {"batchItemFailures": []}
