"""Batches: every record processed at once, in order where order matters, and none lost.

`sqs`, `kinesis`, `dynamodb` and `kafka` are decorators for a function of one record, `def` or `async def`. What they
give is what Lambda calls: a plain function of (event, context) that answers which records must come again.
"""

from __future__ import annotations

from meantime.lazy_names import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, globals(), _HOMES)
