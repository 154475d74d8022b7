"""MT104: `asyncio.run` beside an ASGI adapter that takes the thread's current loop."""

from __future__ import annotations

import pytest

ADAPTER = """
import asyncio

from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()
adapter = Mangum(app)


async def clean_up(): ...
"""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            ADAPTER
            + """

def lambda_handler(event, context):
    if event.get("source") == "aws.events":
        return asyncio.run(clean_up())  # finds MT104
    return adapter(event, context)
""",
            id="in the handler that calls the adapter",
        ),
        pytest.param(
            {
                "app.py": """
from mangum import Mangum as Adapter

import jobs
from api import app

handle_request = Adapter(app, lifespan="off")


def handler(event, context):
    jobs.prepare()
    return serve(event, context)


def serve(request, details):
    return handle_request(request, details)
""",
                "jobs.py": """
from asyncio import Runner


def prepare():
    with Runner() as runner:  # finds MT104
        runner.run(load())


async def load(): ...
""",
                "api.py": "app = object()\n",
            },
            id="in a helper of another file",
        ),
        pytest.param(
            ADAPTER
            + """

asyncio.run(clean_up())  # finds MT104
lambda_handler = adapter
""",
            id="while the module loads, below the adapter",
        ),
        pytest.param(
            ADAPTER
            + """


def prepare():
    import uvloop

    uvloop.run(clean_up())  # finds MT104 likely


def lambda_handler(event, context):
    first = prepare if event.get("first") else print
    first()
    return adapter(event, context)
""",
            id="where one of several may be called it is likely",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT104", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            ADAPTER
            + """

def lambda_handler(event, context):
    if event.get("source") == "aws.events":
        return asyncio.get_event_loop().run_until_complete(clean_up())
    return adapter(event, context)
""",
            id="on the loop that the adapter uses",
        ),
        pytest.param(
            ADAPTER
            + """

def lambda_handler(event, context):
    asyncio.run(clean_up())
    asyncio.set_event_loop(asyncio.new_event_loop())
    return adapter(event, context)
""",
            id="another loop is set",
        ),
        pytest.param(
            """
import asyncio

from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


async def prepare(): ...


asyncio.run(prepare())
lambda_handler = Mangum(app)
""",
            id="before the adapter is made",
        ),
        pytest.param(
            """
import asyncio

from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


async def prepare(): ...


def lambda_handler(event, context):
    asyncio.run(prepare())
    return Mangum(app)(event, context)
""",
            id="an adapter made for each request, which sets a loop",
        ),
        pytest.param(
            {
                "app.py": ADAPTER + "\n\nlambda_handler = adapter\n",
                "script.py": "\n" * 20 + "import asyncio\n\nfrom app import clean_up\n\nasyncio.run(clean_up())\n",
            },
            id="another module, which is a script",
        ),
        pytest.param(
            {
                "app.py": ADAPTER + "\n\nlambda_handler = adapter\n",
                "job.py": """
import asyncio


async def work(): ...


def lambda_handler(event, context):
    return asyncio.run(work())
""",
            },
            id="another function of the project",
        ),
        pytest.param(
            ADAPTER
            + """

def unused():
    asyncio.run(clean_up())


async def main():
    return wrong()


def wrong():
    return asyncio.run(clean_up())


def lambda_handler(event, context):
    asyncio.get_event_loop().run_until_complete(main())
    return adapter(event, context)
""",
            id="not reached, or reached where a loop runs, which is another rule's",
        ),
        pytest.param(
            ADAPTER
            + """
import threading


def prepare():
    asyncio.run(clean_up())


def lambda_handler(event, context):
    thread = threading.Thread(target=prepare)
    thread.start()
    thread.join()
    return adapter(event, context)
""",
            id="on another thread",
        ),
        pytest.param(
            """
import asyncio

import meantime
from fastapi import FastAPI

app = FastAPI()
adapter = meantime.ASGIAdapter(app)


async def clean_up(): ...


def lambda_handler(event, context):
    if event.get("source") == "aws.events":
        return asyncio.run(clean_up())
    return adapter(event, context)
""",
            id="Meantime's adapter, which keeps its own",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT104", files)


def test_shows_the_way_and_the_error(findings_of):
    (found,) = findings_of(
        "MT104",
        ADAPTER
        + """

def prepare():
    asyncio.run(clean_up())


def lambda_handler(event, context):
    prepare()
    return adapter(event, context)
""",
    )
    assert "There is no current event loop" in found.message
    assert [step.text.replace("`", "") for step in found.chain] == ["lambda_handler calls prepare"]
