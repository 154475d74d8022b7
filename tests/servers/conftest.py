"""Real servers: PostgreSQL, Redis and one for HTTP, each on a free loopback port, which a test may start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import psycopg
import pytest
import redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# With a limit this short a test of a freeze that is longer is short, too.
IDLE_TIMEOUT = 1
_PATIENCE = 60.0


class Server:
    """A server process, its folder and its port; both stay when it is started again."""

    def __init__(self, folder: Path, account: str | None) -> None:
        self.folder = folder
        self.port = free_port()
        self.variables: dict[str, str] = {}  # what a function needs to know of it
        self.process: subprocess.Popen[bytes] | None = None
        self._account = account

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # Should these tests be killed, or end themselves because one of them hangs, the kernel ends the server.
        guard = ["setpriv", "--pdeathsig", self.ends_by.name] if shutil.which("setpriv") else []
        command = [*guard, *self.command()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._account
            )
        eventually(self.answers, f"{type(self).__name__} starts; its log is in {self.folder}/log")

    def stop(self) -> None:
        """End it as its own package would for a restart: it closes every connection."""
        if self.process is not None:
            self.process.send_signal(self.ends_by)
            try:
                self.process.wait(_PATIENCE / 3)
            except subprocess.TimeoutExpired:  # whoever it waits for then must not fail the tests behind this one
                self.process.send_signal(self.ends_at_once_by)
                self.process.wait(_PATIENCE)
            self.process = None

    def restart(self) -> None:
        """End it, and start it again on the same port."""
        self.stop()
        self.start()

    ends_by = signal.SIGTERM
    ends_at_once_by = signal.SIGKILL

    def command(self) -> Sequence[str]:
        """How it is started."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether it does."""
        raise NotImplementedError

    def clients(self) -> int:
        """How many connections it has, beside the one that asks."""
        raise NotImplementedError

    def wait_until_all_clients_are_gone(self) -> None:
        """Return once every connection is closed: to a frozen client's, only the server can do that."""
        eventually(lambda: self.clients() == 0, "the server closes its idle connections")


class PostgreSQL(Server):
    """A cluster of its own, without durability, whose sessions may be idle for `IDLE_TIMEOUT` seconds."""

    ends_by = signal.SIGINT  # its fast shutdown
    ends_at_once_by = signal.SIGQUIT  # its immediate one, which leaves no process behind either

    def __init__(self, folder: Path, account: str | None, programs: Path) -> None:
        super().__init__(folder, account)
        self._programs = programs
        self.variables = {"DATABASE_URL": f"postgresql://tester@127.0.0.1:{self.port}/postgres"}
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "tester", "-A", "trust", "--no-sync", "--no-locale"],
            user=account,
            cwd=folder,
            capture_output=True,
            check=True,
        )

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "idle_session_timeout": f"{IDLE_TIMEOUT}s",
            "authentication_timeout": "10s",  # its end may wait so long for a client that froze
            "max_connections": 30,
            "shared_buffers": "16MB",
            "dynamic_shared_memory_type": "mmap",
        }
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options]

    def answers(self) -> bool:
        try:
            self._value("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def clients(self) -> int:
        return self._value(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )

    def _value(self, statement: str) -> int:
        with psycopg.connect(self.variables["DATABASE_URL"], autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        assert row is not None
        return int(row[0])


class Redis(Server):
    """A Redis in memory whose clients may be idle for `IDLE_TIMEOUT` seconds."""

    def __init__(self, folder: Path, account: str | None, program: str) -> None:
        super().__init__(folder, account)
        self._program = program
        self.variables = {"REDIS_URL": f"redis://127.0.0.1:{self.port}/0"}

    def command(self) -> Sequence[str]:
        settings = {"bind": "127.0.0.1", "port": self.port, "timeout": IDLE_TIMEOUT, "save": "", "appendonly": "no"}
        return [self._program, *(each for name, value in settings.items() for each in (f"--{name}", str(value)))]

    def answers(self) -> bool:
        try:
            self.clients()
        except redis.RedisError:
            return False
        return True

    def clients(self) -> int:
        with closing(redis.Redis.from_url(self.variables["REDIS_URL"])) as client:
            return len(client.client_list()) - 1


class KeepAliveAPI(Server):
    """An HTTP API whose connections may be idle for `IDLE_TIMEOUT` seconds."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, None)
        self.variables = {"API_URL": f"http://127.0.0.1:{self.port}"}

    def command(self) -> Sequence[str]:
        return [sys.executable, str(Path(__file__).with_name("keep_alive_api.py")), str(self.port), str(IDLE_TIMEOUT)]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.variables['API_URL']}/double/1").json() == 2
        except httpx.TransportError:
            return False

    def clients(self) -> int:
        assert self.process is not None, "it is not running"
        connections = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(each.status == psutil.CONN_ESTABLISHED for each in connections)


class Forwarder:
    """Stands between clients and a server, as a NAT gateway does, and may forget connections without a word."""

    def __init__(self, server: Server) -> None:
        self._to = ("127.0.0.1", server.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.variables = {name: url.replace(str(server.port), str(port)) for name, url in server.variables.items()}
        self._sockets: list[socket.socket] = []
        self._is_closed = False
        self._lock = threading.Lock()
        self._forgotten: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def forget_all(self) -> None:
        """From now on nothing passes through the connections that there are, not even their end."""
        self._forgotten.update(self._sockets)

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        with self._lock:
            self._is_closed = True
            sockets = (self._listener, *self._sockets)
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._to)
                except OSError:
                    client.close()
                    raise
                with self._lock:
                    if self._is_closed:  # while this connected
                        client.close()
                        server.close()
                        return
                    self._sockets += [client, server]
                for one, other in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if one not in self._forgotten:
                    other.sendall(data)
            if one not in self._forgotten:
                other.shutdown(socket.SHUT_WR)


def eventually(happens: Callable[[], bool], what: str) -> None:
    """Wait until it happens."""
    until = time.monotonic() + _PATIENCE
    while not happens():
        assert time.monotonic() < until, f"not within {_PATIENCE:g} s: {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


def account(*names: str) -> str | None:
    """Of these accounts the first that there is, for servers that will not run as root; None if this is not root."""
    if os.geteuid() != 0:
        return None
    there = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in (*names, "nobody") if name in there)


@contextmanager
def running(make: Callable[[Path], Server], owner: str | None = None) -> Iterator[Server]:
    """The server, started, in a folder of its own: not below pytest's, which another account may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="meantime-server-"))
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        server = make(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if not found:
        pytest.skip("there is no /usr/lib/postgresql/*/bin/postgres: apt-get install postgresql")
    owner = account("postgres")
    with running(lambda folder: PostgreSQL(folder, owner, found[-1].parent), owner) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    program = shutil.which("redis-server", path="/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("there is no redis-server: apt-get install redis-server")
    owner = account("redis")
    with running(lambda folder: Redis(folder, owner, program), owner) as server:
        yield server


@pytest.fixture(scope="session")
def http_api() -> Iterator[Server]:
    with running(KeepAliveAPI) as server:
        yield server


@pytest.fixture
def forward() -> Iterator[Callable[[Server], Forwarder]]:
    """Puts a forwarder before a server."""
    forwarders = []

    def start(server: Server) -> Forwarder:
        forwarders.append(Forwarder(server))
        return forwarders[-1]

    yield start
    for forwarder in forwarders:
        forwarder.close()
