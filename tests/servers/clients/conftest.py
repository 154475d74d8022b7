"""What the tests of the clients share: HTTP servers, also with TLS, that hang, trickle and count; and an invocation."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from meantime.deadline import Deadline, deadline_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PIECES = 10_000


class CountingServer(ThreadingHTTPServer):
    """Answers by the last part of a path, and counts connections, handshakes, and the requests for each part."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, certificate: trustme.LeafCert | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self.handshakes = 0
        self.requests: dict[str, int] = {}
        self.cookies: list[str | None] = []
        self.arrived = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self._context)
        host = "http://127.0.0.1" if certificate is None else "https://localhost"
        self.url = f"{host}:{self.server_port}"

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            self.connections += 1
        try:
            if self._context is not None:
                request = self._context.wrap_socket(request, server_side=True)
                with self.lock:
                    self.handshakes += 1
            super().finish_request(request, client_address)
        except OSError:
            pass  # the client went away, or did not trust us
        finally:
            request.close()

    def handle_error(self, *_: Any) -> None:
        """What a client does to its connection is the test's to see."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CountingServer

    def do_GET(self) -> None:
        part = self.path.partition("?")[0].rpartition("/")[2]
        length = int(self.headers.get("Content-Length", 0))
        if part == "sip":
            while length > 0 and not self.server.may_end.wait(0.01):
                length -= len(self.rfile.read(20_000))
        self.rfile.read(length)
        with self.server.lock:
            self.server.requests[part] = self.server.requests.get(part, 0) + 1
            self.server.cookies.append(self.headers.get("Cookie"))
        self.server.arrived.release()
        getattr(self, f"_{part}", self._ok)()

    def do_POST(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(_PIECES))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""

    def _answer(self, status: int = 200, body: bytes = b"ok", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _ok(self) -> None:
        self._answer()

    def _slow(self) -> None:
        self.server.may_end.wait(0.02)
        self._answer()

    def _hang(self) -> None:
        self.server.may_end.wait()

    def _trickle(self) -> None:
        """One byte after another, each long before any read timeout, and no end in sight."""
        self.send_response(200)
        self.send_header("Content-Length", str(_PIECES))
        self.end_headers()
        for _ in range(_PIECES):
            self.wfile.write(b".")
            if self.server.may_end.wait(0.01):
                break

    def _stall(self) -> None:
        """The head and one byte of a longer body, and nothing after it."""
        self.send_response(200)
        self.send_header("Content-Length", str(_PIECES))
        self.end_headers()
        self.wfile.write(b".")
        self.server.may_end.wait()

    def _cookie(self) -> None:
        self._answer(Set_Cookie="user=alice; Path=/")

    def _redirect(self) -> None:
        self._answer(302, Location=f"{self.server.url}/hang")

    def _unavailable(self) -> None:
        self._answer(503, b"<Error><Code>SlowDown</Code></Error>", Content_Type="application/xml")


@contextmanager
def serving(certificate: trustme.LeafCert | None = None) -> Iterator[CountingServer]:
    """A server that is running."""
    server = CountingServer(certificate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.may_end.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No authorities and no proxies of this machine's own."""
    for name in (
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "AWS_RETRY_MODE",
        "AWS_MAX_ATTEMPTS", "AWS_ENDPOINT_URL", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy",
        "NO_PROXY", "all_proxy", "ALL_PROXY",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """A server of plain HTTP."""
    with serving() as running:
        yield running


@pytest.fixture
def unanswering() -> Iterator[str]:
    """The address of a port at which connections are neither taken nor refused: its queue is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who signs the test server's certificate."""
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[CountingServer]:
    """A server of HTTPS."""
    with serving(authority.issue_cert("localhost", "127.0.0.1")) as running:
        yield running


@pytest.fixture(scope="session")
def bundle(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the one authority that knows the test server."""
    path: Path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> list[ssl.SSLContext]:
    """Makes the shared contexts trust the test server, too; gives those that are made during the test."""
    from meantime.clients import trust  # noqa: PLC0415  # not for every test of the servers

    made: list[ssl.SSLContext] = []
    original = ssl.create_default_context

    def create(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = original(*arguments, **options)
        authority.configure_trust(context)
        made.append(context)
        return context

    monkeypatch.setattr(ssl, "create_default_context", create)
    monkeypatch.setattr(trust, "_made", {})
    return made


@pytest.fixture
def within() -> Callable[[float], Any]:
    """A block with this many seconds left until a deadline, as code in an invocation has."""

    @contextmanager
    def block(seconds: float) -> Iterator[Deadline]:
        deadline = Deadline(seconds)
        token = deadline_variable.set(deadline)
        try:
            yield deadline
        finally:
            deadline_variable.reset(token)

    return block


@pytest.fixture
def elapsed() -> Callable[[], float]:
    """Seconds since the test began."""
    begun = time.monotonic()
    return lambda: time.monotonic() - begun
