"""An invoice for every paid order of an SQS batch, side by side on threads."""

from __future__ import annotations

import json
import logging
import os
from typing import Any
from urllib.parse import quote

import meantime
from meantime import clients, threads

API_URL = os.environ["API_URL"]
TIMEOUT = 5.0  # seconds that each answer may take
WIDTH = 10  # messages at once; the whole batch

log = logging.getLogger(__name__)

# For all threads; kept between invocations, with its connections.
session = clients.requests(max_concurrency=WIDTH, read_timeout=TIMEOUT)


def send_invoice(record: dict[str, Any]) -> None:
    """Send one, and mark its record as done. The API knows a message that comes again by its key."""
    try:
        order = json.loads(record["body"])
        response = session.post(
            f"{API_URL}/orders/{quote(order['id'], safe='')}/invoice",
            json={"email": order["email"], "total": order["total"]},
            headers={"Idempotency-Key": record["messageId"]},
        )
        response.raise_for_status()
    except Exception:
        log.exception("Message %s will come again", record["messageId"])  # and must not stop the others
    else:
        record["done"] = True


def failures(event: dict[str, Any], context: object, error: Exception | None = None) -> dict[str, Any]:
    """The messages that are to come again: all that are not done, at the deadline too."""
    if error is not None:
        log.error("%s", error)
    again = [record["messageId"] for record in event["Records"] if "done" not in record]
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in again]}


@meantime.handler(on_deadline=failures)
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one batch; SQS deletes the messages that are not named in the answer."""
    threads.map(send_invoice, event["Records"], max_concurrency=WIDTH)
    return failures(event, context)
