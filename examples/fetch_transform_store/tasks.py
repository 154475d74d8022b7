"""Documents fetched from an API, made into tables, stored in S3, side by side on tasks (boto3 blocks: on threads)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import boto3
import httpx
from botocore.config import Config
from transform import revenue_table

import meantime
from meantime import tasks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

API_URL = os.environ["API_URL"]
BUCKET = os.environ["BUCKET"]
TIMEOUT = 5.0  # seconds, for each document
WIDTH = 8  # documents at once; the clients keep as many connections

s3 = boto3.client(  # threads may share a client
    "s3",
    config=Config(max_pool_connections=WIDTH, connect_timeout=2, read_timeout=5, retries={"mode": "standard"}),
)
put_object = meantime.in_thread(s3.put_object)


@meantime.warm
async def http() -> AsyncGenerator[httpx.AsyncClient, None]:
    """Kept between invocations, with its connections."""
    async with httpx.AsyncClient(timeout=TIMEOUT) as client:
        yield client


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
