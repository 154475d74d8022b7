"""An invoice for every paid order of an SQS batch, side by side on tasks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

import meantime

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from meantime.batch import SQSMessage

API_URL = os.environ["API_URL"]
TIMEOUT = 5.0  # seconds, for each message
WIDTH = 10  # messages at once; the whole batch


@meantime.warm
async def http() -> AsyncGenerator[httpx.AsyncClient, None]:
    """Kept between invocations, with its connections."""
    async with httpx.AsyncClient(timeout=TIMEOUT) as client:
        yield client


@meantime.batch.sqs(max_concurrency=WIDTH)
async def lambda_handler(message: SQSMessage) -> None:
    """Send the invoice of one order. The API knows a message that comes again by its key."""
    order = message.json()
    client = await http()
    response = await client.post(
        f"{API_URL}/orders/{quote(order['id'], safe='')}/invoice",
        json={"email": order["email"], "total": order["total"]},
        headers={"Idempotency-Key": message.message_id},
    )
    response.raise_for_status()
