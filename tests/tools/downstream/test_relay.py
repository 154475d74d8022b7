"""The relay holds back answers, whatever the protocol, and changes none of their bytes."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import trustme

from meantime.tools.downstream import DelayRelay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _echo(connection: socket.socket) -> None:
    while piece := connection.recv(65536):
        connection.sendall(piece.upper())


def _greet(connection: socket.socket) -> None:
    connection.sendall(b"welcome")
    _echo(connection)


@contextmanager
def _server(converse: Callable[[socket.socket], None] = _echo) -> Iterator[str]:
    """A TCP server with one conversation a connection; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=_talk, args=(connection, converse), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _talk(connection: socket.socket, converse: Callable[[socket.socket], None]) -> None:
    with connection:
        try:
            converse(connection)
        except OSError:  # the client has gone
            return


def _connect(relay: DelayRelay) -> socket.socket:
    return socket.create_connection(("127.0.0.1", relay.port), timeout=20)


def test_an_answer_comes_after_the_latency_and_is_noted() -> None:
    with _server() as upstream, DelayRelay(upstream, latency=0.1) as relay, _connect(relay) as client:
        started = time.monotonic()
        client.sendall(b"question")
        assert client.recv(100) == b"QUESTION"
        took = time.monotonic() - started

        (answer,) = relay.answers
    assert 0.1 <= answer.duration <= took < 5
    assert 0.0 < answer.delay <= 0.1


def test_each_exchange_of_a_connection_is_delayed() -> None:
    with _server() as upstream, DelayRelay(upstream, latency=0.05) as relay, _connect(relay) as client:
        for _ in range(3):
            client.sendall(b"a")
            assert client.recv(100) == b"A"

        assert [answer.duration >= 0.05 for answer in relay.answers] == [True] * 3
        assert relay.connections == 1


def test_a_greeting_that_nobody_asked_for_is_not_delayed() -> None:
    with _server(_greet) as upstream, DelayRelay(upstream, latency=60) as relay, _connect(relay) as client:
        assert client.recv(100) == b"welcome"
        assert relay.answers == ()


def test_connections_are_delayed_side_by_side() -> None:
    with _server() as upstream, DelayRelay(upstream, latency=0.3) as relay:
        clients = [_connect(relay) for _ in range(20)]
        started = time.monotonic()
        for client in clients:
            client.sendall(b"x")
        for client in clients:
            assert client.recv(100) == b"X"
            client.close()

        assert time.monotonic() - started < 20 * 0.3 / 3


def test_a_large_answer_passes_whole_with_one_delay() -> None:
    question = bytes(range(97, 123)) * 40_000
    with _server() as upstream, DelayRelay(upstream, latency=0.01) as relay, _connect(relay) as client:
        sender = threading.Thread(target=client.sendall, args=(question,))
        sender.start()
        received = bytearray()
        while len(received) < len(question):
            received += client.recv(1_000_000)
        sender.join()

    assert bytes(received) == question.upper()


def test_that_the_server_has_closed_is_passed_on() -> None:
    with (
        _server(lambda connection: connection.close()) as upstream,
        DelayRelay(upstream) as relay,
        _connect(relay) as client,
        suppress(ConnectionResetError),
    ):
        assert client.recv(100) == b""


def test_that_nobody_listens_behind_it_is_passed_on() -> None:
    with _server() as upstream:
        pass
    with DelayRelay(upstream) as relay, _connect(relay) as client, suppress(ConnectionResetError):
        assert client.recv(100) == b""


def test_its_clients_may_speak_tls() -> None:
    authority = trustme.CA()
    server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server_side)
    authority.configure_trust(client_side)
    with (
        _server() as upstream,
        DelayRelay(upstream, latency=0.05, tls=server_side) as relay,
        _connect(relay) as plain,
        client_side.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        client.sendall(b"secret")
        assert client.recv(100) == b"SECRET"
        assert relay.answers[-1].duration >= 0.05


def test_closing_waits_for_no_answer() -> None:
    with _server() as upstream, DelayRelay(upstream, latency=60) as relay, _connect(relay) as client:
        client.sendall(b"x")
        relay.close()

        with suppress(ConnectionResetError):
            assert client.recv(100) == b""


@pytest.mark.parametrize("upstream", ["localhost", ":80", "127.0.0.1:http", "http://127.0.0.1"])
def test_an_address_that_is_none_is_refused(upstream: str) -> None:
    with pytest.raises(ValueError, match="upstream"):
        DelayRelay(upstream)
