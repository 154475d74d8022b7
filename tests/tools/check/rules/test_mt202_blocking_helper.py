"""MT202: a blocking call that runs on the event loop through functions of the project."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import requests


def load(url):
    return requests.get(url, timeout=5)  # finds MT202


async def main(url):
    return load(url)
""",
            id="a helper",
        ),
        pytest.param(
            {
                "app.py": """
from store import Store

store = Store()


async def main(event):
    return store.load(event["key"])
""",
                "store.py": """
import boto3


class Store:
    def __init__(self):
        self._table = boto3.resource("dynamodb").Table("orders")

    def load(self, key):
        return self._item(key)

    def _item(self, key):
        return self._table.get_item(Key={"id": key})["Item"]  # finds MT202
""",
            },
            id="a method of another file, two calls down",
        ),
        pytest.param(
            """
from functools import partial
from time import sleep as pause


def wait(seconds, text):
    pause(seconds)  # finds MT202
    return text


async def main():
    wait_long = partial(wait, 5)
    return wait_long("text")
""",
            id="through a partial",
        ),
        pytest.param(
            """
import subprocess


async def main():
    def inside():
        return subprocess.run(["ls"])  # finds MT202

    return inside()
""",
            id="a function inside the coroutine function",
        ),
        pytest.param(
            """
import requests
import tenacity


@tenacity.retry
def load(url):
    return requests.get(url, timeout=5)  # finds MT202


async def main(url):
    return load(url)
""",
            id="under a decorator that calls it where it is",
        ),
        pytest.param(
            """
import time


def wait():
    def seconds():
        return 1

    time.sleep(seconds())  # finds MT202


async def main():
    wait()
""",
            id="a helper with a plain function inside",
        ),
        pytest.param(
            """
import functools
import socket
import sqlite3
import threading

import requests
from unknown import traced


@traced
def load(url):
    return requests.get(url, timeout=5)  # finds MT202 likely


@functools.lru_cache
def settings(url):
    return requests.get(url, timeout=5)  # finds MT202 likely


def hold():
    sqlite3.connect("x").execute("SELECT 1")  # finds MT202 likely


def join(thread):
    hold()
    threading.Thread(target=print).join()  # finds MT202 likely
    input()  # finds MT202 likely
    return socket.gethostbyname("localhost")  # finds MT202 likely


async def main(url):
    join(None)
    return load(url), settings(url)
""",
            id="behind an unknown decorator, once only, or soon over it is likely",
        ),
        pytest.param(
            {
                "app.py": """
import time


def wait():
    time.sleep(1)  # finds MT202 likely
""",
                "tests/serving.py": """
import time

from app import wait


async def main():
    wait()
    pause()


def pause():
    time.sleep(1)  # finds MT202 likely
""",
            },
            id="in a test suite it is likely",
        ),
        pytest.param(
            """
import asyncio
import inspect
import time


def call(function, use_async=False):
    if use_async:
        return function()
    time.sleep(1)  # finds MT202 likely


def ask(function):
    if inspect.isawaitable(function):
        return function
    return wait()


def wait():
    time.sleep(1)  # finds MT202 likely


def both(is_plain):
    async def later():
        await asyncio.sleep(1)

    if is_plain:
        time.sleep(1)  # finds MT202 likely
    return later()


async def main():
    call(print, use_async=True)
    ask(print)
    await both(False)
""",
            id="functions that choose by their caller are likely",
        ),
        pytest.param(
            """
import asyncio
import time


def tick():
    time.sleep(1)  # finds MT202 likely


def start(loop):
    asyncio.get_event_loop().call_later(1, tick)
""",
            id="a callback of a loop, which may be its own, is likely",
        ),
        pytest.param(
            """
import requests


def pages(url):
    while url:
        answer = requests.get(url, timeout=5)  # finds MT202
        yield answer
        url = answer.links


async def main(url):
    return [each for each in pages(url)]
""",
            id="a generator that the coroutine goes over",
        ),
        pytest.param(
            """
import functools

import requests


def logged(function):
    @functools.wraps(function)
    async def run(*given):
        return await function(*given)

    return run


def load(url):
    return requests.get(url, timeout=5)  # finds MT202


@logged
async def main(url):
    return load(url)


async def twice(url):
    return await main(url), await main(url)
""",
            id="a coroutine function with a decorator, which others await",
        ),
        pytest.param(
            """
import requests


def walk(url):
    for link in requests.get(url, timeout=5).json():  # finds MT202
        walk(link)


async def main(url):
    return walk(url)
""",
            id="a function that calls itself",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT202", files)


@pytest.mark.parametrize(
    "asking",
    [
        "asyncio.get_running_loop()",
        "asyncio._get_running_loop()",
        "asyncio.current_task()",
        "asyncio.iscoroutine(work)",
        "asyncio.iscoroutinefunction(work)",
        "asyncio.get_event_loop().is_running()",
        "asyncio.get_running_loop().is_running()",
        "inspect.isawaitable(work)",
        "inspect.iscoroutine(work)",
        "inspect.iscoroutinefunction(work)",
        "sniffio.current_async_library()",
    ],
)
def test_a_helper_that_asks_where_it_runs_is_likely(finds, asking):
    finds(
        "MT202",
        f"""
import asyncio, inspect, sniffio, time


def wait(work):
    if not {asking}:
        time.sleep(1)  # finds MT202 likely


async def main(work):
    wait(work)
""",
    )


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio

import requests


def load(url):
    return requests.get(url, timeout=5)


async def main(url):
    return await asyncio.to_thread(load, url)


async def other(url):
    return await asyncio.get_running_loop().run_in_executor(None, load, url)
""",
            id="handed to a thread",
        ),
        pytest.param(
            """
import meantime
import requests
from meantime import tasks


@meantime.in_thread
def load(url):
    return requests.get(url, timeout=5)


def store(url):
    return requests.post(url, timeout=5)


async def main(urls):
    await load(urls[0])
    return await tasks.map(meantime.in_thread(store), urls)
""",
            id="made awaitable by Meantime",
        ),
        pytest.param(
            """
import requests


def load(url):
    return requests.get(url, timeout=5)


def lambda_handler(event, context):
    return load(event["url"])
""",
            id="no loop",
        ),
        pytest.param(
            """
import asyncio

import requests


def load(url):
    return requests.get(url, timeout=5)


async def other(): ...


def lambda_handler(event, context):
    text = load(event["url"])
    asyncio.run(other())
    return text
""",
            id="before the loop is made",
        ),
        pytest.param(
            """
import requests


async def main(url):
    return requests.get(url, timeout=5)
""",
            id="in the coroutine function itself, which is another rule's",
        ),
        pytest.param(
            """
from fastapi import FastAPI
import requests

app = FastAPI()


@app.get("/")
def root():
    return requests.get("https://example.com", timeout=5)
""",
            id="a plain route, which the framework gives a thread",
        ),
        pytest.param(
            """
def read(path):
    with open(path) as file:
        return file.read()


async def main():
    return read("settings.json")
""",
            id="a local file",
        ),
        pytest.param(
            """
import asyncio
from functools import wraps

import requests


def on_thread(function):
    @wraps(function)
    async def run(*given):
        return await asyncio.to_thread(function, *given)

    return run


@on_thread
def load(url):
    return fetch(url)


def fetch(url):
    return requests.get(url, timeout=5)


async def main(url):
    return await load(url)
""",
            id="under a decorator that makes it awaitable",
        ),
        pytest.param(
            """
import asyncio

import boto3

s3 = boto3.client("s3")


def pages():
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="b"):
        yield page


async def main():
    return await asyncio.to_thread(list, pages())
""",
            id="a generator that is only made on the loop",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT202", files)


def test_shows_the_way_from_the_coroutine(findings_of):
    (found,) = findings_of(
        "MT202",
        """
import requests


async def main(url):
    return prepare(url)


def prepare(url):
    return load(url)


def load(url):
    return requests.get(url, timeout=5)
""",
    )
    assert [step.text.replace("`", "") for step in found.chain] == ["main calls prepare", "prepare calls load"]
    assert "`requests.get` (an HTTP request) in `load` blocks the event loop that `main` runs on" in found.message
    assert found.also_found_by == ()


def test_tells_how_many_others_come_there_too(findings_of):
    (found,) = findings_of(
        "MT202",
        """
import asyncio

import requests


def load():
    return requests.get("https://example.com", timeout=1).text


def both():
    return load(), load()


async def first():
    return load(), await asyncio.to_thread(load)


async def second():
    return both()


async def third():
    return both()


async def on_a_thread():
    return await asyncio.to_thread(load)
""",
    )
    assert "that `first` runs on: every other task waits (so it does for 2 more that get here). Call" in found.message


def test_names_methods_with_their_class_and_coroutines_of_another_file_with_it(findings_of):
    (found,) = findings_of(
        "MT202",
        {
            "app.py": """
from service import Service

service = Service()


async def score(key):
    return service.score(key)
""",
            "service.py": """
import requests


class Service:
    def score(self, key):
        return requests.get("https://example.com", timeout=1).text
""",
        },
    )
    assert [step.text for step in found.chain] == ["`score` calls `Service.score`"]
    assert "in `Service.score` blocks the event loop that `score` (app.py) runs on" in found.message
    assert "Call `Service.score` with `await asyncio.to_thread(…)`" in found.message


BLOCKING = """
import subprocess


def version():
    return subprocess.run(["git", "describe"], check=True){mark}
"""


@pytest.mark.parametrize(
    ("files", "mark"),
    [
        pytest.param(
            {"app.py": "import asyncio\nimport git\n\nasync def main():\n    git.version()\n\nasyncio.run(main())\n"},
            "  # finds MT202 likely",
            id="what a command runs",
        ),
        pytest.param(
            {"cli/app.py": "import git\n\nasync def main():\n    git.version()\n"},
            "  # finds MT202 likely",
            id="in the folder of a command",
        ),
        pytest.param(
            {"__main__.py": "import git\n\nasync def main():\n    git.version()\n"},
            "  # finds MT202 likely",
            id="in the module that is run",
        ),
        pytest.param(
            {"app.py": "import git\n\nasync def main():\n    git.version()\n"},
            "  # finds MT202",
            id="in a library",
        ),
        pytest.param(
            {
                "app.py": "import asyncio\nimport git\n\nasync def main():\n    git.version()\n\n"
                "def lambda_handler(event, context):\n    asyncio.run(main())\n"
            },
            "  # finds MT202 likely",
            id="in a handler that runs nothing beside",
        ),
        pytest.param(
            {
                "app.py": "import asyncio\nimport git\n\nasync def one():\n    git.version()\n\n"
                "async def main():\n    await asyncio.gather(one(), one())\n\n"
                "def lambda_handler(event, context):\n    asyncio.run(main())\n"
            },
            "  # finds MT202",
            id="in a handler's tasks",
        ),
        pytest.param(
            {"fixtures.py": "import git\nimport pytest\n\nasync def main():\n    git.version()\n"},
            "  # finds MT202 likely",
            id="in a fixture",
        ),
        pytest.param(
            {"app.py": "import git\nimport trio\n\nasync def main():\n    git.version()\n"}, "", id="on another loop"
        ),
        pytest.param(
            {"app.py": "import asyncio\nimport git\nimport trio\n\nasync def main():\n    git.version()\n"},
            "  # finds MT202",
            id="on either loop",
        ),
    ],
)
def test_a_subprocess_holds_up_a_loop_where_others_are_on_it(finds, files, mark):
    finds("MT202", {"git.py": BLOCKING.format(mark=mark)} | files)


def test_a_constructor_cannot_be_made_async(findings_of):
    (found,) = findings_of(
        "MT202",
        "import requests\n\n\nclass Site:\n"
        "    def __init__(self):\n        requests.get('https://example.com', timeout=1)\n"
        "\n\nasync def main():\n    return Site()\n",
    )
    assert found.message.endswith("Make `Site` before, or with `await asyncio.to_thread(…)`.")


def test_advises_what_the_coroutine_calls_not_what_plain_functions_call(findings_of):
    (found,) = findings_of(
        "MT202",
        "import requests\n\n\nasync def main(url):\n    return outer(url)\n\n\n"
        "def outer(url):\n    return inner(url)\n\n\ndef inner(url):\n    return requests.get(url, timeout=5)\n",
    )

    assert "Call `outer` with `await asyncio.to_thread(…)`" in found.message
