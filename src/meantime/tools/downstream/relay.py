"""A delay relay: it makes any TCP server slow, a database or a cache say, and understands nothing of what passes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from meantime.tools.downstream.latency import Latency
from meantime.tools.downstream.listener import bound_socket, check_port
from meantime.tools.downstream.statistics import RECORDS_KEPT

if TYPE_CHECKING:
    import socket
    import ssl
    from types import TracebackType

_PIECE = 65_536
_BACKLOG = 1024


@dataclass(frozen=True)
class RelayedAnswer:
    """One answer that was passed on.

    Attributes:
        started: When the last of what the client had sent was there, in seconds of `time.monotonic()`.
        finished: When the answer's first bytes were on their way, on the same clock.
        delay: Seconds that were added so that it came no sooner than the latency.
    """

    started: float
    finished: float
    delay: float

    @property
    def duration(self) -> float:
        """Seconds from the client's last bytes to the answer's first."""
        return self.finished - self.started


class DelayRelay:
    """A relay on loopback in front of any TCP server; a context manager.

    What the client sends goes on at once. What the server sends then is held back until the latency has passed since
    the client sent last; the server's own time is within it. What follows in the same answer comes as it comes, and so
    does what the server sends without being asked. So a protocol of questions and answers (PostgreSQL, Redis, MySQL,
    HTTP) is slow for each exchange, also for those that set a connection up.

    Args:
        upstream: Where the server is: `127.0.0.1:5432`.
        latency: Seconds, or text as `Latency.parse` reads it.
        tls: A server's context, where clients are to use TLS; the upstream is spoken to without.
        seed: Makes the drawn latencies the same each time, given the same order of exchanges.
        port: The port to serve on; 0 for a free one.

    Raises:
        ValueError: The upstream is no such address; a latency or port that makes no sense.
    """

    def __init__(
        self,
        upstream: str,
        *,
        latency: float | str | Latency = 0.0,
        tls: ssl.SSLContext | None = None,
        seed: int | None = None,
        port: int = 0,
    ) -> None:
        host, _, upstream_port = upstream.rpartition(":")
        if not host or not upstream_port.isdecimal():
            raise ValueError(f"The upstream is an address such as 127.0.0.1:5432, not {upstream!r}.")
        check_port(port)
        self._upstream = (host.strip("[]"), int(upstream_port))
        self._latency = Latency.parse(latency)
        self._tls = tls
        self._random = Random(seed)  # noqa: S311  # latencies are no secrets
        self._wanted_port = port
        self._port: int | None = None
        self._answers: deque[RelayedAnswer] = deque(maxlen=RECORDS_KEPT)
        self._connections = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="DelayRelay", daemon=True)

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 it is served on."""
        if self._port is None:
            raise RuntimeError("It has no address before it is started: use it as a context manager, or call start().")
        return self._port

    @property
    def latency(self) -> Latency:
        """How long each answer takes; set it, to seconds or a text, for what clients send then."""
        return self._latency

    @latency.setter
    def latency(self, value: float | str | Latency) -> None:
        self._latency = Latency.parse(value)

    @property
    def answers(self) -> tuple[RelayedAnswer, ...]:
        """The newest 100,000 answers that were passed on, in the order they began."""
        return tuple(self._answers)

    @property
    def connections(self) -> int:
        """Connections taken since the start or the last reset."""
        return self._connections

    def reset(self) -> None:
        """Forget the answers, and count connections anew."""
        self._answers.clear()
        self._connections = 0

    def start(self) -> Self:
        """Serve; returns when connections are taken.

        Raises:
            OSError: The port cannot be had.
            RuntimeError: It was started before.
        """
        if self._port is not None:
            raise RuntimeError("This DelayRelay was started before: make a new one.")
        listening = bound_socket(self._wanted_port)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
        self._port = listening.getsockname()[1]
        self._listening = listening
        self._thread.start()
        self._ready.wait()
        return self

    def close(self) -> None:
        """Cut off every connection and stop serving; returns when that is done. Closing twice is no harm."""
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # closed before
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        # A handshake that fails is the client's to tell, and no trace of ours.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        with self._listening:
            self._loop.add_reader(self._listening, self._accept)
            self._ready.set()
            await self._stop.wait()
            self._loop.remove_reader(self._listening)
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # gone again already, or there are no more file descriptors
            return
        connection.setblocking(False)
        self._connections += 1
        task = asyncio.create_task(self._take(connection))
        self._under_way.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.discard(task)
            connection.close()  # where it was cut off before it began

        task.add_done_callback(ended)

    async def _take(self, connection: socket.socket) -> None:
        writers: list[asyncio.StreamWriter] = []
        try:
            client_reader, client_writer = await self._accepted(connection)
            writers.append(client_writer)
            upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
            writers.append(upstream_writer)
            exchange = _Exchange(self)
            async with asyncio.TaskGroup() as both:
                both.create_task(exchange.send(client_reader, upstream_writer))
                both.create_task(exchange.answer(upstream_reader, client_writer))
        except* OSError:
            pass  # either side has gone: so does the other
        finally:
            for writer in writers:
                writer.transport.abort()
            for writer in writers:
                with contextlib.suppress(OSError):  # how it ended is known
                    await writer.wait_closed()

    async def _accepted(self, connection: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=self._tls)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    def draw(self) -> float:
        """Seconds for one exchange."""
        return self._latency.sample(self._random)

    def note(self, answer: RelayedAnswer) -> None:
        """Keep what was passed on."""
        self._answers.append(answer)


class _Exchange:
    """One connection: what was asked last, and when its answer is due."""

    def __init__(self, relay: DelayRelay) -> None:
        self._relay = relay
        self._asked: float | None = None  # None: answered
        self._due = 0.0

    async def send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            self._asked = time.monotonic()
            self._due = self._asked + self._relay.draw()
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            asked = self._asked
            if asked is not None:
                delay = 0.0
                while (left := self._due - time.monotonic()) > 0:
                    await asyncio.sleep(left)
                    delay += left
                self._relay.note(RelayedAnswer(asked, time.monotonic(), delay))
                self._asked = None
            writer.write(piece)
            await writer.drain()
        raise ConnectionResetError("the upstream has closed")
