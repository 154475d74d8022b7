"""One HTTP request whose body is sent piece by piece, and may end in trailers: no more of HTTP than streaming needs."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Headers = Sequence[tuple[str, str]]

# What a slow client has not taken yet goes before the trailers: the less that is, the surer it hears of an error. The
# kernel takes twice this, and left alone up to forty times.
_ON_THE_WAY_BYTES = 64 * 1024


async def connect(address: str, until: float) -> ChunkedRequest:
    """Connect to `host:port`, no later than `until` (monotonic seconds).

    Raises:
        OSError: Nobody listens there, or not in time.
    """
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        timer = clock.call_at(loop, until, lambda: limit.reschedule(loop.time()))
        try:
            _, request = await loop.create_connection(ChunkedRequest, host.strip("[]"), int(port))
        finally:
            timer.cancel()
    return request


class ChunkedRequest(asyncio.Protocol):
    """A connection for one request. Pieces may be sent by several tasks: each is put into the stream as a whole."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._waiters: list[asyncio.Future[None]] = []
        self._received = bytearray()
        self._full = False
        self._lost: str | None = None

    def head(self, target: str, headers: Headers) -> bytes:
        """The request's first lines; they are sent with the first piece, so that both arrive as one."""
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        return "\r\n".join([*lines, "Transfer-Encoding: chunked", "Connection: close", "\r\n"]).encode("latin-1")

    async def send(self, piece: bytes, until: float, before: bytes = b"") -> None:
        """Send one piece; return when there is room for the next.

        Raises:
            TimeoutError: The other side has not taken enough of it by `until`. It goes on being sent.
            ConnectionError: The other side has hung up, or has answered already.
        """
        self._check()
        self._transport.write(b"%b%x\r\n%b\r\n" % (before, len(piece), piece) if piece else before)
        while self._full:
            await self._wait(until)
            self._check()

    def finish(self, trailers: Headers = (), before: bytes = b"") -> None:
        """End the body; what is still on its way goes first."""
        if self._lost is None:
            lines = "".join(f"{name}: {value}\r\n" for name, value in trailers)
            self._transport.write(before + f"0\r\n{lines}\r\n".encode("latin-1"))

    async def confirmed(self, until: float) -> tuple[int, str]:
        """Wait for the answer to the finished request; return its status and text.

        Raises:
            TimeoutError: It has not come by `until`.
            ConnectionError: The other side has hung up without one.
        """
        while (answer := self.answer()) is None:
            if self._lost is not None:
                raise ConnectionResetError(self._lost)
            await self._wait(until)
        self._transport.close()
        return answer

    def answer(self) -> tuple[int, str] | None:
        """What the other side has answered so far; None before its headers are complete."""
        head, end, body = bytes(self._received).partition(b"\r\n\r\n")
        if not end:
            return None
        status = head.split(None, 2)[1]
        return int(status) if status.isdigit() else 0, body.decode("utf-8", "replace").strip()

    def cut(self) -> None:
        """Hang up in the middle, whether or not the loop still runs: the other side must not take it for the end."""
        if self._lost is None and not self._transport.is_closing():
            self._lost = "this side has hung up"
            self._shut_down()
            if not self.loop.is_closed():
                self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio calls this."""
        self._transport = transport  # type: ignore[assignment]  # of a TCP connection it is one that can be written to
        with self._socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_THE_WAY_BYTES)

    def data_received(self, data: bytes) -> None:
        """Asyncio calls this."""
        self._received += data
        self._wake()

    def pause_writing(self) -> None:
        """Asyncio calls this."""
        self._full = True

    def resume_writing(self) -> None:
        """Asyncio calls this."""
        self._full = False
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Asyncio calls this."""
        self._lost = self._lost or ("the other side has hung up" if exc is None else str(exc))
        self._full = False
        self._wake()

    def _check(self) -> None:
        if self._lost is not None:
            raise ConnectionResetError(self._lost)
        if self._received:
            status, text = self.answer() or (0, "")
            raise ConnectionAbortedError(f"the other side has answered before the end: {status} {text}".rstrip())

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(self, until: float) -> None:
        waiter = self.loop.create_future()
        self._waiters.append(waiter)

        def expire() -> None:
            if not waiter.done():
                waiter.set_exception(TimeoutError())

        timer = clock.call_at(self.loop, until, expire)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiters.remove(waiter)

    def _shut_down(self) -> None:
        with suppress(OSError), self._socket() as connection:  # it may be gone already
            connection.shutdown(socket.SHUT_RDWR)

    def _socket(self) -> socket.socket:
        """The connection's socket once more: that which uvloop, or a closed loop, hands out can do next to nothing."""
        return socket.socket(fileno=os.dup(self._transport.get_extra_info("socket").fileno()))
