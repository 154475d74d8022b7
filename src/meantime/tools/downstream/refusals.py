"""How each service says no: too many requests, an error of its own, nobody behind the proxy."""

from __future__ import annotations

import json
import math
import uuid
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meantime.tools.downstream.recognition import Target
    from meantime.tools.downstream.throttle import Excess


@dataclass(frozen=True)
class Refusal:
    """An answer that says no, in the form of the service that was asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Error:
    status: int
    code: str
    message: str


# S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (JSON: 400);
# the older query protocol is seen to answer 403, https://github.com/async-aws/aws/issues/1227.
# Kinesis: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
# The rest: https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
_THROTTLED = {
    ("s3", "s3"): _Error(503, "SlowDown", "Please reduce your request rate."),
    ("json", "dynamodb"): _Error(
        400,
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
        "provisioning level with the UpdateTable API.",
    ),
    ("json", "sqs"): _Error(400, "RequestThrottled", "Request is throttled."),
    ("json", "kinesis"): _Error(400, "ProvisionedThroughputExceededException", "Rate exceeded for shard."),
    ("query", "sqs"): _Error(403, "RequestThrottled", "Request is throttled."),
}
_THROTTLED_ELSEWHERE = {
    "json": _Error(400, "ThrottlingException", "Rate exceeded"),
    "query": _Error(400, "Throttling", "Rate exceeded"),
}
_FAILED = {
    ("s3", "s3"): _Error(500, "InternalError", "We encountered an internal error. Please try again."),
    ("json", "dynamodb"): _Error(500, "InternalServerError", "Internal server error"),
}
_FAILED_ELSEWHERE = _Error(500, "InternalFailure", "The request processing has failed because of an unknown error.")
_NAMESPACES = {"dynamodb": "com.amazonaws.dynamodb.v20120810", "sqs": "com.amazonaws.sqs"}
_SERVER_ERROR = 500


def throttled(target: Target, excess: Excess) -> Refusal:
    """Say that there are too many requests, as the service would."""
    error = _THROTTLED.get((target.protocol, target.service)) or _THROTTLED_ELSEWHERE.get(target.protocol)
    headers = {"X-Meantime-Throttled": str(excess)}
    if error is None:
        error = _Error(429, "TooManyRequests", f"Too many requests: {excess}.")
        # https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3: whole seconds
        headers["Retry-After"] = str(max(1, math.ceil(excess.retry_after)))
    return _refusal(target, error, headers)


def failed(target: Target) -> Refusal:
    """Say that the service itself failed, as the service would: status 500."""
    error = _FAILED.get((target.protocol, target.service), _FAILED_ELSEWHERE)
    return _refusal(target, error, {"X-Meantime-Failed": "failure_rate"})


def unreachable(target: Target, upstream: str, reason: str) -> Refusal:
    """Say that nobody answered behind the proxy: status 502, in a form that the service's client shows."""
    message = f"The proxy got no answer from {upstream}: {reason}"
    return _refusal(target, _Error(502, "UpstreamUnreachable", message), {})


def not_forwardable(target: Target, address: str) -> Refusal:
    """Say that a request's target is no path of the upstream's: status 400."""
    message = (
        f"This proxy stands for one endpoint and forwards paths, not {address!r}. Give its address where the "
        "endpoint's was given, as endpoint_url say; it is not for HTTP_PROXY."
    )
    return _refusal(target, _Error(400, "BadRequest", message), {})


def _refusal(target: Target, error: _Error, headers: dict[str, str]) -> Refusal:
    request_id = str(uuid.uuid4())
    form = {"s3": _s3, "json": _json, "query": _query, "plain": _plain}[target.protocol]
    own_headers, body = form(target, error, request_id)
    return Refusal(error.status, own_headers | headers, body)


def _s3(_target: Target, error: _Error, request_id: str) -> tuple[dict[str, str], bytes]:
    headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id, "x-amz-id-2": request_id}
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
        f"<RequestId>{request_id}</RequestId><HostId>{request_id}</HostId></Error>"
    )
    return headers, body.encode()


def _json(target: Target, error: _Error, request_id: str) -> tuple[dict[str, str], bytes]:
    namespace = _NAMESPACES.get(target.service)
    kind = f"{namespace}#{error.code}" if namespace else error.code
    body = json.dumps({"__type": kind, "message": error.message}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "x-amzn-RequestId": request_id,
        "x-amzn-ErrorType": error.code,
        "x-amz-crc32": str(zlib.crc32(body)),
    }
    if target.service == "sqs":
        # SQS spoke the query protocol before JSON, and still names the error as that did.
        fault = "Receiver" if error.status >= _SERVER_ERROR else "Sender"
        headers["x-amzn-query-error"] = f"{error.code};{fault}"
    return headers, body


def _query(target: Target, error: _Error, request_id: str) -> tuple[dict[str, str], bytes]:
    fault = "Receiver" if error.status >= _SERVER_ERROR else "Sender"
    body = (
        '<?xml version="1.0"?>\n'
        f'<ErrorResponse xmlns="http://{target.service}.amazonaws.com/"><Error><Type>{fault}</Type>'
        f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}, body.encode()


def _plain(_target: Target, error: _Error, _request_id: str) -> tuple[dict[str, str], bytes]:
    body = json.dumps({"error": error.code, "message": error.message}).encode()
    return {"Content-Type": "application/json"}, body
