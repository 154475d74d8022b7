"""What boto3 and requests stand on, urllib3's connection pools, with an end at the deadline of the invocation."""

from __future__ import annotations

import os
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase

import urllib3
from urllib3 import Timeout
from urllib3.util.ssl_ import is_ipaddress

from meantime import clock
from meantime.clients.ending import cut_off, has_come
from meantime.clients.settings import MAX_IDLE
from meantime.clients.trust import is_shared
from meantime.deadline import current_deadline

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from io import IOBase
    from typing import Any

    from urllib3 import PoolManager
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

    class _Pool(HTTPConnectionPool):
        """What the pools below extend."""

    class _Connection(HTTPConnection):
        """What the connections below extend."""
else:
    _Pool = _Connection = object

_LEAST = 0.001  # urllib3 takes no timeout of 0; the caller has looked that there is time left

# urllib3 1.26 tells the SSL context no name where the host is an address, and ours insists on one.
_NAMES_NO_ADDRESS = urllib3.__version__.startswith("1.")  # type: ignore[attr-defined]  # documented, if not exported

_bounded_classes: dict[type, type] = {}


def bound(manager: PoolManager) -> None:
    """Let the pools that this manager makes from now on end every call at the deadline."""
    classes = manager.pool_classes_by_scheme  # one for all managers there are: it stays as it is
    manager.pool_classes_by_scheme = {scheme: _bounded(pool_class) for scheme, pool_class in classes.items()}


def _bounded(pool_class: type) -> type:
    """This class of pools, of whatever library, with pools and connections that know the deadline."""
    if issubclass(pool_class, DeadlinePool):
        return pool_class
    if pool_class not in _bounded_classes:
        base: Any = pool_class
        connection_class = type(f"Deadline{base.ConnectionCls.__name__}", (DeadlineConnection, base.ConnectionCls), {})
        members = {"ConnectionCls": connection_class}
        _bounded_classes[pool_class] = type(f"Deadline{base.__name__}", (DeadlinePool, base), members)
    return _bounded_classes[pool_class]


class DeadlinePool(_Pool):
    """A pool that gives no request more time than the invocation has left."""

    def urlopen(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        """As urllib3's own; what is left is the total for connecting and for the answer to begin."""
        deadline = current_deadline()
        if deadline is not None:
            options["timeout"] = self._within(options.get("timeout", self.timeout), deadline.remaining())
        return super().urlopen(method, url, *arguments, **options)

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if connection.is_stale():
            connection.close()  # urllib3 opens it anew
        return connection

    def _within(self, timeout: Any, left: float) -> Timeout:
        if timeout is Timeout.DEFAULT_TIMEOUT:
            timeout = self.timeout
        within = timeout.clone() if isinstance(timeout, Timeout) else Timeout.from_float(timeout)
        left = max(_LEAST, left)
        within.total = min(left, within.total) if isinstance(within.total, (int, float)) else left
        return within


class DeadlineConnection(_Connection):
    """A connection whose answers are read until the deadline and no longer, and that is not kept when it is stale."""

    _process = 0
    _used = 0.0

    def connect(self) -> None:
        """As urllib3's own, but with the shared SSL context's authorities, which it would parse each time again."""
        if is_shared(getattr(self, "ssl_context", None)):
            if _NAMES_NO_ADDRESS and is_ipaddress(self.host):
                self.ssl_context = None
            else:
                self.ca_certs = None  # https://github.com/urllib3/urllib3/issues/3623
        super().connect()
        self._process = os.getpid()
        self._used = clock.wall()

    def is_stale(self) -> bool:
        """Whether it is not to be used again: it was idle for long, even frozen, or belongs to a parent process."""
        return self.sock is not None and (clock.wall() - self._used > MAX_IDLE or self._process != os.getpid())

    def request(self, *arguments: Any, **options: Any) -> None:
        """As urllib3's own; in 1.26 the timeout of the last read would be that of this request's sending."""
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        super().request(*arguments, **options)

    def send(self, data: Any) -> None:
        """As urllib3's own, piece by piece: one that takes an upload in small sips has until the deadline, too."""
        if self.sock is not None:
            _limit(self.sock)
        super().send(data)

    def getresponse(self) -> Any:
        """As urllib3's own; from now the connection counts as idle."""
        response = super().getresponse()
        self._used = clock.wall()
        return response


class DeadlineResponse(HTTPResponse):
    """An answer of `http.client` that is read by way of a `_Reader`."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = BufferedReader(_Reader(self.fp.detach(), sock))


DeadlineConnection.response_class = DeadlineResponse


def _limit(sock: socket.socket) -> None:
    """Let the next wait for this socket end at the deadline; TimeoutError if that has come."""
    deadline = current_deadline()
    if deadline is None:
        return
    left = deadline.remaining()
    if left <= 0:
        raise TimeoutError("the deadline of the invocation has passed")  # urllib3 makes its own error of it
    timeout = sock.gettimeout()
    if timeout is None or timeout > left:
        sock.settimeout(left)


class _Reader(RawIOBase):
    """Reads from a socket, each time no longer than to the deadline: many small pieces end there, too."""

    def __init__(self, raw: IOBase, sock: socket.socket) -> None:
        self._raw: Any = raw
        self._sock = sock  # botocore's StreamingBody.set_socket_timeout looks for it here

    def readable(self) -> bool:
        """It is there to be read."""
        return True

    def fileno(self) -> int:
        """The socket's."""
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        """One piece."""
        _limit(self._sock)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class Body:
    """The body of an answer, to be read as urllib3's own; at the deadline a read raises DeadlineExceeded."""

    def __init__(self, raw: Any, call: Callable[[], str]) -> None:
        self._raw = raw
        self._call = call

    def read(self, *arguments: Any, **options: Any) -> Any:
        """As urllib3's own."""
        return self._until_deadline(self._raw.read, *arguments, **options)

    def read1(self, *arguments: Any, **options: Any) -> Any:
        """As urllib3's own."""
        return self._until_deadline(self._raw.read1, *arguments, **options)

    def readinto(self, buffer: Any) -> Any:
        """As urllib3's own."""
        return self._until_deadline(self._raw.readinto, buffer)

    def readline(self, *arguments: Any) -> Any:
        """As urllib3's own."""
        return self._until_deadline(self._raw.readline, *arguments)

    def readlines(self, *arguments: Any) -> Any:
        """As urllib3's own."""
        return self._until_deadline(self._raw.readlines, *arguments)

    def stream(self, *arguments: Any, **options: Any) -> Iterator[Any]:
        """As urllib3's own."""
        return self._each(self._raw.stream(*arguments, **options))

    def __iter__(self) -> Iterator[Any]:
        return self._each(iter(self._raw))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def _each(self, pieces: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (piece := self._until_deadline(next, pieces, end)) is not end:
            yield piece

    def _until_deadline(self, read: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        started = clock.monotonic()
        try:
            return read(*arguments, **options)
        except Exception as error:
            deadline = current_deadline()
            if deadline is None or not has_come(deadline):
                raise
            raise cut_off(f"the body of {self._call()}", started) from error
