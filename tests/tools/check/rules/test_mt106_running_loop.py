"""MT106: `asyncio.run` or `run_until_complete` where an event loop runs already."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio


async def fetch(): ...


async def main():
    return asyncio.run(fetch())  # finds MT106
""",
            id="in a coroutine function",
        ),
        pytest.param(
            {
                "app.py": """
from loading import load


async def main():
    return prepare()


def prepare():
    return load()
""",
                "loading.py": """
from asyncio import run as go


def load():
    return go(fetch())  # finds MT106


async def fetch(): ...
""",
            },
            id="in a helper of another file, two calls down",
        ),
        pytest.param(
            """
import asyncio


class Service:
    def load(self):
        loop = asyncio.get_event_loop()
        return loop.run_until_complete(self.fetch())  # finds MT106

    async def fetch(self): ...

    async def main(self):
        return self.load()
""",
            id="run_until_complete in a method",
        ),
        pytest.param(
            """
import asyncio

import uvloop


async def main():
    with asyncio.Runner() as runner:
        runner.run(fetch())  # finds MT106
    asyncio.new_event_loop().run_forever()  # finds MT106
    uvloop.new_event_loop().run_until_complete(fetch())  # finds MT106
    uvloop.run(fetch())  # finds MT106


async def fetch(): ...
""",
            id="a runner, and a loop of its own",
        ),
        pytest.param(
            """
import asyncio

from unknown import traced


@traced
def load():
    return asyncio.run(fetch())  # finds MT106 likely


async def fetch(): ...


async def main():
    return load()
""",
            id="behind a decorator that may do anything it is likely",
        ),
        pytest.param(
            """
import asyncio


async def main():
    loop = asyncio.get_running_loop()
    loop.run_until_complete(fetch())  # finds MT106


async def fetch(): ...
""",
            id="in a coroutine function that has the running loop",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT106", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio


async def fetch(): ...


def load():
    return asyncio.run(fetch())
""",
            id="in a plain function",
        ),
        pytest.param(
            """
import asyncio


def load():
    return asyncio.run(fetch())


async def fetch(): ...


async def main():
    return await asyncio.to_thread(load)
""",
            id="handed to a thread",
        ),
        pytest.param(
            """
import asyncio

import meantime


def load():
    return asyncio.run(fetch())


async def fetch(): ...


async def main():
    return await meantime.in_thread(load)()
""",
            id="made awaitable by Meantime",
        ),
        pytest.param(
            """
import asyncio


def load():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(fetch())
    raise TypeError("await fetch() instead")


async def fetch(): ...


async def main():
    return load()
""",
            id="asks for a running loop first",
        ),
        pytest.param(
            """
import asyncio


def load():
    loop = asyncio.get_event_loop()
    return fetch() if loop.is_running() else loop.run_until_complete(fetch())


async def fetch(): ...


async def main():
    return await load()
""",
            id="asks whether the loop runs",
        ),
        pytest.param(
            """
import asyncio

import nest_asyncio

nest_asyncio.apply()


async def main():
    return asyncio.run(fetch())


async def fetch(): ...
""",
            id="a project with nest_asyncio",
        ),
        pytest.param(
            """
import asyncio


async def main():
    def inside():
        return asyncio.run(fetch())

    return await asyncio.get_running_loop().run_in_executor(None, inside)


async def fetch(): ...
""",
            id="a function inside, which a thread calls",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT106", files)


def test_shows_the_way(findings_of):
    (found,) = findings_of(
        "MT106",
        "import asyncio\n\n\ndef load():\n    return asyncio.run(fetch())\n\n\n"
        "async def fetch(): ...\n\n\nasync def main():\n    load()\n",
    )
    assert [step.text.replace("`", "") for step in found.chain] == ["main calls load"]
    assert "`asyncio.run` in `load`" in found.message


@pytest.mark.parametrize("register", ["add_signal_handler(15, stop)", "call_soon(stop)", "call_later(1, stop)"])
def test_a_callback_of_the_loop_can_start_a_task_but_not_await(findings_of, register):
    (found,) = findings_of(
        "MT106",
        "import asyncio\n\n\ndef stop():\n    asyncio.run(close())\n\n\nasync def close(): ...\n\n\n"
        f"async def main():\n    asyncio.get_running_loop().{register}\n",
    )

    assert ("loop.create_task(…)" in found.message, "in_thread" in found.message) == (True, False)
