"""Documents in S3, by boto3, which blocks: awaited through a thread, or called from a route that is on one."""

from __future__ import annotations

import os
from typing import IO

import meantime
from meantime import clients

BUCKET = os.environ["BUCKET"]

s3 = clients.boto3("s3", max_concurrency=4, read_timeout=10)  # its calls end at the invocation's deadline
put_object = meantime.in_thread(s3.put_object)


async def store(order: str, name: str, file: IO[bytes], content_type: str) -> None:
    """Keep a file with an order."""
    await put_object(Bucket=BUCKET, Key=f"{order}/{name}", Body=file, ContentType=content_type)


def fetch(order: str, name: str) -> tuple[bytes, str] | None:
    """A file and its type, if there is one; blocks."""
    try:
        found = s3.get_object(Bucket=BUCKET, Key=f"{order}/{name}")
    except s3.exceptions.NoSuchKey:
        return None
    return found["Body"].read(), found["ContentType"]
