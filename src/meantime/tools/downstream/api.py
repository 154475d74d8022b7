"""An HTTP API that answers any path with small JSON after a delay: the slow thing that a function calls."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from aiohttp import web

from meantime.tools.downstream.latency import Latency
from meantime.tools.downstream.service import DelayedService

if TYPE_CHECKING:
    from meantime.tools.downstream.visit import Visit

DEFAULT_LATENCY = 0.3

_STATUSES = range(200, 600)
_DEFAULT_STATUS = 200
_WITHOUT_BODY = {204, 304}  # RFC 9110 §15.3.5, §15.4.5


class DelayedAPI(DelayedService):
    """An HTTP API on loopback that answers any method and path with small JSON after its latency.

    The answer is `{"method": …, "path": …, "number": …}`, the number counting the answers given. A request
    chooses its own latency with `?delay=0.05` (or any text that `Latency.parse` reads), its own status with
    `?status=503`; `respond` makes one path fail or hang.

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
        self._responses: dict[str, _Response] = {}

    def respond(self, path: str, *, status: int | None = None, latency: float | str | Latency | None = None) -> None:
        """Make one path fail or hang, until `reset()` or the next `respond` for it.

        A request that comes with a `?delay` or `?status` of its own gets that.

        Args:
            path: The path, such as `/orders/7`, without a query.
            status: The status of its answers; None for 200.
            latency: How long its answers take, as `Latency.parse` reads it; None for the API's own latency.

        Raises:
            ValueError: No path, a status outside 200 to 599, or a latency that makes no sense.
        """
        if not path.startswith("/") or "?" in path:
            raise ValueError(f'A path starts with "/" and has no query, as in "/orders/7", not {path!r}.')
        if status is not None and status not in _STATUSES:
            raise ValueError(_no_status(str(status)))
        self._responses[path] = _Response(
            status=_DEFAULT_STATUS if status is None else status,
            latency=None if latency is None else Latency.parse(latency),
        )

    def reset(self) -> None:
        """Forget all records and counters but what is under way, and what `respond` set."""
        self._responses.clear()
        super().reset()

    def _latency_of(self, request: web.Request) -> Latency:
        # What is no latency is told in the answer, which then comes as any other.
        with contextlib.suppress(ValueError):
            return self._chosen_latency(request)
        return self._latency

    async def _answer(self, request: web.Request, body: bytes | None, visit: Visit) -> web.StreamResponse:
        try:
            self._chosen_latency(request)
            status = self._chosen_status(request)
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
        if delay is not None:
            return Latency.parse(delay)
        response = self._responses.get(request.path)
        return response.latency if response is not None and response.latency is not None else self._latency

    def _chosen_status(self, request: web.Request) -> int:
        text = request.query.get("status")
        if text is None:
            response = self._responses.get(request.path)
            return _DEFAULT_STATUS if response is None else response.status
        if text.isdecimal() and int(text) in _STATUSES:
            return int(text)
        raise ValueError(_no_status(text))


@dataclass(frozen=True)
class _Response:
    """What was set for one path; a latency of None is the API's own."""

    status: int
    latency: Latency | None


def _no_status(text: str) -> str:
    return f"A status is a number from {_STATUSES[0]} to {_STATUSES[-1]}, not {text!r}."
