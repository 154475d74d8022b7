"""MT105: a client or lock of one event loop, kept in a global, and used on a new loop in each invocation."""

from __future__ import annotations

import pytest

HANDLER = """

def lambda_handler(event, context):
    return asyncio.run(main(event))
"""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)  # finds MT105


async def main(event):
    return await client.get(event["url"])
"""
            + HANDLER,
            id="a client of httpx at module level",
        ),
        pytest.param(
            {
                "app.py": """
import asyncio

import store


async def main(event):
    await asyncio.gather(*(load(key) for key in event["keys"]))


async def load(key):
    return await store.find(key)
"""
                + HANDLER,
                "store.py": """
from redis.asyncio import Redis as Store

connection = Store(host="cache", socket_timeout=1)  # finds MT105


async def find(key):
    return await connection.get(key)
""",
            },
            id="a client of redis in another file, two functions down",
        ),
        pytest.param(
            """
import asyncio

import asyncpg

pool = None


async def connections():
    global pool
    if pool is None:
        pool = await asyncpg.create_pool("postgresql://db")  # finds MT105
    return pool


async def main(event):
    await connections()
    return await pool.fetch("SELECT 1")
"""
            + HANDLER,
            id="a pool made once, on the first loop",
        ),
        pytest.param(
            """
import asyncio

import aiohttp


class Service:
    def __init__(self):
        self.session = aiohttp.ClientSession()  # finds MT105

    async def load(self, url):
        return await self.session.get(url)


service = None


def make():
    global service
    service = Service()


make()


async def main(event):
    return await service.load(event["url"])
"""
            + HANDLER,
            id="an attribute of an object at module level",
        ),
        pytest.param(
            """
import asyncio

limit = asyncio.Semaphore(5)  # finds MT105


async def load(key):
    async with limit:
        await asyncio.sleep(1)


async def main(event):
    await asyncio.gather(*[load(key) for key in event["keys"]])
"""
            + HANDLER,
            id="a semaphore that many wait for",
        ),
        pytest.param(
            """
import asyncio

lock = asyncio.Lock()  # finds MT105 likely


async def main(event):
    await lock.acquire()
"""
            + HANDLER,
            id="a lock that nobody else is seen to wait for is likely",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)  # finds MT105


async def main(event):
    return await fetch(client, event["url"])


async def fetch(http, url):
    return await http.get(url)


def lambda_handler(event, context):
    with asyncio.Runner() as runner:
        return runner.run(main(event))
""",
            id="handed on as an argument, with a runner made each time",
        ),
        pytest.param(
            """
import asyncio

import httpx

first = httpx.AsyncClient(timeout=5)  # finds MT105
second = httpx.AsyncClient(timeout=5)  # finds MT105
third = httpx.AsyncClient(timeout=5)  # finds MT105


class Loading:
    async def load(self):
        await first.get("https://example.com")

    async def both(self):
        await retried(self.load)
        await retried(load)
        await retried(lambda: third.get("https://example.com"))


async def load():
    await second.get("https://example.com")


async def retried(function):
    return await function()


async def main(event):
    await Loading().both()
"""
            + HANDLER,
            id="in what is handed on to be called",
        ),
        pytest.param(
            """
import asyncio

wide = asyncio.Lock()  # finds MT105
narrow = asyncio.Lock()  # finds MT105 likely


async def main(event):
    while event:
        await poll()
    await asyncio.gather(*[one(key) for key in event["keys"]])


async def poll():
    await narrow.acquire()


async def one(key):
    await two(key)


async def two(key):
    await wide.acquire()
"""
            + HANDLER,
            id="a lock below what many do, and one in a while loop",
        ),
        pytest.param(
            """
import asyncio

lock = asyncio.Lock()  # finds MT105
other = asyncio.Lock()  # finds MT105


async def main(event):
    await both()
    for key in event["keys"]:
        await many()


async def both():
    async with lock:
        await asyncio.sleep(1)


async def many():
    async with other:
        await asyncio.sleep(1)


async def wide(event):
    await asyncio.gather(*[both() for _ in event["keys"]], *[many() for _ in event["keys"]])


async def narrow():
    await many()


def lambda_handler(event, context):
    asyncio.run(main(event))
    asyncio.run(wide(event))
    asyncio.run(narrow())
""",
            id="locks that many wait for in one place, and one in another",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)  # finds MT105 likely


async def main():
    await client.get("https://example.com")


def serve():
    return asyncio.run(main())


def lambda_handler(event, context):
    chosen = serve if event else print
    return chosen()
""",
            id="where one of several may be called it is likely",
        ),
        pytest.param(
            """
import asyncio

from motor.motor_asyncio import AsyncIOMotorClient

client = AsyncIOMotorClient()  # finds MT105


async def main(event):
    return await client.admin.command("ping")


async def other(event):
    await client.close()


def lambda_handler(event, context):
    loop = asyncio.new_event_loop()
    return loop.run_until_complete(other(event))
""",
            id="a loop made by hand each time",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://db")  # finds MT105
Session = async_sessionmaker(engine)


async def main(event):
    async with Session() as session:
        await session.execute("SELECT 1")
"""
            + HANDLER,
            id="an engine below a maker of sessions",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import sessionmaker

engine = create_async_engine("postgresql+asyncpg://db")  # finds MT105
Session = sessionmaker(bind=engine, class_=AsyncSession)


async def main(event):
    async with Session() as session:
        await session.execute("SELECT 1")
"""
            + HANDLER,
            id="an engine below a maker of sessions, by name",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://db")  # finds MT105
Session = async_sessionmaker(engine)


async def main(event):
    async with Session.begin() as session:
        await session.execute("SELECT 1")
"""
            + HANDLER,
            id="an engine below a maker of sessions that begins",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

engine = create_async_engine("postgresql+asyncpg://db")  # finds MT105


async def main(event):
    async with AsyncSession(engine) as session:
        await session.execute("SELECT 1")
"""
            + HANDLER,
            id="an engine that a session is given",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = None


def make():
    global client
    client = httpx.AsyncClient(timeout=3)  # finds MT105


make()


async def main(event):
    await client.get(event["url"])
"""
            + HANDLER,
            id="a global name that a function gives at import",
        ),
        pytest.param(
            """
import asyncio

import httpx


async def main(event):
    global client
    try:
        client.headers.clear()
    except NameError:
        client = httpx.AsyncClient(timeout=3)  # finds MT105
    await client.get(event["url"])
"""
            + HANDLER,
            id="a global name that is given where it is missing",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=3)  # finds MT105


async def main(event):
    await client.get(event["url"])
    await client.aclose()
"""
            + HANDLER,
            id="a client at module level that the first invocation closes",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT105", files)


@pytest.mark.parametrize(
    "maker",
    [
        "httpx.AsyncClient",
        "httpx2.AsyncClient",
        "aiohttp.ClientSession",
        "redis.asyncio.Redis",
        "redis.asyncio.from_url",
        "redis.asyncio.Redis.from_url",
        "asyncpg.create_pool",
        "psycopg_pool.AsyncConnectionPool",
        "aiomysql.create_pool",
        "sqlalchemy.ext.asyncio.create_async_engine",
        "motor.motor_asyncio.AsyncIOMotorClient",
        "pymongo.AsyncMongoClient",
        "openai.AsyncOpenAI",
        "openai.AsyncAzureOpenAI",
        "anthropic.AsyncAnthropic",
        "elasticsearch.AsyncElasticsearch",
        "asyncio.Lock",
        "asyncio.Semaphore",
        "asyncio.BoundedSemaphore",
        "asyncio.Event",
        "asyncio.Condition",
        "asyncio.Queue",
        "asyncpg.connect",
        "psycopg.AsyncConnection.connect",
    ],
)
def test_knows_what_belongs_to_a_loop(finds, maker):
    finds(
        "MT105",
        f"""
import asyncio
import {maker.rpartition(".")[0].removesuffix(".Redis").removesuffix(".AsyncConnection")}

kept = {maker}()  # finds MT105


async def one(key):
    await kept.use(key)


async def main(event):
    await asyncio.gather(*[one(key) for key in event["keys"]])
"""
        + HANDLER,
    )


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio

import httpx


async def main(event):
    async with httpx.AsyncClient(timeout=5) as client:
        return await client.get(event["url"])
"""
            + HANDLER,
            id="made on the loop that uses it",
        ),
        pytest.param(
            """
import asyncio


class Listener:
    def __init__(self):
        self.limit = asyncio.Semaphore(5)

    async def serve(self, key):
        async with self.limit:
            await asyncio.sleep(1)


async def main(event):
    listener = Listener()
    await asyncio.gather(*[listener.serve(key) for key in event["keys"]])
"""
            + HANDLER,
            id="in an object made on the loop that uses it",
        ),
        pytest.param(
            """
import asyncio


class Service:
    async def all(self, keys):
        limit = asyncio.Semaphore(5)

        async def one(key):
            async with limit:
                await asyncio.sleep(1)

        await asyncio.gather(*[one(key) for key in keys])


service = Service()


async def main(event):
    await service.all(event["keys"])
"""
            + HANDLER,
            id="a semaphore of one call of a method",
        ),
        pytest.param(
            """
import asyncio


class Node:
    def __init__(self):
        self.lock = asyncio.Lock()
        self.next = Node()

    async def use(self):
        async with self.lock:
            await self.next.use()


async def main(event):
    await Node().use()
"""
            + HANDLER,
            id="an object that makes its like",
        ),
        pytest.param(
            {
                "tests/test_app.py": """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)


async def main(event):
    await client.get(event["url"])
"""
                + HANDLER
            },
            id="below a handler of a test suite",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)
runner = asyncio.Runner()


async def main(event):
    return await client.get(event["url"])


def lambda_handler(event, context):
    return runner.run(main(event))
""",
            id="a runner that is kept",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)
loop = asyncio.new_event_loop()


async def main(event):
    return await client.get(event["url"])


def lambda_handler(event, context):
    return loop.run_until_complete(main(event))
""",
            id="a loop that is kept",
        ),
        pytest.param(
            """
import httpx
import meantime

client = httpx.AsyncClient(timeout=5)


@meantime.handler
async def lambda_handler(event, context):
    return await client.get(event["url"])
""",
            id="Meantime's loop, which is kept",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)


async def main():
    return await client.get("https://example.com")


if __name__ == "__main__":
    asyncio.run(main())
""",
            id="a script, which makes one loop",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = httpx.Client(timeout=5)


async def main(event):
    return client.get(event["url"])
"""
            + HANDLER,
            id="a blocking client",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

engine = create_async_engine("postgresql+asyncpg://db", poolclass=NullPool)


async def main(event):
    async with engine.connect() as connection:
        await connection.close()
"""
            + HANDLER,
            id="an engine that keeps no connections",
        ),
        pytest.param(
            """
import asyncio
import threading

import httpx

client = httpx.AsyncClient(timeout=5)


async def main():
    return await client.get("https://example.com")


def work():
    asyncio.run(main())


def lambda_handler(event, context):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
""",
            id="on a thread, of which not enough is known",
        ),
        pytest.param(
            """
import asyncio

import httpx

client = None


async def main(event):
    global client
    if event:
        print(client)
    client = httpx.AsyncClient(timeout=3)
    await client.get(event["url"])
"""
            + HANDLER,
            id="a global name that each invocation gives anew",
        ),
        pytest.param(
            """
import asyncio

import aiohttp

session = None


async def get_session():
    global session
    if session is None or session.closed:
        session = aiohttp.ClientSession()
    return session


async def main(event):
    opened = await get_session()
    try:
        await opened.get(event["url"])
    finally:
        await opened.close()
"""
            + HANDLER,
            id="a session that each invocation closes, and makes where it is closed",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import create_async_engine

engine = create_async_engine("postgresql+asyncpg://db")


async def main(event):
    try:
        async with engine.connect() as connection:
            await connection.execute("SELECT 1")
    finally:
        await engine.dispose()
"""
            + HANDLER,
            id="an engine that is disposed of on each loop",
        ),
        pytest.param(
            """
import asyncio

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

engine = create_async_engine("postgresql+asyncpg://db")

other = AsyncSession


async def main(event):
    async with other() as session:
        await session.execute("SELECT 1")
"""
            + HANDLER,
            id="a session without an engine",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT105", files)


def test_asyncio_run_in_a_coroutine_makes_no_loop(finds):
    finds(
        "MT105",
        """
import asyncio

import httpx
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()
client = httpx.AsyncClient(timeout=5)


async def fetch():
    return await client.get("https://example.com")


@app.get("/")
async def main():
    return asyncio.run(fetch())


handler = Mangum(app)
""",
    )


def test_shows_where_the_loop_is_made_and_how_it_is_used(findings_of):
    (found,) = findings_of(
        "MT105",
        """
import asyncio

import httpx

client = httpx.AsyncClient(timeout=5)


async def main(event):
    return await fetch(event["url"])


async def fetch(url):
    return await client.get(url)


def serve(event):
    return asyncio.run(main(event))


def lambda_handler(event, context):
    return serve(event)
""",
    )
    assert [step.text.replace("`", "") for step in found.chain] == [
        "lambda_handler calls serve",
        "serve makes a loop",
        "main calls fetch",
    ]
    assert 'the second ends in "Event loop is closed". Keep one loop' in found.message
    assert "`httpx.AsyncClient(…)`" in found.message


def test_says_that_a_lock_fails_when_two_wait(findings_of):
    (found,) = findings_of(
        "MT105",
        "import asyncio\n\nlock = asyncio.Lock()\n\n\n"
        "async def main(event):\n    async with lock:\n        print(event)\n" + HANDLER,
    )
    assert "the second fails as soon as two tasks wait for it. Keep one loop" in found.message


@pytest.mark.parametrize("closing", ["close", "aclose", "disconnect"])
def test_what_each_invocation_makes_and_closes_is_not_kept(finds, closing):
    finds(
        "MT105",
        f"""
import asyncio

import redis.asyncio

client = None


async def main(event):
    global client
    if client is None:
        client = redis.asyncio.Redis()
    await client.get(event["key"])
    await client.{closing}()
"""
        + HANDLER,
    )


def test_what_each_invocation_calls_for_itself_is_not_kept(finds):
    finds(
        "MT105",
        """
import asyncio

import httpx


def make():
    client = httpx.AsyncClient(timeout=3)
    return client


print(make().timeout)


async def main(event):
    await make().get(event["url"])
"""
        + HANDLER,
    )


OBJECT = """
import asyncio

import httpx


class Api:
    client = None

    async def __aenter__(self):
        {test}
            self.client = httpx.AsyncClient(timeout=3){mark}
        return self

    async def __aexit__(self, *error):
        print(error)


api = Api()


async def main(event):
    async with api:
        await api.client.get(event["url"])
"""


@pytest.mark.parametrize(
    ("test", "mark"), [("if self.client is None:", "  # finds MT105"), ("with open('x'):", "")], ids=["once", "anew"]
)
def test_an_object_at_module_level_keeps_what_it_makes_once(finds, test, mark):
    finds("MT105", OBJECT.format(test=test, mark=mark) + HANDLER)


FACTORY = """import asyncio

import httpx


def make_client():
    {made}


{call}


async def main(url):
    return await client.get(url)


def lambda_handler(event, context):
    return asyncio.run(main(event["url"]))
"""


@pytest.mark.parametrize(
    "made",
    [
        pytest.param("return httpx.AsyncClient()  # finds MT105", id="at once"),
        pytest.param("made = httpx.AsyncClient()  # finds MT105\n    return made", id="by a name"),
    ],
)
def test_a_function_that_makes_it_for_a_global(finds, made):
    finds("MT105", FACTORY.format(made=made, call="client = make_client()"))


def test_a_function_that_others_call_too_may_make_another(finds):
    call = "client = make_client()\n\n\ndef fresh():\n    client = make_client()\n    return client"

    finds("MT105", FACTORY.format(made="return httpx.AsyncClient()", call=call))
