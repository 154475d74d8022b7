"""A customer's overview from three APIs, side by side on tasks: it takes as long as the slowest."""

from __future__ import annotations

import json
import logging
import os
from typing import Any
from urllib.parse import quote

import httpx

import meantime
from meantime import clients, tasks

API_URL = os.environ["API_URL"]
TIMEOUT = 5.0  # seconds that each API may take

log = logging.getLogger(__name__)
http = clients.httpx(read_timeout=TIMEOUT)  # kept between invocations, with its connections


async def fetch(customer: str, part: str) -> Any:
    """One part of the overview, from the API that has it."""
    client = await http()
    response = await client.get(f"{API_URL}/customers/{quote(customer, safe='')}/{part}")
    response.raise_for_status()
    return response.json()


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """What API Gateway turns into an HTTP response."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def too_late(event: dict[str, Any], context: object, error: meantime.DeadlineExceeded) -> dict[str, Any]:
    """The answer when the invocation's time is used up; the error names the calls that were still waiting."""
    log.error("%s", error)
    return answer(504, {"message": "The APIs took too long."})


@meantime.handler(on_deadline=too_late)
async def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The overview of one customer, for GET …/customers/{customer}."""
    customer = event["pathParameters"]["customer"]
    try:
        profile, orders, permissions = await tasks.gather(
            fetch(customer, "profile"),
            fetch(customer, "orders"),
            fetch(customer, "permissions"),
        )
    except (httpx.HTTPError, ValueError):
        log.exception("No overview of customer %s", customer)
        return answer(502, {"message": "An API failed, or could not be reached."})
    return answer(200, {"profile": profile, "orders": orders, "permissions": permissions})
