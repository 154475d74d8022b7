"""What is accounted for with async libraries: each gives a function that makes its calls on one kept loop."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg
import httpx
import httpx2
import psycopg
import redis.asyncio
import uvloop

from meantime import tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator

    from accounted.servers import Servers

    Run = Callable[[], object]
    Call = Callable[[int], Awaitable[object]]
    Opened = Callable[[AsyncExitStack, Servers], Coroutine[Any, Any, Call]]

CALLS = 8
TIMEOUT = 5.0


@contextmanager
def on_a_loop(
    servers: Servers, opened: Opened, *, loop: Callable[[], asyncio.AbstractEventLoop] | None = None, width: int = 1
) -> Iterator[Run]:
    """Calls on a kept loop.

    Args:
        servers: What is called.
        opened: Opens the client and gives the call.
        loop: What makes the loop.
        width: How many calls at once.
    """
    with asyncio.Runner(loop_factory=loop) as runner:
        stack = AsyncExitStack()
        call = runner.run(opened(stack, servers))

        async def all_calls() -> None:
            if width > 1:
                await tasks.map(call, range(CALLS), max_concurrency=width)
                return
            for number in range(CALLS):
                await call(number)

        try:
            yield lambda: runner.get_loop().run_until_complete(all_calls())
        finally:
            runner.run(stack.aclose())


def on_uvloop(servers: Servers, opened: Opened) -> Any:
    """Calls on a kept loop of uvloop's."""
    return on_a_loop(servers, opened, loop=uvloop.new_event_loop)


def side_by_side(servers: Servers, opened: Opened) -> Any:
    """All calls at once, on tasks."""
    return on_a_loop(servers, opened, width=CALLS)


def side_by_side_on_uvloop(servers: Servers, opened: Opened) -> Any:
    """All calls at once, on tasks of uvloop's loop."""
    return on_a_loop(servers, opened, loop=uvloop.new_event_loop, width=CALLS)


async def httpx_client(stack: AsyncExitStack, servers: Servers) -> Call:
    """One client of httpx's."""
    return await _client(stack, httpx.AsyncClient(timeout=TIMEOUT), f"http://127.0.0.1:{servers.ports['http']}")


async def httpx2_client(stack: AsyncExitStack, servers: Servers) -> Call:
    """One client of httpx2's."""
    return await _client(stack, httpx2.AsyncClient(timeout=TIMEOUT), f"http://127.0.0.1:{servers.ports['http']}")


async def httpx_over_tls(stack: AsyncExitStack, servers: Servers) -> Call:
    """One client of httpx's, over TLS."""
    context = ssl.create_default_context(cafile=servers.bundle)
    client = httpx.AsyncClient(timeout=TIMEOUT, verify=context)
    return await _client(stack, client, f"https://127.0.0.1:{servers.ports['tls']}")


async def _client(stack: AsyncExitStack, client: Any, url: str) -> Call:
    await stack.enter_async_context(client)

    async def call(number: int) -> object:
        return (await client.get(f"{url}/{number}")).json()

    return call


async def aiohttp_session(stack: AsyncExitStack, servers: Servers, *, server: str = "http") -> Call:
    """One session of aiohttp's."""
    session = await stack.enter_async_context(aiohttp.ClientSession())
    context = ssl.create_default_context(cafile=servers.bundle)
    url = f"{'https' if server == 'tls' else 'http'}://127.0.0.1:{servers.ports[server]}"

    async def call(number: int) -> object:
        async with session.get(f"{url}/{number}", ssl=context) as answer:
            return await answer.json()

    return call


async def aiohttp_over_tls(stack: AsyncExitStack, servers: Servers) -> Call:
    """One session of aiohttp's, over TLS."""
    return await aiohttp_session(stack, servers, server="tls")


async def aiohttp_heavy_tailed(stack: AsyncExitStack, servers: Servers) -> Call:
    """One session of aiohttp's, before a server that is late at times."""
    return await aiohttp_session(stack, servers, server="heavy_tailed")


async def asyncpg_connection(stack: AsyncExitStack, servers: Servers) -> Call:
    """One connection of asyncpg's."""
    connection = await asyncpg.connect(_postgresql(servers))
    stack.push_async_callback(connection.close)
    await connection.execute("SET idle_session_timeout = 0")

    async def call(_: int) -> object:
        return await connection.fetchval("SELECT 1")

    return call


async def psycopg_connection(stack: AsyncExitStack, servers: Servers) -> Call:
    """One async connection of psycopg's."""
    connection = await psycopg.AsyncConnection.connect(_postgresql(servers), autocommit=True)
    await stack.enter_async_context(connection)
    await connection.execute("SET idle_session_timeout = 0")

    async def call(_: int) -> object:
        return await (await connection.execute("SELECT 1")).fetchone()

    return call


async def redis_client(stack: AsyncExitStack, servers: Servers) -> Call:
    """One client of redis.asyncio."""
    client = redis.asyncio.Redis(port=servers.ports["redis"], socket_timeout=TIMEOUT)
    stack.push_async_callback(client.aclose)
    await client.config_set("timeout", 0)

    async def call(number: int) -> object:
        return await client.get(str(number))

    return call


def _postgresql(servers: Servers) -> str:
    return f"postgresql://tester@127.0.0.1:{servers.ports['postgresql']}/postgres"
