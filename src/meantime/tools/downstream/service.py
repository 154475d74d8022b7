"""What the delayed API and the delay proxy share: limits, latency, failures, records, control surface."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from random import Random
from typing import TYPE_CHECKING, Self

from aiohttp import web

from meantime.tools.downstream.latency import Latency
from meantime.tools.downstream.listener import HOST, Listener
from meantime.tools.downstream.recognition import has_form, recognise
from meantime.tools.downstream.refusals import Refusal, failed, throttled
from meantime.tools.downstream.statistics import Book, RequestOutcome, RequestRecord, Statistics
from meantime.tools.downstream.throttle import Throttle
from meantime.tools.downstream.visit import Visit

if TYPE_CHECKING:
    from types import TracebackType

CONTROL = "/__meantime__"


class DelayedService(ABC):
    """A server on loopback that answers no sooner than its latency, within its limits; a context manager.

    Args:
        latency: How long each answer takes, as `Latency.parse` reads it.
        max_concurrency: The most requests under way at once; more are throttled.
        rate: The most requests taken in any one second; more are throttled.
        max_connections: The most connections; more are closed at once.
        failure_rate: The part of requests, 0 to 1, that is answered with status 500.
        seed: Makes the drawn latencies and failures the same each time, given the same order of requests.
        port: The port to serve on; 0 for a free one.

    Raises:
        ValueError: A latency, limit, rate or port that makes no sense.
    """

    def __init__(
        self,
        *,
        latency: float | str | Latency = 0.0,
        max_concurrency: int | None = None,
        rate: float | None = None,
        max_connections: int | None = None,
        failure_rate: float = 0.0,
        seed: int | None = None,
        port: int = 0,
    ) -> None:
        if not 0 <= failure_rate <= 1:
            raise ValueError(f"failure_rate is a number from 0 to 1, not {failure_rate!r}.")
        self._latency = Latency.parse(latency)
        self._throttle = Throttle(max_concurrency, rate)
        self._failure_rate = failure_rate
        self._random = Random(seed)  # noqa: S311  # latencies are no secrets
        self._book = Book()
        self._visiting: set[asyncio.Task[None]] = set()
        self._listener = Listener(
            self._application,
            book=self._book,
            name=type(self).__name__,
            port=port,
            max_connections=max_connections,
        )
        self._started = False

    @property
    def url(self) -> str:
        """Where it is served, without a slash at the end."""
        return f"http://{HOST}:{self._listener.port}"

    @property
    def latency(self) -> Latency:
        """How long each answer takes; set it, to seconds or a text, for the requests that come then."""
        return self._latency

    @latency.setter
    def latency(self, value: float | str | Latency) -> None:
        self._latency = Latency.parse(value)

    @property
    def requests(self) -> tuple[RequestRecord, ...]:
        """The newest 100,000 requests that are over, in the order they ended."""
        return self._book.requests()

    def statistics(self) -> Statistics:
        """Counters since the start or the last reset."""
        return self._book.statistics(connections=self._listener.connections)

    def reset(self) -> None:
        """Forget all records and counters but what is under way."""
        self._book.reset(connections=self._listener.connections)

    def start(self) -> Self:
        """Serve; returns when requests are taken.

        Raises:
            OSError: The port cannot be had.
            RuntimeError: It was started or closed before.
        """
        if self._started:
            raise RuntimeError(f"This {type(self).__name__} was started before: make a new one.")
        self._started = True
        self._listener.start()
        return self

    def close(self) -> None:
        """Cut off what is under way and stop serving; returns when that is done. Closing twice is no harm."""
        self._started = True
        self._listener.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    async def _answer(self, request: web.Request, body: bytes | None, visit: Visit) -> web.StreamResponse:
        """Answer a request that was taken, not before it is due.

        The visit is to be closed just before the answer's last byte is sent. The body is None if still unread.
        """

    def _latency_of(self, request: web.Request) -> Latency:  # noqa: ARG002  # for those that let a request choose
        return self._latency

    def _application(self) -> web.Application:
        # A size of 0 is none: how large a body may be is the upstream's business.
        application = web.Application(client_max_size=0)
        application.router.add_get(f"{CONTROL}/statistics", self._tell_statistics)
        application.router.add_post(f"{CONTROL}/reset", self._forget)
        everything = _AnyTarget("/")
        everything.add_route("*", self._handle, expect_handler=_decide_later)
        application.router.register_resource(everything)
        application.on_shutdown.append(self._cut_off)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # aiohttp runs each request in a task
        self._visiting.add(task)
        try:
            return await self._visit(request)
        finally:
            self._visiting.discard(task)

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        latency = self._latency_of(request).sample(self._random)
        failing = self._random.random() < self._failure_rate
        body = None
        if has_form(request.headers):
            await _invite_body(request)
            body = await request.read()
        target = recognise(request.method, request.raw_path, request.headers, body or b"")
        throttle = self._throttle
        excess = throttle.enter()
        visit = Visit(
            self._book,
            target=target,
            path=request.raw_path,
            started=started,
            latency=latency,
            leave=throttle.leave if excess is None else None,
        )
        try:
            if excess is not None:
                # Saying no costs a service little time, so it comes at once.
                return refusal_response(request, throttled(target, excess), visit, "throttled")
            if failing:
                await visit.wait_until_due()
                return refusal_response(request, failed(target), visit, "failed")
            if body is None:
                await _invite_body(request)
            return await self._answer(request, body, visit)
        finally:
            visit.close("abandoned", None)

    async def _cut_off(self, _application: web.Application) -> None:
        tasks = list(self._visiting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell_statistics(self, _request: web.Request) -> web.Response:
        return web.json_response(self.statistics().as_dict())

    async def _forget(self, _request: web.Request) -> web.Response:
        self.reset()
        return web.Response(status=204)


class _AnyTarget(web.PlainResource):
    """A resource for every target, also those that no pattern takes: `*`, or a path with a newline in it."""

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:  # noqa: ARG002
        (route,) = self
        return web.UrlMappingMatchInfo({}, route), set()


def refusal_response(
    request: web.Request, refusal: Refusal, visit: Visit, outcome: RequestOutcome
) -> web.StreamResponse:
    """Close the visit with a refusal."""
    response = web.Response(status=refusal.status, headers=refusal.headers, body=refusal.body)
    if _expects_invitation(request):
        # Its body never comes, so what the client sends next on this connection could be either.
        response.force_close()
    visit.close(outcome, refusal.status)
    return response


def _expects_invitation(request: web.Request) -> bool:
    return request.headers.get("Expect", "").lower() == "100-continue"


async def _invite_body(request: web.Request) -> None:
    """Let a client that asked first send its body: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1."""
    if _expects_invitation(request):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def _decide_later(_request: web.Request) -> None:
    """Leave the answer to Expect: 100-continue until the limits have been asked."""
