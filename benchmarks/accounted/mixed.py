"""What is accounted for where waiting and computing meet: threads, a blocked loop, all at once."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import requests
from requests.adapters import HTTPAdapter

from meantime import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from accounted.servers import Servers

    Run = Callable[[], object]

CALLS = 8
COMPUTING_S = 0.15
BLOCKING_S = 0.04
TIMEOUT = 5.0


def compute(seconds: float) -> int:
    """Compute for so much CPU time."""
    until, number = time.thread_time() + seconds, 0
    while time.thread_time() < until:
        number += sum(range(200))
    return number


@contextmanager
def _session(servers: Servers) -> Iterator[Callable[[int], object]]:
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(pool_maxsize=CALLS))
        yield lambda number: session.get(f"http://127.0.0.1:{servers.ports['http']}/{number}", timeout=TIMEOUT).json()


@contextmanager
def executor(servers: Servers) -> Iterator[Run]:
    """All calls at once on the threads of a pool of the standard library's."""
    with _session(servers) as call, ThreadPoolExecutor(CALLS) as pool:
        yield lambda: list(pool.map(call, range(CALLS)))


@contextmanager
def verbs(servers: Servers) -> Iterator[Run]:
    """All calls at once on Meantime's threads."""
    with _session(servers) as call:
        yield lambda: threads.map(call, range(CALLS), max_concurrency=CALLS)


@contextmanager
def computing_beside(servers: Servers) -> Iterator[Run]:
    """One thread computes while another waits, call after call: the interpreter's lock is between them."""
    with _session(servers) as call, ThreadPoolExecutor(2) as pool:

        def run() -> None:
            computing = pool.submit(compute, COMPUTING_S)
            waiting = pool.submit(lambda: [call(number) for number in range(CALLS)])
            computing.result()
            waiting.result()

        yield run


@contextmanager
def computing_between(servers: Servers) -> Iterator[Run]:
    """One thread that computes after each call."""
    with _session(servers) as call:

        def run() -> None:
            for number in range(CALLS):
                call(number)
                compute(COMPUTING_S / CALLS)

        yield run


@contextmanager
def blocked_loop(servers: Servers) -> Iterator[Run]:
    """Tasks that wait on a loop that something blocks: what comes meanwhile waits for the loop, not for its server."""
    url = f"http://127.0.0.1:{servers.ports['http']}"

    async def run(session: aiohttp.ClientSession) -> None:
        async def call(number: int) -> None:
            async with session.get(f"{url}/{number}") as answer:
                await answer.json()

        async def block() -> None:
            await asyncio.sleep(0.01)
            time.sleep(BLOCKING_S)  # noqa: ASYNC251  # this is what it is about

        async with asyncio.TaskGroup() as group:
            for number in range(CALLS):
                group.create_task(call(number))
            group.create_task(block())

    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    with asyncio.Runner() as runner:
        session = runner.run(opened())
        try:
            yield lambda: runner.get_loop().run_until_complete(run(session))
        finally:
            runner.run(session.close())
