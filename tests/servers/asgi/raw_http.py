"""One HTTP exchange, byte by byte: headers in their order and repeated, nothing added, nothing decoded."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h11

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATIENCE = 60.0


@dataclass(frozen=True)
class Request:
    """What a client sends."""

    method: str = "GET"
    target: str = "/"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    def header(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for each, value in self.headers if each.lower() == name]


@dataclass(frozen=True)
class Answer:
    """What it gets: names in lower case, in the order in which they came."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = field(repr=False)

    def header(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for each, value in self.headers if each == name]

    def named(self) -> dict[bytes, list[bytes]]:
        """The headers, so that the order within a name counts, and that among the names does not."""
        return {name: self.header(name) for name, _ in self.headers}


class Client:
    """A client with one connection that it keeps, and opens again where the server closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._state = h11.Connection(h11.CLIENT)

    def send(self, request: Request) -> Answer:
        """Make one exchange."""
        try:
            if self._socket is not None:
                with suppress(ConnectionError, h11.RemoteProtocolError):  # it was idle for too long
                    return self._exchange(request)
            self._open()
            return self._exchange(request)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> None:
        self.close()
        self._socket = socket.create_connection(self._address, timeout=_PATIENCE)
        self._state = h11.Connection(h11.CLIENT)

    def _exchange(self, request: Request) -> Answer:
        assert self._socket is not None
        headers = [*request.headers]
        if request.body and not request.header(b"content-length"):
            headers.append((b"content-length", b"%d" % len(request.body)))
        self._write(h11.Request(method=request.method, target=request.target, headers=headers))
        if request.body:
            self._write(h11.Data(request.body))
        self._write(h11.EndOfMessage())
        status, body = 0, bytearray()
        answered: tuple[tuple[bytes, bytes], ...] = ()
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                self._state.receive_data(self._socket.recv(1 << 20))
            elif isinstance(event, h11.Response):
                status, answered = event.status_code, tuple((bytes(n), bytes(v)) for n, v in event.headers)
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                break
        if self._state.our_state is h11.DONE and self._state.their_state is h11.DONE:
            self._state.start_next_cycle()
        else:
            self.close()
        return Answer(status, answered, bytes(body))

    def _write(self, event: h11.Event) -> None:
        assert self._socket is not None
        data = self._state.send(event)
        if data:
            self._socket.sendall(data)


def headers(*pairs: tuple[str, str], host: str = "service.example") -> tuple[tuple[bytes, bytes], ...]:
    """These headers behind a Host, as bytes."""
    return tuple(_encoded([("host", host), *pairs]))


def _encoded(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[bytes, bytes]]:
    return ((name.encode("ascii"), value.encode("latin-1")) for name, value in pairs)
