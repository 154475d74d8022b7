"""The latest reading of each sensor, a query each, side by side on threads."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import meantime
from meantime import clients, threads

TABLE = os.environ["TABLE"]
MOST = 50  # sensors in one request
WIDTH = 12  # queries at once; the client keeps as many connections

# Threads may share a client; a resource (boto3.resource) they must not.
dynamodb = clients.boto3("dynamodb", max_concurrency=WIDTH, read_timeout=5)
log = logging.getLogger(__name__)


def latest(sensor: str) -> dict[str, Any] | None:
    """The newest reading of one sensor; None if it has none."""
    page = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="sensor = :sensor",
        ExpressionAttributeValues={":sensor": {"S": sensor}},
        ScanIndexForward=False,  # newest first
        Limit=1,
    )
    for item in page["Items"]:
        return {"read_at": item["read_at"]["S"], "celsius": float(item["celsius"]["N"])}
    return None


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """What API Gateway turns into an HTTP response."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def too_late(event: dict[str, Any], context: object, error: meantime.DeadlineExceeded) -> dict[str, Any]:
    """The answer when the invocation's time is used up; the error names the queries that were still waiting."""
    log.error("%s", error)
    return answer(504, {"message": "The readings took too long."})


@meantime.handler(on_deadline=too_late)
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The latest readings, for GET …/readings?sensors=north,south."""
    sensors = event.get("queryStringParameters", {}).get("sensors", "").split(",")
    if not all(sensors) or len(sensors) > MOST:
        return answer(400, {"message": f"Name 1 to {MOST} sensors: ?sensors=north,south"})
    readings = threads.map(latest, sensors, max_concurrency=WIDTH)
    return answer(200, dict(zip(sensors, readings, strict=True)))
