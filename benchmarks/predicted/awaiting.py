"""The functions whose durations are predicted, with async libraries: one call after the other, or on tasks."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import meantime
from meantime import tasks
from meantime.measure import recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Call = Callable[[int, int], Awaitable[bytes]]

URL = os.environ["API_URL"]
WIDEST = 64
KEPT_S = 300.0  # connections stay open between the rounds
LINE = json.dumps({"sensor": "rooftop", "readings": [20.5, 21.25, 19.75], "unit": "°C", "valid": True})


@meantime.warm
async def httpx_call() -> AsyncIterator[Call]:
    """With one kept client."""
    import httpx  # noqa: PLC0415  # one of the two is needed

    limits = httpx.Limits(max_connections=WIDEST, max_keepalive_connections=WIDEST, keepalive_expiry=KEPT_S)
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:

        async def call(number: int, body_bytes: int) -> bytes:
            if body_bytes:
                return (await client.post(f"{URL}/items/{number}", content=b"x" * body_bytes)).content
            return (await client.get(f"{URL}/items/{number}")).content

        yield call


@meantime.warm
async def aiohttp_call() -> AsyncIterator[Call]:
    """With one kept session."""
    import aiohttp  # noqa: PLC0415  # one of the two is needed

    connector = aiohttp.TCPConnector(limit=WIDEST, keepalive_timeout=KEPT_S)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call(number: int, body_bytes: int) -> bytes:
            if body_bytes:
                async with session.post(f"{URL}/items/{number}", data=b"x" * body_bytes) as answer:
                    return await answer.read()
            async with session.get(f"{URL}/items/{number}") as answer:
                return await answer.read()

        yield call


_made = httpx_call if os.environ["LIBRARY"] == "httpx" else aiohttp_call


async def item(number: int, call: Call, body_bytes: int, lines: int) -> int:
    """One call, and the work on its answer."""
    answer = await call(number, body_bytes)
    return len(answer) + sum(len(json.loads(LINE)) for _ in range(lines))


async def sequential(event: dict[str, Any], call: Call) -> int:
    """One after the other."""
    total = 0
    for number in range(event["items"]):
        total += await item(number, call, event["body_bytes"], event["lines"])
    return total


async def side_by_side(event: dict[str, Any], call: Call) -> int:
    """So many at once."""
    one = partial(item, call=call, body_bytes=event["body_bytes"], lines=event["lines"])
    return sum(await tasks.map(one, range(event["items"]), max_concurrency=event["max_concurrency"]))


@meantime.handler
async def lambda_handler(event: dict[str, Any], context: object) -> Any:
    """Both, as the event says."""
    call = await _made()
    if event["max_concurrency"] > 1:
        return await side_by_side(event, call)
    if not event["record"]:
        return await sequential(event, call)
    with recording() as recorder:
        await sequential(event, call)
    return recorder.document
