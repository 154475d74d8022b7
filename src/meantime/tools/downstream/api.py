"""An HTTP API that answers any path with small JSON after a delay: the slow thing that a function calls."""

from __future__ import annotations

import contextlib
from itertools import count
from typing import TYPE_CHECKING

from aiohttp import web

from meantime.tools.downstream.latency import Latency
from meantime.tools.downstream.service import DelayedService

if TYPE_CHECKING:
    from meantime.tools.downstream.visit import Visit

DEFAULT_LATENCY = 0.3

_STATUSES = range(200, 600)
_WITHOUT_BODY = {204, 304}  # RFC 9110 §15.3.5, §15.4.5


class DelayedAPI(DelayedService):
    """An HTTP API on loopback that answers any method and path with small JSON after its latency.

    The answer is `{"method": …, "path": …, "number": …}`, the number counting the answers given. A request
    chooses its own latency with `?delay=0.05` (or any text that `Latency.parse` reads), its own status with
    `?status=503`.

    Args:
        latency: How long each answer takes, as `Latency.parse` reads it.
        max_concurrency: The most requests under way at once; more are answered 429.
        rate: The most requests taken in any one second; more are answered 429.
        max_connections: The most connections; more are closed at once.
        failure_rate: The part of requests, 0 to 1, that is answered with status 500.
        seed: Makes the drawn latencies and failures the same each time, given the same order of requests.
        port: The port to serve on; 0 for a free one.

    Raises:
        ValueError: A latency, limit, rate or port that makes no sense.
    """

    def __init__(
        self,
        latency: float | str | Latency = DEFAULT_LATENCY,
        *,
        max_concurrency: int | None = None,
        rate: float | None = None,
        max_connections: int | None = None,
        failure_rate: float = 0.0,
        seed: int | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(
            latency=latency,
            max_concurrency=max_concurrency,
            rate=rate,
            max_connections=max_connections,
            failure_rate=failure_rate,
            seed=seed,
            port=port,
        )
        self._numbers = count(1)

    def _latency_of(self, request: web.Request) -> Latency:
        # What is no latency is told in the answer, which then comes as any other.
        with contextlib.suppress(ValueError):
            return self._chosen_latency(request)
        return self._latency

    async def _answer(self, request: web.Request, body: bytes | None, visit: Visit) -> web.StreamResponse:
        try:
            self._chosen_latency(request)
            status = _chosen_status(request)
        except ValueError as error:
            answer: dict[str, str | int] = {"error": "BadRequest", "message": str(error)}
            status = 400
        else:
            answer = {"method": request.method, "path": request.path, "number": next(self._numbers)}
        if body is None:
            async for _ in request.content.iter_any():
                pass
        await visit.wait_until_due()
        visit.close("served", status)
        if status in _WITHOUT_BODY:
            return web.Response(status=status)
        return web.json_response(answer, status=status)

    def _chosen_latency(self, request: web.Request) -> Latency:
        delay = request.query.get("delay")
        return self._latency if delay is None else Latency.parse(delay)


def _chosen_status(request: web.Request) -> int:
    text = request.query.get("status", "200")
    if text.isdecimal() and int(text) in _STATUSES:
        return int(text)
    raise ValueError(f"A status is a number from {_STATUSES[0]} to {_STATUSES[-1]}, not {text!r}.")
