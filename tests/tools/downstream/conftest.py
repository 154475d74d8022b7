"""Servers the tests stand on: an upstream that keeps the very bytes it got, and one AWS server for all."""

from __future__ import annotations

import socketserver
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from meantime.tools.downstream import AWSServer, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Received:
    """One request as it arrived: the head's lines, the body, the connection it came on."""

    request_line: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class RawUpstream:
    """An HTTP server that answers scripted bytes and keeps what it received."""

    url: str = ""
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    rest: bytes = b""
    """Follows the answer once `may_finish` is set."""
    received: list[Received] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    may_answer: threading.Event = field(default_factory=threading.Event)
    may_finish: threading.Event = field(default_factory=threading.Event)
    connections: int = 0


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        upstream: RawUpstream = self.server.upstream  # type: ignore[attr-defined]
        upstream.connections += 1
        connection = upstream.connections
        while line := self.rfile.readline():
            headers = []
            while (field_line := self.rfile.readline().rstrip(b"\r\n")) != b"":
                name, _, value = field_line.decode("latin-1").partition(":")
                headers.append((name, value.strip()))
            body = self._body({name.lower(): value for name, value in headers})
            upstream.received.append(Received(line.decode().rstrip(), headers, body, connection))
            upstream.arrived.release()
            upstream.may_answer.wait(30)
            self.wfile.write(upstream.answer)
            if upstream.rest:
                upstream.may_finish.wait(30)
                self.wfile.write(upstream.rest)
            if b"close" in upstream.answer.partition(b"\r\n\r\n")[0].lower():
                return

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is part of some tests."""


@pytest.fixture
def upstream() -> Iterator[RawUpstream]:
    raw = RawUpstream()
    raw.may_answer.set()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.upstream = raw  # type: ignore[attr-defined]
        raw.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield raw
        raw.may_answer.set()
        raw.may_finish.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(upstream: RawUpstream) -> Iterator[DelayProxy]:
    with DelayProxy(upstream.url) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def aws() -> Iterator[AWSServer]:
    with AWSServer() as server:
        yield server


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Makes boto3 clients that try once, without credentials or settings of this machine."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    clients = []

    def make(service: str, url: str, **options: Any) -> Any:
        made = boto3.client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106  # the AWS server's own
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=50, **options),
        )
        clients.append(made)
        return made

    yield make
    for made in clients:
        made.close()
