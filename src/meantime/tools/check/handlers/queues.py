"""The queues of a template, and what is known of a source by its ARN alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.check.handlers.intrinsics import reference

if TYPE_CHECKING:
    from meantime.tools.check.finding import Place
    from meantime.tools.check.handlers.handler import SourceKind
    from meantime.tools.check.handlers.intrinsics import Literals
    from meantime.tools.check.handlers.nodes import Node

DEFAULT_VISIBILITY_TIMEOUT = 30.0
"""Seconds that SQS hides a message for where its queue says nothing."""

_SERVICES: dict[str, SourceKind] = {
    "sqs": "sqs",
    "kinesis": "kinesis",
    "dynamodb": "dynamodb",
    "kafka": "kafka",
}
_TYPES: dict[str, SourceKind] = {
    "AWS::SQS::Queue": "sqs",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::Kinesis::StreamConsumer": "kinesis",
    "AWS::DynamoDB::Table": "dynamodb",
    "AWS::DynamoDB::GlobalTable": "dynamodb",
    "AWS::MSK::Cluster": "kafka",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What a mapping reads from, as far as the template says.

    Args:
        kind: Which service; None: not known.
        is_fifo: Whether it is a FIFO queue.
        visibility_timeout: Of the queue, seconds.
        visibility_place: Where the queue says so, or the queue itself.
        max_receive_count: Of its redrive policy.
    """

    kind: SourceKind | None = None
    is_fifo: bool | None = None
    visibility_timeout: float | None = None
    visibility_place: Place | None = None
    max_receive_count: int | None = None


def source_of(arn: Node | None, resources: Node | None, literals: Literals) -> Source:
    """What an ARN, or a reference to a resource of the same template, leads to."""
    name = reference(arn)
    resource = resources.get(name) if resources is not None and name is not None else None
    if resource is not None:
        kind = _TYPES.get((resource.get("Type") or resource).text or "")
        return _queue(resource, literals) if kind == "sqs" else Source(kind)
    text = arn_text(arn, literals)
    match = re.match(r"arn:[^:]*:(\w+):", text)
    if match is None:
        return Source()
    kind = _SERVICES.get(match[1])
    return Source(kind, is_fifo=text.endswith(".fifo") if kind == "sqs" and not text.endswith("}") else None)


def arn_text(arn: Node | None, literals: Literals) -> str:
    """An ARN, with what is not known of it left as it stands: `arn:aws:sqs:${AWS::Region}:…:orders.fifo`."""
    if arn is None:
        return ""
    function = arn.intrinsic
    whole = literals.text(arn)
    if whole is None and function is not None and function[0] == "Sub":
        whole = function[1].text or (function[1].elements() or [arn])[0].text
    return whole or ""


def _queue(resource: Node, literals: Literals) -> Source:
    properties = resource.get("Properties")
    timeout = properties.get("VisibilityTimeout") if properties is not None else None
    fifo = properties.get("FifoQueue") if properties is not None else None
    policy = properties.get("RedrivePolicy") if properties is not None else None
    return Source(
        kind="sqs",
        is_fifo=literals.flag(fifo) if fifo is not None else False,
        visibility_timeout=literals.number(timeout) if timeout is not None else DEFAULT_VISIBILITY_TIMEOUT,
        visibility_place=(timeout or resource).place,
        max_receive_count=_max_receive_count(policy, literals),
    )


def _max_receive_count(policy: Node | None, literals: Literals) -> int | None:
    if policy is None:
        return None
    count = literals.number(policy.get("maxReceiveCount"))
    if count is None and policy.text:  # the policy may be written as JSON in a text
        try:
            written = json.loads(policy.text)
        except ValueError:
            return None
        count = written.get("maxReceiveCount") if isinstance(written, dict) else None
    return int(count) if isinstance(count, int | float) else None
