"""What an event seems to be that a function was not decorated for: so that an error can say what to do."""

from __future__ import annotations

from meantime.callables import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What records, or the event itself, have for `eventSource`: in words, and which decorator takes it.
_SOURCES = {
    "aws:sqs": ("a batch of SQS", "sqs"),
    "aws:kinesis": ("a batch of Kinesis", "kinesis"),
    "aws:dynamodb": ("a batch of a DynamoDB stream", "dynamodb"),
    "aws:kafka": ("a batch of Amazon MSK", "kafka"),
    "SelfManagedKafka": ("a batch of Kafka", "kafka"),
    "aws:sns": ("a notification of SNS", None),
    "aws:s3": ("a notification of S3", None),
    "aws:amq": ("a batch of ActiveMQ", None),
    "aws:rmq": ("a batch of RabbitMQ", None),
}
# Likewise the keys that tell an event.
_KEYS = {
    "detail-type": "an event of EventBridge",
    "httpMethod": "a request of an API Gateway or a load balancer",
    "rawPath": "a request of an HTTP API or a function URL",
    "routeKey": "a request of an HTTP API",
    "awslogs": "a batch of CloudWatch Logs",
    "deliveryStreamArn": "a batch of Firehose",
}


def looks_like(event: Any) -> tuple[str, str | None]:
    """What this event seems to be, and the decorator that takes it, if there is one."""
    if isinstance(event, list):
        return "a list, as EventBridge Pipes hands over", None
    if not isinstance(event, dict):
        return f"a {type(event).__name__}: {shown(event)}", None
    for holder in (event, _first(event)):
        source = holder.get("eventSource", holder.get("EventSource"))
        if source is not None:
            return _SOURCES.get(source, (f"one of {shown(source)}", None))
    for key, words in _KEYS.items():
        if key in event:
            return words, None
    if "Records" in event:
        return f"one whose Records are {shown(event['Records'])}", None
    keys = ", ".join(map(str, list(event)[:5]))
    return f"one without Records, with the keys {keys}" if keys else "an empty one", None


def advice(decorator: str | None) -> str:
    """What to do about it."""
    if decorator is not None:
        return f"decorate its function with meantime.batch.{decorator}"
    return "give this function another trigger, or another decorator, as meantime.handler"


def _first(event: dict[str, Any]) -> dict[str, Any]:
    """The first of its records."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    return first if isinstance(first, dict) else {}
