"""What an event seems to be that somebody was not made for: so that an error can say what to do."""

from __future__ import annotations

from meantime.callables import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What takes a request, as the public API has it under `meantime`.
ADAPTER = "ASGIAdapter"

# What records, or the event itself, have for `eventSource`: in words, and what takes it.
_SOURCES = {
    "aws:sqs": ("a batch of SQS", "batch.sqs"),
    "aws:kinesis": ("a batch of Kinesis", "batch.kinesis"),
    "aws:dynamodb": ("a batch of a DynamoDB stream", "batch.dynamodb"),
    "aws:kafka": ("a batch of Amazon MSK", "batch.kafka"),
    "SelfManagedKafka": ("a batch of Kafka", "batch.kafka"),
    "aws:sns": ("a notification of SNS", None),
    "aws:s3": ("a notification of S3", None),
    "aws:ses": ("a mail that SES has received", None),
    "aws:amq": ("a batch of ActiveMQ", None),
    "aws:rmq": ("a batch of RabbitMQ", None),
    "aws:docdb": ("a batch of DocumentDB", None),
    "aws:codecommit": ("a notification of CodeCommit", None),
}
# Likewise the keys that tell an event; the first that it has counts.
_KEYS = {
    "detail-type": ("an event of EventBridge", None),
    "methodArn": ("what a Lambda authorizer is asked", None),
    "routeArn": ("what a Lambda authorizer is asked", None),
    "httpMethod": ("a request of an API Gateway or a load balancer", ADAPTER),
    "rawPath": ("a request of an HTTP API or a function URL", ADAPTER),
    "routeKey": ("a request of an HTTP API", ADAPTER),
    "raw_path": ("a request of VPC Lattice", ADAPTER),
    "awslogs": ("a batch of CloudWatch Logs", None),
    "deliveryStreamArn": ("a batch of Firehose", None),
    "triggerSource": ("a trigger of Cognito", None),
    "ResponseURL": ("a request of CloudFormation", None),
    "configRuleName": ("an evaluation of AWS Config", None),
    "alarmArn": ("an alarm of CloudWatch", None),
    "CodePipeline.job": ("a job of CodePipeline", None),
    "messageVersion": ("a call of a Bedrock agent", None),
}


def looks_like(event: Any) -> tuple[str, str | None]:
    """What this event seems to be, and the name under `meantime` of what takes it, if anything does."""
    if isinstance(event, list):
        return "a list, as EventBridge Pipes hands over", None
    if not isinstance(event, dict):
        return f"a {type(event).__name__}: {shown(event)}", None
    return _by_record(event) or _by_request_context(event) or _by_keys(event)


def advice(taker: str | None) -> str:
    """What to do about an event that a function was not decorated for."""
    if taker == ADAPTER:
        return "serve it with meantime.ASGIAdapter(app), which hands what is no request to its other="
    if taker is not None:
        return f"decorate its function with meantime.{taker}"
    return "give this function another trigger, or another decorator, as meantime.handler"


def _by_record(event: dict[str, Any]) -> tuple[str, str | None] | None:
    """By what the event itself, or the first of its records, says of its source."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    for holder in (event, first):
        if isinstance(holder, dict):
            source = holder.get("eventSource", holder.get("EventSource"))
            if source is not None:
                return _SOURCES.get(source, (f"one of {shown(source)}", None))
            if "cf" in holder:
                return "a request of CloudFront, as Lambda@Edge hands over", None
    return None


def _by_request_context(event: dict[str, Any]) -> tuple[str, str | None] | None:
    context = event.get("requestContext")
    if isinstance(context, dict):
        if "connectionId" in context:
            return "a message of a WebSocket API", None
        if "serviceNetworkArn" in context:
            return "a request of VPC Lattice", ADAPTER
    return None


def _by_keys(event: dict[str, Any]) -> tuple[str, str | None]:
    for key, kind in _KEYS.items():
        if key in event:
            return kind
    if "Records" in event:
        return f"one whose Records are {shown(event['Records'])}", None
    keys = ", ".join(map(str, list(event)[:5]))
    return f"one without Records, with the keys {keys}" if keys else "an empty one", None
