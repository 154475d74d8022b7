"""pymysql, with a server that speaks just enough of MySQL's protocol to answer everything with OK, behind a relay."""

from __future__ import annotations

import socketserver
import struct
import threading
from typing import TYPE_CHECKING

import pytest
from tests.measure.patience import patient
from tests.servers.measure.recorded import assert_waited, named, observed, recorded

from meantime.tools.downstream import DelayRelay

if TYPE_CHECKING:
    from collections.abc import Iterator

pymysql = pytest.importorskip("pymysql")

_PROTOCOL_41, _SECURE, _PLUGIN = 0x0200, 0x8000, 0x0008_0000
_OK = b"\x00\x00\x00\x02\x00\x00\x00"
_QUIT = 1


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        capabilities = _PROTOCOL_41 | _SECURE | _PLUGIN
        self._send(
            0,
            b"\x0a8.0.0\x00" + struct.pack("<I", 1) + b"a" * 8 + b"\x00" + struct.pack("<H", capabilities & 0xFFFF)
            + b"\x21" + struct.pack("<H", 2) + struct.pack("<H", capabilities >> 16) + b"\x15" + b"\x00" * 10
            + b"b" * 12 + b"\x00mysql_native_password\x00",
        )  # fmt: skip
        number, _ = self._receive()
        self._send(number + 1, _OK)
        while True:
            number, command = self._receive()
            if not command or command[0] == _QUIT:
                return
            self._send(number + 1, _OK)

    def _send(self, number: int, payload: bytes) -> None:
        self.wfile.write(struct.pack("<I", len(payload))[:3] + bytes([number]) + payload)

    def _receive(self) -> tuple[int, bytes]:
        head = self.rfile.read(4)
        if len(head) < 4:
            return 0, b""
        return head[3], self.rfile.read(int.from_bytes(head[:3], "little"))


@pytest.fixture
def relay() -> Iterator[DelayRelay]:
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Conversation) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with DelayRelay(f"127.0.0.1:{server.server_address[1]}", latency=0.05) as relay:
            yield relay
        server.shutdown()
        thread.join()


@patient
def test_a_statement_waits_as_long_as_its_answer_takes(relay: DelayRelay) -> None:
    connection = pymysql.connect(host="127.0.0.1", port=relay.port, user="u", read_timeout=5)
    relay.reset()

    def work() -> None:
        with connection.cursor() as cursor:
            for _ in range(3):
                cursor.execute("UPDATE readings SET value = %s", ("secret",))
        connection.commit()

    recorder = recorded(work)
    connection.close()

    told = [answer.duration for answer in relay.answers]
    calls = named(recorder, "UPDATE readings")
    assert_waited(calls, told[:3])
    assert_waited(named(recorder, "COMMIT"), told[3:])
    for call in calls:
        assert (call["kind"], call["library"], call["target"]) == ("sql", "pymysql", f"127.0.0.1:{relay.port}")
        assert (call["timeout_s"], call["new_connection"]) == (5.0, False)
    assert "secret" not in str(recorder.document)


def test_connecting_is_a_call_and_is_told_of(relay: DelayRelay) -> None:
    recorder = recorded(lambda: pymysql.connect(host="127.0.0.1", port=relay.port, user="u").close())

    (call,) = named(recorder, "CONNECT")
    assert call["new_connection"] is True
    (made,) = observed(recorder, "client_made")
    assert made["text"] == "pymysql.connect"
