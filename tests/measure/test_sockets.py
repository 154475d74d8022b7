"""Sockets, plain and encrypted: what waits in them, what goes over them, and that they stay what they are."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from tests.measure.patience import patient

from meantime import measure
from meantime.measure.boundaries import Description, boundary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELAY = 0.03


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[tuple[str, int]]:
    """A server that answers ten bytes, a while after each message."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if context is not None:
                    time.sleep(DELAY)
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:
                    while connection.recv(1000):
                        time.sleep(DELAY)
                        connection.sendall(b"0123456789")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        listener.close()


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with serving() as found:
        yield found


def ask(address: tuple[str, int]) -> bytes:
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(b"hello")
        return connection.recv(100)


@patient
def test_a_plain_socket_tells_of_itself(address: tuple[str, int]) -> None:
    """Connecting and receiving are calls; what is sent belongs to the answer."""
    with measure.recording() as recorder:
        assert ask(address) == b"0123456789"

    calls = {call["name"].partition(" ")[0]: call for call in recorder.calls}
    assert list(calls) == ["resolve", "connect", "recv"]
    assert calls["connect"]["new_connection"] is True
    assert calls["recv"]["target"] == f"127.0.0.1:{address[1]}"
    assert (calls["recv"]["sent_bytes"], calls["recv"]["received_bytes"]) == (5, 10)
    assert calls["recv"]["waiting_ms"] >= 20
    assert (calls["recv"]["timeout_s"], calls["recv"]["has_timeout"]) == (5.0, True)


@patient
def test_within_a_librarys_call_they_are_its_waits(address: tuple[str, int]) -> None:
    """With its bytes, and whether it opened a connection."""
    call = boundary(ask, lambda *_: Description("GET /", "http", "mine"))

    with measure.recording() as recorder:
        call(address)

    (noted,) = recorder.calls
    assert noted["new_connection"] is True
    assert (noted["sent_bytes"], noted["received_bytes"]) == (5, 10)
    (receive,) = [wait for wait in recorder.document["waits"] if wait["kind"] == "receive"]
    assert receive["call"] == noted["id"]
    assert receive["end_ms"] - receive["start_ms"] >= 20


def test_a_kept_connection_is_not_new(address: tuple[str, int]) -> None:
    """It was there before the call."""
    with socket.create_connection(address) as connection:

        def exchange() -> bytes:
            connection.sendall(b"hello")
            return connection.recv(100)

        with measure.recording() as recorder:
            boundary(exchange, lambda *_: Description("GET /", "http"))()

    assert recorder.calls[0]["new_connection"] is False


@patient
def test_an_encrypted_connection_shakes_hands_and_receives(tmp_path: Path) -> None:
    """Both are seen, though OpenSSL does them."""
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    def exchange(address: tuple[str, int]) -> bytes:
        with (
            socket.create_connection(address, timeout=5) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(b"hello")
            return connection.recv(100)

    with serving(served) as address, measure.recording() as recorder:
        assert boundary(exchange, lambda *_: Description("GET /", "http"))(address) == b"0123456789"

    kinds = [wait["kind"] for wait in recorder.document["waits"] if wait["call"] is not None]
    assert "tls" in kinds
    assert "receive" in kinds
    assert (recorder.calls[0]["sent_bytes"], recorder.calls[0]["received_bytes"]) == (5, 10)


def test_sockets_stay_what_they_are() -> None:
    """Classes, subclasses and their instances, during a recording and after it."""

    class Mine(socket.socket):
        def recv(self, *args: Any) -> bytes:
            return super().recv(*args) + b"!"

    before = socket.socket.recv.__name__
    one, other = socket.socketpair()
    mine = Mine(fileno=one.detach())
    with mine, other, measure.recording():
        assert isinstance(mine, socket.socket)
        assert socket.socket.recv.__name__ == before
        other.send(b"there")
        assert mine.recv(10) == b"there!"

    assert "meantime" not in repr(vars(socket.socket))


@patient
def test_what_a_socket_raises_is_raised() -> None:
    """A timeout is one, and is the call's error."""
    one, other = socket.socketpair()
    with one, other, measure.recording() as recorder:
        one.settimeout(0.02)
        with pytest.raises(TimeoutError):
            one.recv(1)

    assert recorder.calls[0]["error"] == "TimeoutError"
    assert recorder.calls[0]["waiting_ms"] >= 12
