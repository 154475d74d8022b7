"""A port that stands for an event source: each HTTP request becomes an event, each answer an HTTP response."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from meantime import clock
from meantime.tools.emulator.http.environments import Environments
from meantime.tools.emulator.http.exchange import Exchange, carry
from meantime.tools.emulator.http.headers import BODILESS
from meantime.tools.emulator.http.request import Request
from meantime.tools.emulator.http.response import Fault
from meantime.tools.emulator.http.sources import made
from meantime.tools.emulator.http.streamed import pass_on
from meantime.tools.emulator.http.wire import (
    Answer,
    StreamedAnswer,
    body_of,
    header_pairs,
    leave_out_defaults,
    server_logger,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self

    from aiohttp.typedefs import Handler

    from meantime.tools.emulator.emulator import AsyncEmulator
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.http.response import Response
    from meantime.tools.emulator.http.source import Source
    from meantime.tools.emulator.invocation import Invocation

# AWS's own limits are lower, and differ by source; what they refuse is not what a local server is for.
_LONGEST_LINE: Final = 65_536
_PATIENCE: Final = 0.5
_BACKLOG: Final = 1024
_HIGHEST_PORT: Final = 65_535


class HttpFront:
    """An HTTP server before a function; an async context manager, serving within it.

    Args:
        function: The function, which then gets an emulator of its own, or a running emulator of it, which stays its
            owner's to close.
        source: The event source it stands for, or its name: `function-url`, `api-gateway-v2`, `http-api-payload-v1`,
            `api-gateway-v1`, `alb`, `alb-multi-value`, `vpc-lattice-v1`, `vpc-lattice-v2`.
        host: The address to listen on.
        port: The port; 0 for a free one.
        on_exchange: Called with each exchange when its response is made; with a streamed one when the function is done.
        on_invocation: Called with each invocation when it is over: mostly before its exchange, but after it if the
            source waited no longer, or a streamed response began.

    Raises:
        ValueError: There is no such source, or port.
        OSError: On entering: the port cannot be had.
        EmulatorError: On entering: this machine cannot run functions.
    """

    def __init__(
        self,
        function: Function | AsyncEmulator,
        source: Source | str = "function-url",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        on_exchange: Callable[[Exchange], None] | None = None,
        on_invocation: Callable[[Invocation], None] | None = None,
    ) -> None:
        if not 0 <= port <= _HIGHEST_PORT:
            raise ValueError(f"a port is a number from 1 to {_HIGHEST_PORT}, or 0 for a free one, not {port}")
        self.source = made(source) if isinstance(source, str) else source
        self._environments = Environments(function)
        self._host = host
        self._port = port
        self._on_exchange = on_exchange
        self._on_invocation = on_invocation
        self._socket: socket.socket | None = None
        self._bound_port: int | None = None
        self._runner: web.AppRunner | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def port(self) -> int:
        """The port it is served on."""
        if self._bound_port is None:
            raise RuntimeError("the front has no address before it is started: use it in an async with statement")
        return self._bound_port

    @property
    def url(self) -> str:
        """Where it is served, with the stage if paths begin with one, without a slash at the end."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}" + (f"/{self.source.stage}" if self.source.stage else "")

    async def __aenter__(self) -> Self:
        @web.middleware
        async def everything(request: web.Request, handler: Handler) -> web.StreamResponse:  # noqa: ARG001  # aiohttp names them; no path has a handler of its own
            return await self._serve(request)

        application = web.Application(middlewares=[everything])
        application.on_response_prepare.append(leave_out_defaults)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            auto_decompress=False,
            handler_cancellation=True,
            logger=server_logger(),
            max_field_size=_LONGEST_LINE,
            max_line_size=_LONGEST_LINE,
            shutdown_timeout=_PATIENCE,
        )
        try:
            await self._runner.setup()
            # Who connects from now on waits; nobody is turned away while the machine is made ready.
            self._socket = self._bound_socket()
            self._bound_port = self._socket.getsockname()[1]
            await self._environments.start()
            await web.SockSite(self._runner, self._socket).start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def replace_environments(self) -> None:
        """Let every later request find a new environment; requests under way finish in theirs.

        Raises:
            ClosedError: The front is closed, or was given an emulator.
        """
        await self._environments.replace()

    async def close(self) -> None:
        """Take no more requests, end the environments, and answer what was under way with an error."""
        if self._stopped:
            return
        self._stopped = True
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
        await self._environments.close()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_PATIENCE)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._socket is not None:
            self._socket.close()

    def _bound_socket(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        except OSError as error:
            reason = str(error.strerror).partition(" (while ")[0]  # what follows repeats the address
            text = f"port {self._port} of {self._host} cannot be had ({reason}); name another"
            raise OSError(error.errno, text) from error

    async def _serve(self, incoming: web.Request) -> web.StreamResponse:
        request, fault = await self._received(incoming)
        exchange = Exchange(request)
        if fault is not None:
            exchange.refuse(self.source, fault)
            self._told(exchange)
        elif self.source.can_stream:
            streamed = await self._streamed(exchange, incoming)
            if streamed is not None:
                return streamed
        else:
            work = self._begin(self._carried(exchange))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                exchange.client_left = True
                raise
        assert exchange.response is not None  # noqa: S101  # it was carried
        answer = Answer(exchange.response, head=incoming.method == "HEAD")
        if fault is Fault.REQUEST_TOO_LARGE:
            answer.force_close()  # the rest of the body is still to come
        return answer

    async def _received(self, incoming: web.Request) -> tuple[Request, Fault | None]:
        target = incoming.raw_path
        if not target.startswith(("/", "*")):  # a proxy's form, with the host
            parts = urlsplit(target)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path, _, query = target.partition("?")
        peer = incoming.transport.get_extra_info("peername") if incoming.transport is not None else None
        body = await body_of(incoming, self.source.request_max_bytes)
        request = Request(
            method=incoming.method,
            path=path.partition("#")[0],
            query=query.partition("#")[0],
            headers=header_pairs(incoming),
            body=body or b"",
            client=peer[0] if isinstance(peer, tuple) else "127.0.0.1",
            port=self.port,
            protocol=f"HTTP/{incoming.version.major}.{incoming.version.minor}",
            id=str(uuid.uuid4()),
            time=clock.wall(),
        )
        if "websocket" in (request.header("upgrade") or "").lower():
            return request, Fault.UPGRADE
        if body is None:
            return request, Fault.REQUEST_TOO_LARGE
        return request, self.source.objection(request)

    async def _carried(self, exchange: Exchange) -> None:
        await carry(exchange, self.source, self._environments, self._on_invocation or _ignore)
        self._told(exchange)

    async def _streamed(self, exchange: Exchange, incoming: web.Request) -> StreamedAnswer | None:
        async def begin(response: Response) -> StreamedAnswer:
            bodiless = incoming.method == "HEAD" or response.status in BODILESS
            answer = StreamedAnswer(response, bodiless=bodiless)
            await answer.begin(incoming)
            return answer

        behind = False

        def over(invocation: Invocation | None) -> None:
            if invocation is not None and self._on_invocation is not None:
                self._on_invocation(invocation)
            if behind:
                exchange.end(invocation)
                self._told(exchange)

        try:
            answer = await pass_on(exchange, self.source, self._environments, over, begin)
            behind = answer is not None
        except (asyncio.CancelledError, ConnectionError):
            exchange.client_left = True
            exchange.complete()
            raise
        else:
            return answer
        finally:
            if not behind:
                self._told(exchange)

    def _told(self, exchange: Exchange) -> None:
        if self._on_exchange is not None:
            self._on_exchange(exchange)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)

        def end(done: asyncio.Task[None]) -> None:
            self._under_way.discard(done)
            with contextlib.suppress(asyncio.CancelledError):
                done.exception()  # seen: whoever waited has raised it, and nobody may be waiting any more

        task.add_done_callback(end)
        return task


def _ignore(_: Invocation) -> None:
    """Nobody wants to know."""
