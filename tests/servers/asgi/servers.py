"""The two ways to the same application: uvicorn, and the adapter behind the emulator's HTTP front."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.asgi.differences import (
    BY_FORWARDED_FOR,
    HTTP_1,
    REST,
    ROOT_PATHS,
    URL_STREAMED,
    differing,
    to_the_application,
    to_the_client,
)
from tests.servers.asgi.raw_http import Answer, Client, Request
from tests.servers.conftest import eventually, free_port

from meantime.tools.emulator import AsyncEmulator, Function
from meantime.tools.emulator.http import ApiGatewayV1, FunctionUrl, HttpApiPayloadV1, HttpFront

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from meantime.tools.emulator.http import Exchange, Source

APPLICATIONS = Path(__file__).with_name("applications")
_PATIENCE = 60.0
_SAME = {"PYTHONHASHSEED": "0"}  # or the order of a set, as in Allow, is another in each process


class Ways:
    """One application, there both ways.

    Args:
        direct: Clients of uvicorn, by its options.
        through: Clients of the emulator's fronts, by source.
        exchanges: What the fronts have told, newest last.
    """

    def __init__(
        self, direct: Mapping[tuple[str, ...], Client], through: Mapping[str, Client], exchanges: list[Exchange]
    ) -> None:
        self.direct = direct
        self.through = through
        self.exchanges = exchanges

    def compare(
        self, source: str, request: Request, change: Callable[[Answer], Answer] = lambda answer: answer
    ) -> Answer:
        """Send the request both ways, and return the answer through the source: it is the same as the expected one.

        Args:
            source: The event source.
            request: What the client sends.
            change: Takes out of an answer what no two answers have in common.
        """
        expected, got = self.each(source, lambda _: request)
        self.check(source, change(expected), change(got), request)
        return got

    def each(
        self,
        source: str,
        request: Callable[[str], Request],
        took: Callable[[str, Answer], None] = lambda _way, _answer: None,
    ) -> tuple[Answer, Answer]:
        """Send a request each way, which may be another; return what is expected, and what came through the source.

        Args:
            source: The event source.
            request: Makes the request for a way, `direct` or `through`.
            took: Is told each way's answer.
        """
        sent = request("through")
        got = self.through[source].send(replace(sent, target=ROOT_PATHS.get(source, "") + sent.target))
        took("through", got)
        sent = request("direct")
        answer = self.direct[_options(source)].send(to_the_application(source, sent))
        took("direct", answer)
        return to_the_client(source, sent, answer), got

    def check(self, source: str, expected: Answer, got: Answer, request: Request | None = None) -> None:
        """Nothing is different."""
        found = differing(expected, got)
        assert not found, f"{source}: {request!s:.2000}\n" + "\n".join([*found, self._told()])

    def _told(self) -> str:
        newest = self.exchanges[-1]
        log = newest.invocation.log if newest.invocation else ""
        return f"{newest.problem}\n{log}"


@contextmanager
def both_ways(
    application: str, sources: Iterable[str], folder: Path, variables: Mapping[str, dict[str, str]] | None = None
) -> Iterator[Ways]:
    """The application of that module behind uvicorn and behind the sources.

    Args:
        application: A module of the folder of applications, whose `app` it is.
        sources: The event sources.
        folder: Where uvicorn's logs go.
        variables: What each way finds in its environment: `uvicorn` and `function`.
    """
    given = variables or {}
    with ExitStack() as stack:
        environment = {"APPLICATION": application, **_SAME, **given.get("function", {})}
        function = Function(
            "function.lambda_handler", APPLICATIONS, memory_mb=1769, timeout=30.0, environment=environment
        )
        streaming = replace(function, environment={**environment, "STREAMED": "yes"})
        started = {
            options: stack.enter_context(_uvicorn(application, folder, options, given.get("uvicorn", {})))
            for options in {_options(source) for source in sources}
        }
        for _, answers in started.values():
            eventually(answers, f"uvicorn serves {application}; its log is in {folder}")
        direct = {options: client for options, (client, _) in started.items()}
        functions = {source: streaming if source == URL_STREAMED else function for source in sources}
        through, exchanges = stack.enter_context(fronts(functions))
        yield Ways(direct, through, exchanges)


def _options(source: str) -> tuple[str, ...]:
    """How uvicorn has to be started to stand for the application behind that source."""
    root_path = ROOT_PATHS.get(source)
    trusting = ("--proxy-headers", "--forwarded-allow-ips=*") if source in BY_FORWARDED_FOR else ("--no-proxy-headers",)
    return trusting if root_path is None else (*trusting, f"--root-path={root_path}")


@contextmanager
def _uvicorn(
    application: str, folder: Path, given: tuple[str, ...], variables: Mapping[str, str]
) -> Iterator[tuple[Client, Callable[[], bool]]]:
    """A client of uvicorn, which may not answer yet, and whether it does."""
    port = free_port()
    options = ["--host=127.0.0.1", f"--port={port}", "--http=h11", "--loop=asyncio", "--no-date-header",
               "--no-server-header", "--log-level=warning", f"--app-dir={APPLICATIONS}", *given]  # fmt: skip
    log = folder / f"uvicorn-{port}.log"
    # Should these tests be killed, or end themselves because one of them hangs, the kernel ends the server.
    guard = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*guard, sys.executable, "-m", "uvicorn", f"{application}:app", *options],
            env={**_without_coverage(), **_SAME, **variables},
            stdout=written,
            stderr=written,
        )
    client = Client("127.0.0.1", port)
    try:
        yield client, lambda: _answers(client, process)
    finally:
        client.close()
        process.terminate()
        process.wait(_PATIENCE)


@contextmanager
def fronts(functions: Mapping[str, Function]) -> Iterator[tuple[dict[str, Client], list[Exchange]]]:
    """A front for each source before an emulator of its function: clients of them, and what the fronts tell."""
    exchanges: list[Exchange] = []

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            emulators: dict[int, AsyncEmulator] = {}
            for source, function in functions.items():
                emulator = emulators.get(id(function))
                if emulator is None:
                    # Limits and freezes change no answer; what they do to an application is tested elsewhere.
                    emulator = AsyncEmulator(function, freeze="none", cpu="none", memory="none")
                    emulators[id(function)] = await stack.enter_async_context(emulator)
                front = HttpFront(emulator, _front(source), on_exchange=exchanges.append)
                await stack.enter_async_context(front)
                clients[source] = Client("127.0.0.1", front.port)
            serving.set()
            await ending.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            problems.append(error)
        finally:
            serving.set()

    clients: dict[str, Client] = {}
    problems: list[BaseException] = []
    serving = threading.Event()
    ending = asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=run, name="fronts")
    thread.start()
    try:
        assert serving.wait(_PATIENCE)
        if problems:
            raise problems[0]
        yield clients, exchanges
    finally:
        for client in clients.values():
            client.close()
        loop.call_soon_threadsafe(ending.set)
        thread.join(_PATIENCE)
        loop.close()


def _front(source: str) -> Source | str:
    """API Gateways with a stage, and a REST API must be told that bodies may be binary; the others are as they are."""
    if source == HTTP_1:
        return HttpApiPayloadV1(stage=ROOT_PATHS[HTTP_1].strip("/"))
    if source == REST:
        return ApiGatewayV1(stage=ROOT_PATHS[REST].strip("/"), binary_media_types=["*/*"])
    return FunctionUrl(streaming=True) if source == URL_STREAMED else source


def _answers(client: Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "uvicorn has ended"
    try:
        client.send(Request("GET", "/", ((b"host", b"service.example"),)))
    except OSError:
        return False
    return True


def _without_coverage() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COV")}
