"""Documents fetched from an API, made into tables, stored in S3, side by side on threads."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from transform import revenue_table

import meantime
from meantime import clients, threads

API_URL = os.environ["API_URL"]
BUCKET = os.environ["BUCKET"]
TIMEOUT = 5.0  # seconds that each answer may take
WIDTH = 8  # documents at once; the clients keep as many connections

# For all threads; kept between invocations, with their connections.
s3 = clients.boto3("s3", max_concurrency=WIDTH, read_timeout=TIMEOUT)
session = clients.requests(max_concurrency=WIDTH, read_timeout=TIMEOUT)


def process(name: str) -> dict[str, Any]:
    """Fetch one document, transform it, store the table."""
    response = session.get(f"{API_URL}/documents/{quote(name, safe='')}.json")
    response.raise_for_status()
    table = revenue_table(response.content)
    key = f"revenue/{name}.csv.gz"
    s3.put_object(Bucket=BUCKET, Key=key, Body=table.content, ContentType="text/csv", ContentEncoding="gzip")
    return {"key": key, "orders": table.orders, "revenue_cents": table.revenue_cents}


@meantime.handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an event that names the documents; a failure is raised, so that Lambda tries the event again."""
    return {"stored": threads.map(process, event["detail"]["documents"], max_concurrency=WIDTH)}
