"""Documents fetched from an API, made into tables, stored in S3, side by side on threads."""

from __future__ import annotations

import os
import threading
from typing import Any
from urllib.parse import quote

import boto3
import requests
from botocore.config import Config
from transform import revenue_table

import meantime
from meantime import threads

API_URL = os.environ["API_URL"]
BUCKET = os.environ["BUCKET"]
TIMEOUT = 5.0  # seconds, for each document
WIDTH = 8  # documents at once; the clients keep as many connections

s3 = boto3.client(  # threads may share a client
    "s3",
    config=Config(max_pool_connections=WIDTH, connect_timeout=2, read_timeout=5, retries={"mode": "standard"}),
)


class Kept(threading.local):
    """Each thread's own, since threads must not share a Session; kept between invocations, as the threads are."""

    def __init__(self) -> None:
        self.session = requests.Session()


kept = Kept()


def process(name: str) -> dict[str, Any]:
    """Fetch one document, transform it, store the table."""
    response = kept.session.get(f"{API_URL}/documents/{quote(name, safe='')}.json", timeout=TIMEOUT)
    response.raise_for_status()
    table = revenue_table(response.content)
    key = f"revenue/{name}.csv.gz"
    s3.put_object(Bucket=BUCKET, Key=key, Body=table.content, ContentType="text/csv", ContentEncoding="gzip")
    return {"key": key, "orders": table.orders, "revenue_cents": table.revenue_cents}


@meantime.handler
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an event that names the documents; a failure is raised, so that Lambda tries the event again."""
    return {"stored": threads.map(process, event["detail"]["documents"], max_concurrency=WIDTH)}
