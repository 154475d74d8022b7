"""What is accounted for with blocking libraries: each gives a function that makes its calls, one after the other."""

from __future__ import annotations

import socket
import time
import urllib.request
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import httpx2
import psycopg
import redis
import requests
import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accounted.servers import Servers

    Run = Callable[[], object]

CALLS = 8
TIMEOUT = 5.0


def _url(servers: Servers, server: str) -> str:
    return f"{'https' if server == 'tls' else 'http'}://127.0.0.1:{servers.ports[server]}"


@contextmanager
def with_boto3(servers: Servers, server: str = "http") -> Iterator[Run]:
    """Objects of S3."""
    from botocore.config import Config  # noqa: PLC0415  # boto3 is loaded

    client = boto3.client(
        "s3",
        endpoint_url=_url(servers, server),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # no secret
        verify=servers.bundle if server == "tls" else None,
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    )
    with closing(client):

        def run() -> None:
            for number in range(CALLS):
                client.get_object(Bucket="bucket", Key=str(number))["Body"].read()

        yield run


@contextmanager
def with_requests(servers: Servers, server: str = "http") -> Iterator[Run]:
    """One session."""
    with requests.Session() as session:
        session.verify = servers.bundle if server == "tls" else True

        def run() -> None:
            for number in range(CALLS):
                session.get(f"{_url(servers, server)}/{number}", timeout=TIMEOUT).json()

        yield run


@contextmanager
def with_urllib3(servers: Servers) -> Iterator[Run]:
    """One pool manager."""
    with urllib3.PoolManager(timeout=TIMEOUT) as pool:

        def run() -> None:
            for number in range(CALLS):
                pool.request("GET", f"{_url(servers, 'http')}/{number}").json()

        yield run


@contextmanager
def with_urllib(servers: Servers) -> Iterator[Run]:
    """The standard library, with a new connection for each call."""

    def run() -> None:
        for number in range(CALLS):
            with urllib.request.urlopen(f"{_url(servers, 'http')}/{number}", timeout=TIMEOUT) as answer:  # noqa: S310  # http
                answer.read()

    yield run


@contextmanager
def _with_client(client: Any, url: str) -> Iterator[Run]:
    with client:

        def run() -> None:
            for number in range(CALLS):
                client.get(f"{url}/{number}").json()

        yield run


def with_httpx(servers: Servers) -> Any:
    """One blocking client."""
    return _with_client(httpx.Client(timeout=TIMEOUT), _url(servers, "http"))


def with_httpx2(servers: Servers) -> Any:
    """One blocking client."""
    return _with_client(httpx2.Client(timeout=TIMEOUT), _url(servers, "http"))


@contextmanager
def with_psycopg(servers: Servers) -> Iterator[Run]:
    """One connection."""
    with psycopg.connect(_postgresql(servers), autocommit=True) as connection:
        connection.execute("SET idle_session_timeout = 0")

        def run() -> None:
            for _ in range(CALLS):
                connection.execute("SELECT 1").fetchone()

        yield run


@contextmanager
def with_redis(servers: Servers) -> Iterator[Run]:
    """One client with its pool."""
    with closing(redis.Redis(port=servers.ports["redis"], socket_timeout=TIMEOUT)) as client:
        client.config_set("timeout", 0)

        def run() -> None:
            for number in range(CALLS):
                client.get(str(number))

        yield run


@contextmanager
def with_sockets(servers: Servers) -> Iterator[Run]:
    """A plain socket, and HTTP by hand."""
    with socket.create_connection(("127.0.0.1", servers.ports["http"]), timeout=TIMEOUT) as connection:

        def run() -> None:
            for number in range(CALLS):
                connection.sendall(b"GET /%d HTTP/1.1\r\n\r\n" % number)
                connection.recv(4096)

        yield run


@contextmanager
def with_sleeps(_servers: Servers) -> Iterator[Run]:
    """No server at all."""

    def run() -> None:
        for _ in range(CALLS):
            time.sleep(0.03)

    yield run


def _postgresql(servers: Servers) -> str:
    return f"postgresql://tester@127.0.0.1:{servers.ports['postgresql']}/postgres"
