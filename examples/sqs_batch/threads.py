"""An invoice for every paid order of an SQS batch, side by side on threads."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import requests

import meantime

if TYPE_CHECKING:
    from meantime.batch import SQSMessage

API_URL = os.environ["API_URL"]
TIMEOUT = 5.0  # seconds, for each message
WIDTH = 10  # messages at once; the whole batch


class Kept(threading.local):
    """Each thread's own, since threads must not share a Session; kept between invocations, as the threads are."""

    def __init__(self) -> None:
        self.session = requests.Session()


kept = Kept()


@meantime.batch.sqs(max_concurrency=WIDTH)
def lambda_handler(message: SQSMessage) -> None:
    """Send the invoice of one order. The API knows a message that comes again by its key."""
    order = message.json()
    response = kept.session.post(
        f"{API_URL}/orders/{quote(order['id'], safe='')}/invoice",
        json={"email": order["email"], "total": order["total"]},
        headers={"Idempotency-Key": message.message_id},
        timeout=TIMEOUT,
    )
    response.raise_for_status()
