"""What invokes a function: the events of SAM, and event source mappings that stand alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.handlers.handler import EventSource
from meantime.tools.check.handlers.intrinsics import reference
from meantime.tools.check.handlers.queues import Source, arn_text, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.handlers.handler import SourceKind
    from meantime.tools.check.handlers.intrinsics import Literals
    from meantime.tools.check.handlers.nodes import Node

_SAM_KINDS: dict[str, SourceKind] = {
    "SQS": "sqs",
    "Kinesis": "kinesis",
    "DynamoDB": "dynamodb",
    "MSK": "kafka",
    "SelfManagedKafka": "kafka",
    "Api": "http",
    "HttpApi": "http",
    "SNS": "sns",
    "S3": "s3",
    "Schedule": "schedule",
    "ScheduleV2": "schedule",
    "EventBridgeRule": "events",
    "CloudWatchEvent": "events",
}
_BATCHES = frozenset({"sqs", "kinesis", "dynamodb", "kafka"})
_ARNS = ("Queue", "Stream")


def sam_sources(properties: Node, resources: Node, literals: Literals) -> Iterator[EventSource]:
    """What the `Events` of a function of SAM, and its URL, say."""
    events = properties.get("Events")
    for name, event in events.entries() if events is not None else ():
        kind = _SAM_KINDS.get((event.get("Type") or event).text or "", "other")
        details = event.get("Properties")
        if kind in _BATCHES:
            arn = next((found for key in _ARNS if details and (found := details.get(key))), None)
            source = source_of(arn, resources, literals)
            yield mapping(name, event, kind, details, source=source, literals=literals)
        elif kind == "sns" and (queue := _queue_between(details, literals)) is not None:
            source = source_of(queue.get("QueueArn"), resources, literals)
            yield mapping(name, event, "sqs", queue, source=source, literals=literals)
        else:
            yield EventSource(kind, event.place, name)
    url = properties.get("FunctionUrlConfig")
    if url is not None:
        yield EventSource("http", url.place, "FunctionUrlConfig")


def _queue_between(details: Node | None, literals: Literals) -> Node | None:
    """The queue by way of which a topic's messages come, where SAM is told to make or use one."""
    queue = details.get("SqsSubscription") if details is not None else None
    return queue if queue is not None and literals.flag(queue) is not False else None


def standing_alone(resources: Node, literals: Literals) -> list[tuple[str, EventSource]]:
    """The mappings that are resources of their own, each with the logical name, or the name, of its function."""
    aliases = {
        name: reference(resource.get("Properties", "FunctionName"))
        for name, resource in resources.entries()
        if (resource.get("Type") or resource).text in {"AWS::Lambda::Alias", "AWS::Lambda::Version"}
    }
    found = []
    for name, resource in resources.entries():
        if (resource.get("Type") or resource).text != "AWS::Lambda::EventSourceMapping":
            continue
        details = resource.get("Properties")
        if details is None:
            continue
        function = details.get("FunctionName")
        target = reference(function) or arn_text(function, literals).rpartition(":")[2]
        source = source_of(details.get("EventSourceArn"), resources, literals)
        if source.kind is None and details.get("SelfManagedEventSource") is not None:
            source = Source("kafka")
        kind = source.kind or "other"
        read = mapping(name, resource, kind, details, source=source, literals=literals)
        found.append((aliases.get(target) or target, read))
    return found


def mapping(
    name: str, node: Node, kind: SourceKind, details: Node | None, *, source: Source, literals: Literals
) -> EventSource:
    """An event source mapping by its properties and by what it reads from."""

    def number(*keys: str) -> float | None:
        return literals.number(details.get(*keys)) if details is not None else None

    size, most = number("BatchSize"), number("ScalingConfig", "MaximumConcurrency")
    return EventSource(
        kind=kind,
        place=node.place,
        name=name,
        is_fifo=source.is_fifo,
        batch_size=int(size) if size is not None else None,
        reports_batch_item_failures=_reports(details.get("FunctionResponseTypes") if details is not None else None),
        visibility_timeout=source.visibility_timeout,
        visibility_place=source.visibility_place,
        max_receive_count=source.max_receive_count,
        maximum_concurrency=int(most) if most is not None else None,
        batch_window=number("MaximumBatchingWindowInSeconds"),
    )


def _reports(types: Node | None) -> bool | None:
    if types is None:
        return False
    if types.intrinsic is not None:
        return None
    elements = types.elements() or [types]
    if any(each.text == "ReportBatchItemFailures" and each.intrinsic is None for each in elements):
        return True
    return None if any(each.intrinsic is not None for each in elements) else False
