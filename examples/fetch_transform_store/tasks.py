"""Documents fetched from an API, made into tables, stored in S3, side by side on tasks (boto3 blocks: on threads)."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from transform import revenue_table

import meantime
from meantime import clients, tasks

API_URL = os.environ["API_URL"]
BUCKET = os.environ["BUCKET"]
TIMEOUT = 5.0  # seconds that each answer may take
WIDTH = 8  # documents at once; the clients keep as many connections

# Kept between invocations, with their connections.
s3 = clients.boto3("s3", max_concurrency=WIDTH, read_timeout=TIMEOUT)
http = clients.httpx(max_concurrency=WIDTH, read_timeout=TIMEOUT)

put_object = meantime.in_thread(s3.put_object)


async def process(name: str) -> dict[str, Any]:
    """Fetch one document, transform it, store the table."""
    client = await http()
    response = await client.get(f"{API_URL}/documents/{quote(name, safe='')}.json")
    response.raise_for_status()
    table = revenue_table(response.content)  # a few milliseconds: more would hold up the others
    key = f"revenue/{name}.csv.gz"
    await put_object(Bucket=BUCKET, Key=key, Body=table.content, ContentType="text/csv", ContentEncoding="gzip")
    return {"key": key, "orders": table.orders, "revenue_cents": table.revenue_cents}


@meantime.handler
async def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an event that names the documents; a failure is raised, so that Lambda tries the event again."""
    return {"stored": await tasks.map(process, event["detail"]["documents"], max_concurrency=WIDTH)}
