"""One aiohttp application served on loopback, on its own thread and loop, behind a synchronous face."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.downstream.statistics import Book

HOST = "127.0.0.1"

# Presigned addresses and session tokens are longer than aiohttp's 8,190 bytes; S3 itself takes them.
_MAX_LINE = 65_536
# aiohttp waits twice this long for connections whose request is over already.
_SHUTDOWN_TIMEOUT = 0.05
# A request that was refused unread is drained for so long before its connection is closed.
_LINGERING_TIME = 2.0
_BACKLOG = 1024
_ACCEPT_AGAIN = 0.05
_HIGHEST_PORT = 65_535


class Listener:
    """A server on a free (or given) port of 127.0.0.1.

    Args:
        make_application: Makes the application, on the listener's own loop.
        book: Where connections are counted.
        name: The thread's name.
        port: The port; 0 for a free one.
        max_connections: Connections above this number are closed at once; None for no such limit.

    Raises:
        ValueError: The port is no port, or `max_connections` lets nothing through.
    """

    def __init__(
        self,
        make_application: Callable[[], web.Application],
        *,
        book: Book,
        name: str,
        port: int = 0,
        max_connections: int | None = None,
    ) -> None:
        if max_connections is not None and max_connections < 1:
            raise ValueError(f"max_connections is a whole number, 1 or more, not {max_connections!r}.")
        check_port(port)
        self._make_application = make_application
        self._book = book
        self._wanted_port = port
        self._max_connections = max_connections
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._port: int | None = None
        self._server: web.Server | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def port(self) -> int:
        """The port it is served on, known once it has started, and still after it was closed."""
        if self._port is None:
            raise RuntimeError("It has no address before it is started: use it as a context manager, or call start().")
        return self._port

    @property
    def connections(self) -> int:
        """Connections open now."""
        server = self._server
        return 0 if server is None else len(server.connections)

    def start(self) -> None:
        """Serve; returns when connections are taken.

        Raises:
            OSError: The port cannot be had.
        """
        listening = bound_socket(self._wanted_port)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        self._socket = listening
        self._port = listening.getsockname()[1]
        self._thread.start()
        self._ready.wait()
        self._raise_failure()

    def close(self) -> None:
        """Cut off what is under way, close every connection and the port; returns when that is done."""
        if self._loop is None:
            return
        # A loop that is closed already has nothing left to stop.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._raise_failure()

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001  # raised where start() or close() waits
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        assert self._socket is not None  # noqa: S101  # start() made it
        self._loop = asyncio.get_running_loop()
        with self._socket as listening:
            runner = web.AppRunner(
                self._make_application(),
                access_log=None,
                auto_decompress=False,
                handler_cancellation=True,
                lingering_time=_LINGERING_TIME,
                max_field_size=_MAX_LINE,
                max_line_size=_MAX_LINE,
                shutdown_timeout=_SHUTDOWN_TIMEOUT,
            )
            await runner.setup()
            assert runner.server is not None  # noqa: S101  # setup() made it
            self._server = runner.server
            accepting = asyncio.create_task(self._accept(listening, runner.server))
            self._ready.set()
            try:
                await self._stop.wait()
            finally:
                accepting.cancel()
                await asyncio.gather(accepting, return_exceptions=True)
                await runner.cleanup()
                self._server = None

    async def _accept(self, listening: socket.socket, server: web.Server) -> None:
        """Take connections one by one, so that their number is exact when the next one is judged."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError:
                # Out of file descriptors, most often; the client waits in the backlog meanwhile.
                await asyncio.sleep(_ACCEPT_AGAIN)
                continue
            # Counted before the client can notice anything, so that whoever asks then is told.
            open_now = len(server.connections)
            if self._max_connections is not None and open_now >= self._max_connections:
                self._book.refused_connection()
                connection.close()
                continue
            self._book.connected(open_now + 1)
            with contextlib.suppress(OSError):  # gone again already
                await loop.connect_accepted_socket(server, connection)


def check_port(port: int) -> None:
    """Raise ValueError if it is no port."""
    if not 0 <= port <= _HIGHEST_PORT:
        raise ValueError(f"A port is a number from 1 to {_HIGHEST_PORT}, or 0 for a free one, not {port}.")


def bound_socket(port: int) -> socket.socket:
    """A socket bound to a port of 127.0.0.1, 0 for a free one, that does not listen yet."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"Port {port} of {HOST} cannot be had ({error.strerror}); name another.") from error
    return bound
