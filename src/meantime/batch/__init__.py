"""Batches: every record processed at once, in order where order matters, and none lost.

`sqs`, `kinesis`, `dynamodb` and `kafka` are decorators for a function of one record, `def` or `async def`. What they
give is what Lambda calls: a plain function of (event, context) that answers which records must come again.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.batch.dynamodb_records import DynamoDBRecord, dynamodb
    from meantime.batch.kafka_records import KafkaRecord, kafka
    from meantime.batch.kinesis_records import KinesisRecord, kinesis
    from meantime.batch.records import Record
    from meantime.batch.sqs_messages import SQSMessage, sqs
    from meantime.batch.windows import Window

__all__ = [
    "DynamoDBRecord",
    "KafkaRecord",
    "KinesisRecord",
    "Record",
    "SQSMessage",
    "Window",
    "dynamodb",
    "kafka",
    "kinesis",
    "sqs",
]

# In which module each name lives; none bears a decorator's name, since importing it would hide the decorator.
_HOMES = {
    "DynamoDBRecord": "meantime.batch.dynamodb_records",
    "KafkaRecord": "meantime.batch.kafka_records",
    "KinesisRecord": "meantime.batch.kinesis_records",
    "Record": "meantime.batch.records",
    "SQSMessage": "meantime.batch.sqs_messages",
    "Window": "meantime.batch.windows",
    "dynamodb": "meantime.batch.dynamodb_records",
    "kafka": "meantime.batch.kafka_records",
    "kinesis": "meantime.batch.kinesis_records",
    "sqs": "meantime.batch.sqs_messages",
}


def __getattr__(name: str) -> object:
    try:
        module_name = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'meantime.batch' has no attribute {name!r}") from None
    from importlib import import_module  # noqa: PLC0415  # an import of this package alone must not pay for it

    value: object = getattr(import_module(module_name), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
