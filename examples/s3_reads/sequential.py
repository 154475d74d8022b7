"""The report of one day from the 24 objects of its hours, read one after another."""

from __future__ import annotations

import json
import logging
import os
from datetime import date
from typing import Any

import meantime
from meantime import clients, sequential

BUCKET = os.environ["BUCKET"]

s3 = clients.boto3("s3", read_timeout=5)
log = logging.getLogger(__name__)


def read(key: str) -> dict[str, int]:
    """The counts of one hour: requests, errors."""
    counts: dict[str, int] = json.load(s3.get_object(Bucket=BUCKET, Key=key)["Body"])
    return counts


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """What API Gateway turns into an HTTP response."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def too_late(event: dict[str, Any], context: object, error: meantime.DeadlineExceeded) -> dict[str, Any]:
    """The answer when the invocation's time is used up; the error names the reads that were still waiting."""
    log.error("%s", error)
    return answer(504, {"message": "The report took too long."})


@meantime.handler(on_deadline=too_late)
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The report of one day, for GET …/reports/{date}."""
    try:
        day = date.fromisoformat(event["pathParameters"]["date"])
    except ValueError as error:
        return answer(400, {"message": str(error)})
    keys = [f"{day}/{hour:02}.json" for hour in range(24)]
    try:
        hours = sequential.map(read, keys)
    except s3.exceptions.NoSuchKey:
        return answer(404, {"message": f"There is no complete day {day}."})
    requests = [hour["requests"] for hour in hours]
    report = {
        "date": str(day),
        "requests": sum(requests),
        "errors": sum(hour["errors"] for hour in hours),
        "busiest_hour": requests.index(max(requests)),
    }
    return answer(200, report)
