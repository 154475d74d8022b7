"""What the clients cost: a call beside the plain library's, a new TLS connection, a second client."""

from __future__ import annotations

import asyncio
import importlib
import os
import ssl
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import boto3
import certifi
import requests
import trustme
from timing import Comparison, Requirement, compare

from meantime import clients
from meantime.deadline import Deadline, deadline_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: %s\r\n\r\nok"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request at once; on a path that ends in `close`, close the connection after it."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            closes = head.split(b" ", 2)[1].endswith(b"/close")
            writer.write(ANSWER % (b"close" if closes else b"keep-alive"))
            if closes:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def serve(certificate: str) -> None:
    """Serve HTTP and HTTPS until killed; print the ports."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    servers = [await asyncio.start_server(answer, "127.0.0.1", 0, ssl=ssl_context) for ssl_context in (None, context)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)  # noqa: T201  # the parent reads it
    await asyncio.gather(*(server.serve_forever() for server in servers))


@contextmanager
def serving() -> Iterator[tuple[str, str, str]]:
    """The addresses of a server in a process of its own, and a bundle of all authorities that has its own, too."""
    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        certificate, bundle = Path(folder, "server.pem"), Path(folder, "bundle.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
        bundle.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
        authority.configure_trust(clients.ssl_context())
        with subprocess.Popen([sys.executable, __file__, certificate], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # this file
            assert process.stdout is not None  # noqa: S101  # it is piped
            plain, secure = process.stdout.readline().split()
            try:
                yield f"http://127.0.0.1:{plain}", f"https://localhost:{secure}", str(bundle)
            finally:
                process.kill()


def s3_call(client: Any, key: str) -> Callable[[], object]:
    """What reads one object."""

    def call() -> object:
        return client.get_object(Bucket="bucket", Key=key)["Body"].read()

    return call


def credentials() -> dict[str, Any]:
    """What boto3 signs with, and how it writes addresses: bucket.localhost has none."""
    from botocore.config import Config  # noqa: PLC0415  # boto3 is loaded

    return {
        "region_name": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "config": Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    }


def calls(plain: str) -> Iterator[Comparison]:
    """Calls on a kept connection, within an invocation, with the library as it is and made right."""
    ours = clients.boto3("s3", endpoint_url=plain, **credentials())
    theirs = boto3.client("s3", endpoint_url=plain, **credentials())
    yield compare(
        "boto3 reads an S3 object of two bytes, within an invocation",
        "call",
        {"clients.boto3": s3_call(ours, "ok"), "boto3.client": s3_call(theirs, "ok")},
        Requirement("boto3.client", 1.35),
        repeat=30,
    )
    session, other = clients.requests(), requests.Session()
    yield compare(
        "requests gets two bytes, within an invocation",
        "call",
        {
            "clients.requests": lambda: session.get(f"{plain}/ok"),
            "requests.Session": lambda: other.get(f"{plain}/ok", timeout=5),
        },
        Requirement("requests.Session", 1.35),
        repeat=50,
    )
    yield from asynchronous_calls(plain)


def asynchronous_calls(plain: str) -> Iterator[Comparison]:
    """The same, on one kept loop."""
    url = f"{plain}/ok"

    async def with_httpx(client: Any) -> None:
        await client.get(url)

    async def with_aiohttp(session: aiohttp.ClientSession) -> None:
        async with session.get(url) as response:
            await response.read()

    async def make_aiohttp() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    with asyncio.Runner() as runner:
        run = runner.get_loop().run_until_complete
        for name in ("httpx", "httpx2"):
            ours = run(getattr(clients, name)()())
            theirs = importlib.import_module(name).AsyncClient()
            yield compare(
                f"{name} gets two bytes, within an invocation",
                "call",
                {
                    f"clients.{name}": partial(awaited, run, with_httpx, ours),
                    f"{name}.AsyncClient": partial(awaited, run, with_httpx, theirs),
                },
                Requirement(f"{name}.AsyncClient", 1.35),
                repeat=30,
            )
            run(theirs.aclose())
        our_session = run(clients.aiohttp()())
        their_session = run(make_aiohttp())
        yield compare(
            "aiohttp gets two bytes, within an invocation",
            "call",
            {
                "clients.aiohttp": partial(awaited, run, with_aiohttp, our_session),
                "aiohttp.ClientSession": partial(awaited, run, with_aiohttp, their_session),
            },
            Requirement("aiohttp.ClientSession", 1.5),
            repeat=50,
        )
        run(their_session.close())


def awaited(run: Callable[[Any], object], function: Callable[[Any], Any], client: Any) -> None:
    """One call on the loop."""
    run(function(client))


def connections(secure: str, bundle: str) -> Iterator[Comparison]:
    """Calls that open a new TLS connection each."""
    ours = clients.boto3("s3", endpoint_url=secure, **credentials())
    theirs = boto3.client("s3", endpoint_url=secure, verify=bundle, **credentials())
    yield compare(
        "boto3 opens a TLS connection and reads an S3 object",
        "call",
        {"clients.boto3": s3_call(ours, "close"), "boto3.client": s3_call(theirs, "close")},
        Requirement("boto3.client", 1 / 2),
        repeat=3,
    )
    session, other = clients.requests(), requests.Session()
    yield compare(
        "requests opens a TLS connection and gets two bytes",
        "call",
        {
            "clients.requests": lambda: session.get(f"{secure}/close"),
            "requests.Session": lambda: other.get(f"{secure}/close", verify=bundle, timeout=5),
        },
        Requirement("requests.Session", 1 / 2),
        repeat=3,
    )


def second_clients() -> Iterator[Comparison]:
    """A further client in a process that has one."""
    for name in ("httpx", "httpx2"):
        theirs = importlib.import_module(name).AsyncClient
        yield compare(
            f"a further {name} client",
            "client",
            {f"clients.{name}": getattr(clients, name), f"{name}.AsyncClient": theirs},
            Requirement(f"{name}.AsyncClient", 1 / 4),
            repeat=3,
        )


def benchmark() -> list[Comparison]:
    """Calls, connections, clients."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"):
        os.environ.pop(name, None)  # with authorities of one's own nothing is shared
    with ExitStack() as stack:
        plain, secure, bundle = stack.enter_context(serving())
        token = deadline_variable.set(Deadline(3600.0))
        stack.callback(deadline_variable.reset, token)
        return [*calls(plain), *connections(secure, bundle), *second_clients()]


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
