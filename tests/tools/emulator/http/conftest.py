"""Functions behind real ports, and a client that sends exactly what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import tempfile
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.tools.emulator.conftest import descendants, groups_of, wait_for

from meantime.tools.emulator import Function
from meantime.tools.emulator.http import HttpFront

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping

    from tests.tools.emulator.conftest import Deploy

    from meantime.tools.emulator import Invocation
    from meantime.tools.emulator.http import Exchange, Source

    Serve = Callable[..., "Served"]

# Answers with the event it was given, or with what the request's body says that it should.
ECHO = """
import base64, json, os, sys, time

def handler(event, context):
    path = event.get("rawPath") or event.get("path") or event.get("raw_path")
    if path.endswith("/answer"):
        return json.loads(event["body"])
    if path.endswith("/raise"):
        raise ValueError("nö")
    if path.endswith("/sleep"):
        time.sleep(60)
    if path.endswith("/nap"):
        time.sleep(0.3)
    if path.endswith("/huge"):
        return {"statusCode": 200, "body": "x" * 6_300_000}
    body = json.dumps(event)
    kind = "application/json"
    return {
        "statusCode": 200,
        "headers": {"content-type": kind},
        "multiValueHeaders": {"content-type": [kind]},
        "body": body,
    }
"""

SOURCES = (
    "function-url",
    "api-gateway-v2",
    "http-api-payload-v1",
    "api-gateway-v1",
    "alb",
    "alb-multi-value",
    "vpc-lattice-v1",
    "vpc-lattice-v2",
)


@dataclass
class Got:
    """A response, as it came."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = self.values(name)
        return values[-1] if values else None

    def values(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """A front that serves on a loop of its own, and what it told."""

    loop: asyncio.AbstractEventLoop
    exchanges: list[Exchange] = field(default_factory=list)
    invocations: list[Invocation] = field(default_factory=list)
    front: HttpFront = field(init=False)

    @property
    def url(self) -> str:
        return self.front.url

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something on the front's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=60)

    def request(
        self,
        target: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        chunked: bool = False,
    ) -> Got:
        """Send exactly this, on a connection of its own; a name may come several times."""
        with contextlib.closing(self.connection()) as connection:
            pairs = list(headers.items() if isinstance(headers, dict) else headers or [])
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in pairs:
                connection.putheader(name, value)
            if chunked:
                connection.putheader("Transfer-Encoding", "chunked")
                connection.endheaders(message_body=body, encode_chunked=True)
            else:
                if body is not None:
                    connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(message_body=body)
            response = connection.getresponse()
            return Got(response.status, response.reason, response.getheaders(), response.read())

    def event(self, target: str = "/", **settings: Any) -> Any:
        """Send a request; return the event that the function was given."""
        got = self.request(target, **settings)
        assert got.status == 200, (got, self.exchanges)
        return got.json()

    def answer(self, answer: Any, **settings: Any) -> Got:
        """Have the function answer this."""
        prefix = urlsplit(self.url).path
        text = json.dumps(answer).encode()
        headers = {"Content-Type": "application/json", **settings.pop("headers", {})}
        return self.request(f"{prefix}/answer", method="POST", body=text, headers=headers, **settings)


def started(stack: contextlib.ExitStack, function: Function, source: Source | str, **settings: Any) -> Served:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="front", daemon=True)
    thread.start()
    served = Served(loop)
    served.front = front = HttpFront(
        function,
        source,
        on_exchange=served.exchanges.append,
        on_invocation=served.invocations.append,
        **settings,
    )

    def stop() -> None:
        served.run(front.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()

    stack.callback(stop)
    served.run(front.__aenter__())
    return served


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves functions until the test is over."""
    with contextlib.ExitStack() as stack:

        def start(function: Function, source: Source | str = "function-url", **settings: Any) -> Served:
            return started(stack, function, source, **settings)

        yield start


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Served]]:
    """One front of each source for all tests of a module: most ask it one thing, and starting takes longer."""
    code = tmp_path_factory.mktemp("echo")
    (code / "app.py").write_text(ECHO)
    fronts: dict[str, Served] = {}
    with contextlib.ExitStack() as stack:

        def of(source: str) -> Served:
            if source not in fronts:
                fronts[source] = started(stack, Function("app.handler", code=code), source)
            fronts[source].exchanges.clear()
            fronts[source].invocations.clear()
            return fronts[source]

        yield of


@pytest.fixture
def echo(deploy: Deploy, serve: Serve, _shared: Callable[[str], Served]) -> Callable[..., Served]:
    """Serves the function that answers with its event; with settings of its own on a front of its own."""

    def start(source: Source | str = "function-url", **settings: Any) -> Served:
        if isinstance(source, str) and not settings:
            return _shared(source)
        return serve(deploy(ECHO, **settings), source)

    return start


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The guard of every test of the emulator, here for a module, whose tests share fronts."""
    temporary = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        before = descendants(os.getpid())
        yield
        wait_for(lambda: descendants(os.getpid()) <= before)
        assert groups_of(os.getpid()) == []
        assert [entry.name for entry in temporary.iterdir()] == []
