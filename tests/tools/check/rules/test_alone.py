"""Where a coroutine has its loop to itself, a blocking call keeps nobody waiting: a warning."""

from __future__ import annotations

import pytest

HEAD = "import asyncio\n\nimport anyio\nimport requests\n"
COMMAND = "\n\n\ndef command():\n    asyncio.run(main())\n"
LOAD = "\n\nasync def load(url):\n    return requests.get(url, timeout=5)\n"


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("\n\nif __name__ == '__main__':\n    asyncio.run(load('x'))\n", id="a script runs it"),
        pytest.param("\n\nasync def main():\n    await load('x')" + COMMAND, id="awaits"),
        pytest.param("\n\ndef command():\n    anyio.run(load, 'x')\n", id="anyio.run"),
        pytest.param(
            "\n\ndef run(work):\n    return asyncio.run(work)\n\n\ndef command():\n    run(load('x'))\n", id="own run"
        ),
        pytest.param("\n\ndef command():\n    asyncio.run(asyncio.wait_for(load('x'), 5))\n", id="wait_for"),
        pytest.param(
            "\n\ndef command():\n    asyncio.get_event_loop().run_until_complete(load('x'))\n",
            id="the loop that is there",
        ),
        pytest.param(
            "\n\nasync def other():\n    pass\n\n\nasync def main():\n    await asyncio.gather(other(), other())\n"
            "    await load('x')" + COMMAND,
            id="after tasks that have ended",
        ),
        pytest.param(
            "\n\ndef lambda_handler(event, context):\n    return asyncio.run(load('x'))\n", id="a handler runs it"
        ),
    ],
)
def test_nobody_waits(findings_of, rest):
    [found] = findings_of("MT201", HEAD + LOAD + rest)

    assert (found.level, "no other task is seen on it" in found.message) == ("warning", True)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("", id="nobody calls it: its users' loops"),
        pytest.param(
            "\n\nimport meantime\n\n@meantime.handler\nasync def h(event, context):\n    await load('x')\n",
            id="under meantime.handler: beside its deadline",
        ),
        pytest.param("\n\nasync def main():\n    await load('x')\n", id="nobody calls what awaits it"),
        pytest.param(
            "\n\nasync def main():\n    await asyncio.gather(load('x'), load('y'))" + COMMAND,
            id="one of a gather",
        ),
        pytest.param(
            "\n\nasync def tick():\n    pass\n\n\nasync def main():\n    task = asyncio.create_task(tick())\n"
            "    await load('x')\n    await task" + COMMAND,
            id="beside a task",
        ),
        pytest.param(
            "\n\nasync def tick():\n    pass\n\n\nasync def main():\n    ticking = asyncio.gather(tick(), tick())\n"
            "    await load('x')\n    await ticking" + COMMAND,
            id="beside a gather that is awaited later",
        ),
        pytest.param(
            "\n\nasync def main(server=None):\n    server.on(load)\n    await load('x')" + COMMAND,
            id="handed to something else, too",
        ),
        pytest.param(
            "\n\nasync def main():\n    for each in asyncio.as_completed([load('x')]):\n        await each\n\n\n"
            "def command():\n    asyncio.run(main())\n",
            id="one of a list",
        ),
    ],
)
def test_others_wait(findings_of, rest):
    [found] = findings_of("MT201", HEAD + LOAD + rest)

    assert (found.level, "every other task waits" in found.message) == ("error", True)


def test_a_question_to_who_sits_before_it_is_likely(finds):
    finds("MT201", "async def ask():\n    return input()  # finds MT201 likely\n")


def test_a_test_that_runs_it_beside_others_says_nothing_about_the_command(findings_of):
    files = {
        "app.py": HEAD + LOAD + "\n\ndef command():\n    asyncio.run(load('x'))\n",
        "tests/test_app.py": "import asyncio\nfrom app import load\n\n\nasync def both():\n"
        "    await asyncio.gather(load('x'), load('y'))\n",
    }

    [found] = findings_of("MT201", files)

    assert found.level == "warning"


def test_what_wait_leaves_goes_on_beside(findings_of):
    rest = (
        "\n\nasync def tick():\n    pass\n\n\nasync def main(work):\n    await asyncio.wait(work, timeout=1)\n"
        "    await load('x')\n\n\ndef command(work):\n    asyncio.run(main(work))\n"
    )

    [found] = findings_of("MT201", HEAD + LOAD + rest)

    assert found.level == "error"


INTERFACE = """
import asyncio
import contextlib
from abc import ABC, abstractmethod

import requests


class Base(ABC):
    @abstractmethod
    async def load(self, url): ...

    @abstractmethod
    @contextlib.asynccontextmanager
    async def open(self, url): ...


class Web(Base):
    async def load(self, url):
        return requests.get(url, timeout=5)

    async def other(self, url):
        pass

    @contextlib.asynccontextmanager
    async def open(self, url):
        yield requests.get(url, timeout=6)


def command(named):
    asyncio.run(main(named))
"""


@pytest.mark.parametrize(
    ("main", "levels"),
    [
        pytest.param("await registry[named].load('x')", ["warning", "error"], id="awaited"),
        pytest.param("await registry[named].load(url='x')", ["warning", "error"], id="awaited, by name"),
        pytest.param("await registry[named].other('x')", ["error", "error"], id="another method"),
        pytest.param("await registry[named].load(key='x')", ["error", "error"], id="another argument"),
        pytest.param("await registry[named].load('x', 2)", ["error", "error"], id="more arguments"),
        pytest.param("registry[named].load('x')", ["error", "error"], id="not awaited: some other load"),
        pytest.param("await load('x')", ["error", "error"], id="no method"),
        pytest.param("await requests.load('x')", ["error", "error"], id="a method of something known"),
        pytest.param(
            "await asyncio.gather(*[registry[each].load('x') for each in named])", ["error", "error"], id="many at once"
        ),
        pytest.param(
            "async with registry[named].open('x') as found:\n        print(found)", ["error", "warning"], id="entered"
        ),
        pytest.param(
            "async with contextlib.AsyncExitStack() as stack:\n"
            "        await stack.enter_async_context(registry[named].open('x'))",
            ["error", "warning"],
            id="entered by a stack",
        ),
        pytest.param("await registry[named].open('x')", ["error", "error"], id="awaited, not entered: some other open"),
        pytest.param(
            "async with registry[named].load('x') as found:\n        print(found)",
            ["error", "error"],
            id="entered, not awaited: some other load",
        ),
        pytest.param(
            "await registry[named].load('x')\n    await registry[named].load('y')\n\n\n"
            "async def users(found):\n    await found.load('x')",
            ["error", "error"],
            id="on others' loops, too",
        ),
        pytest.param(
            "task = asyncio.create_task(asyncio.sleep(1))\n    await registry[named].load('x')\n    await task",
            ["error", "error"],
            id="beside a task",
        ),
    ],
)
def test_what_is_called_by_its_interface_is_called_by_whoever_calls_that(findings_of, main, levels):
    source = f"{INTERFACE}\n\nasync def main(named):\n    from plugins import registry\n    {main}\n"

    found = findings_of("MT201", source)

    assert [each.level for each in found] == levels


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "    @abstractmethod\n    async def load", "    async def load", id="a method that does something"
        ),
        pytest.param("class Web(Base)", "class Web", id="of no interface"),
        pytest.param("class Web(Base)", "class Web(requests.Base)", id="of another's interface"),
    ],
)
def test_a_name_alone_does_not_tell_who_calls(findings_of, before, after):
    source = f"{INTERFACE}\n\nasync def main(named):\n    from plugins import registry\n"
    source += "    await registry[named].load('x')\n"

    found = findings_of("MT201", source.replace(before, after))

    assert found[0].level == "error"


def test_an_interface_may_be_that_of_a_base_of_a_base(findings_of):
    source = f"{INTERFACE}\n\nasync def main(named):\n    from plugins import registry\n"
    source += "    await registry[named].load('x')\n"
    source = source.replace("class Web(Base):", "class Middle(Base):\n    pass\n\n\nclass Web(Middle):")

    found = findings_of("MT201", source)

    assert found[0].level == "warning"


def test_who_calls_the_interface_itself_calls_what_is_below_it(findings_of):
    source = f"{INTERFACE}\n\nasync def main(named: Base):\n    await named.load('x')\n"

    found = findings_of("MT201", source)

    assert found[0].level == "warning"
