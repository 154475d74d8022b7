"""An invoice for every paid order of an SQS batch, one after another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

import meantime

if TYPE_CHECKING:
    from meantime.batch import SQSMessage

API_URL = os.environ["API_URL"]
TIMEOUT = 5.0  # seconds, for each message

session = requests.Session()  # kept between invocations, with its connections


@meantime.batch.sqs(executor="sequential")
def lambda_handler(message: SQSMessage) -> None:
    """Send the invoice of one order. The API knows a message that comes again by its key."""
    order = message.json()
    response = session.post(
        f"{API_URL}/orders/{quote(order['id'], safe='')}/invoice",
        json={"email": order["email"], "total": order["total"]},
        headers={"Idempotency-Key": message.message_id},
        timeout=TIMEOUT,
    )
    response.raise_for_status()
