"""What an application makes in its lifespan, a client or a pool, works in every invocation, also after a freeze."""

from __future__ import annotations

import textwrap

import pytest

from meantime.testing import http_event
from meantime.tools.emulator import Emulator, Function

CLIENT = """
    import asyncio, os
    from contextlib import asynccontextmanager
    import fastapi, meantime
    IMPORTS

    started = []

    @asynccontextmanager
    async def lifespan(app):
        started.append("lifespan")
        async with MADE as made:
            yield {"made": made}

    app = fastapi.FastAPI(lifespan=lifespan)

    async def double(made, number):
        CALLED

    @app.get("/")
    async def root(request: fastapi.Request):
        doubled = await asyncio.gather(*(double(request.state.made, number) for number in range(5)))
        return {"doubled": doubled, "lifespans": len(started)}

    lambda_handler = meantime.ASGIAdapter(app)
"""
# Each as its own documentation has it: what makes it, and one call.
MADE = {
    "httpx": (
        "http_api",
        "import httpx",
        'httpx.AsyncClient(base_url=os.environ["API_URL"], timeout=5)',
        'return (await made.get(f"/double/{number}")).json()',
    ),
    "aiohttp": (
        "http_api",
        "import aiohttp",
        'aiohttp.ClientSession(os.environ["API_URL"])',
        'async with made.get(f"/double/{number}") as response: return await response.json()',
    ),
    "asyncpg": (
        "postgresql",
        "import asyncpg",
        'asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=5, max_inactive_connection_lifetime=60)',
        'return await made.fetchval("SELECT 2 * $1::int", number)',
    ),
    "psycopg": (
        "postgresql",
        "from psycopg_pool import AsyncConnectionPool",
        (
            'AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=5, open=False, '
            "check=AsyncConnectionPool.check_connection)"
        ),
        (
            "async with made.connection() as connection: "
            'return (await (await connection.execute("SELECT 2 * %s::int", (number,))).fetchone())[0]'
        ),
    ),
}


@pytest.fixture(params=MADE)
def made(request):
    return request.param


@pytest.fixture
def server(made, request):
    return request.getfixturevalue(MADE[made][0])


@pytest.fixture
def emulator(made, server, tmp_path):
    _, imports, making, called = MADE[made]
    source = textwrap.dedent(CLIENT).replace("IMPORTS", imports).replace("MADE", making).replace("CALLED", called)
    (tmp_path / "app.py").write_text(source)
    function = Function("app.lambda_handler", tmp_path, memory_mb=1769, timeout=10.0, environment=server.variables)
    with Emulator(function) as started:
        assert started.mechanisms.freeze != "none"
        yield started


def serve(emulator: Emulator) -> str:
    """One request, which must succeed; the environment that it had."""
    invocation = emulator.invoke(http_event("GET", "/"))
    assert invocation.error is None, invocation.log
    assert invocation.payload["body"] == '{"doubled":[0,2,4,6,8],"lifespans":1}', (invocation.payload, invocation.log)
    return invocation.environment_id


def test_over_a_hundred_invocations(emulator, server):
    environments = {serve(emulator) for _ in range(101)}

    assert len(environments) == 1
    assert server.clients() <= 5


def test_over_freezes_in_which_the_server_closes_its_idle_connections(emulator, server):
    environments = {serve(emulator)}

    for _ in range(2):
        server.wait_until_all_clients_are_gone()
        environments.add(serve(emulator))

    assert len(environments) == 1


def test_over_a_freeze_in_which_the_server_is_started_again(emulator, server):
    environments = {serve(emulator)}

    server.restart()
    environments.add(serve(emulator))

    assert len(environments) == 1
