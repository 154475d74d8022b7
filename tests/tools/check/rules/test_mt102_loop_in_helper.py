"""MT102: several event loops in one invocation, made in functions below the handler."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio


def load_user(key):
    return asyncio.run(fetch(key))  # finds MT102


def load_orders(key):
    return asyncio.run(fetch(key))  # finds MT102


def lambda_handler(event, context):
    return load_user(event["key"]), load_orders(event["key"])


async def fetch(key): ...
""",
            id="two helpers, a loop each",
        ),
        pytest.param(
            {
                "app.py": """
from asyncio import run as go

from users import Users


def lambda_handler(event, context):
    user = Users().load(event["key"])
    return go(answer(user))


async def answer(user): ...
""",
                "users.py": """
import asyncio as aio


class Users:
    def load(self, key):
        with aio.Runner() as runner:  # finds MT102
            return runner.run(self.fetch(key))

    async def fetch(self, key): ...
""",
            },
            id="a method of another file makes one beside the handler's own",
        ),
        pytest.param(
            """
import asyncio


def load(key):
    loop = asyncio.new_event_loop()  # finds MT102
    try:
        return loop.run_until_complete(fetch(key))
    finally:
        loop.close()


def store(key):
    import uvloop

    return uvloop.run(fetch(key))  # finds MT102


def lambda_handler(event, context):
    load(event["key"])
    if event.get("store"):
        store(event["key"])


async def fetch(key): ...
""",
            id="a loop made and closed by hand, and uvloop's, in a branch after it",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    asyncio.run(load(event))
    return asyncio.run(store(event))  # finds MT102


async def load(event): ...


async def store(event): ...
""",
            id="two in the handler itself: the second",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    return serve(event)


def serve(event):
    return asyncio.run(load(event))  # finds MT102 likely


async def load(event): ...
""",
            id="a single one in a helper is likely",
        ),
        pytest.param(
            """
import asyncio


def load(key):
    loop = asyncio.get_event_loop()
    return loop.run_until_complete(fetch(key))  # finds MT102


def lambda_handler(event, context):
    load(event["key"])
    return asyncio.run(fetch(event["key"]))


async def fetch(key): ...
""",
            id="the thread's loop is taken in a helper, and asyncio.run leaves none",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    store(event["key"])
    return asyncio.get_event_loop().run_until_complete(fetch(event["key"]))  # finds MT102


def store(key):
    return asyncio.run(fetch(key))  # finds MT102 likely


async def fetch(key): ...
""",
            id="the thread's loop is taken in the handler, and a helper leaves none",
        ),
        pytest.param(
            """
import asyncio


def load(key):
    return asyncio.get_event_loop().run_until_complete(fetch(key))  # finds MT102 likely


def store(key):
    return asyncio.get_event_loop().run_until_complete(fetch(key))  # finds MT102 likely


def lambda_handler(event, context):
    return load(event["key"]), store(event["key"])


async def fetch(key): ...
""",
            id="the thread's loop, taken in helpers only, is likely",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    first = load if event else print
    first(event["key"])
    return asyncio.run(fetch(event["key"])), asyncio.get_event_loop().run_until_complete(fetch(1))  # finds MT102


def load(key):
    return asyncio.run(fetch(key))  # finds MT102 likely


async def fetch(key): ...
""",
            id="what may be called is likely beside what is",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    if event.get("user"):
        load_user()
    else:
        print("no user")
    load_orders()


def load_user():
    return asyncio.run(fetch())  # finds MT102


def load_orders():
    return asyncio.run(fetch())  # finds MT102


async def fetch(): ...
""",
            id="one behind a condition and one after it",
        ),
        pytest.param(
            """
import asyncio


async def load(): ...


def first():
    return asyncio.run(load())  # finds MT102 likely


def second():
    return asyncio.run(load())  # finds MT102 likely


def third():
    return asyncio.run(load())  # finds MT102 likely


def lambda_handler(event, context):
    try:
        return first()
    except ValueError:
        return second()
    except KeyError:
        return third()
""",
            id="one after another has failed is likely",
        ),
        pytest.param(
            """
import asyncio


async def load(): ...


def first():
    return asyncio.run(load())  # finds MT102


def second():
    return asyncio.run(load())  # finds MT102


def lambda_handler(event, context):
    try:
        loaded = first()
    except ValueError:
        return None
    else:
        return loaded, second()
""",
            id="one after another has not failed",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT102", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    return asyncio.run(load(event))


async def load(event): ...
""",
            id="one in the handler itself",
        ),
        pytest.param(
            """
import asyncio


def load_user():
    return asyncio.run(fetch())


def load_orders():
    return asyncio.run(fetch())


def main():
    load_user()
    load_orders()


async def fetch(): ...
""",
            id="no handler",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    if event["kind"] == "user":
        return asyncio.run(fetch())
    return asyncio.run(fetch())


async def fetch(): ...
""",
            id="in the handler, and only one of them is made",
        ),
        pytest.param(
            """
import asyncio

loop = asyncio.new_event_loop()


def load_user():
    return loop.run_until_complete(fetch())


def load_orders():
    return loop.run_until_complete(fetch())


def lambda_handler(event, context):
    load_user()
    load_orders()


async def fetch(): ...
""",
            id="one loop that is kept",
        ),
        pytest.param(
            """
import asyncio

loop = None


def current():
    global loop
    if loop is None:
        loop = asyncio.new_event_loop()
    return loop


def get_loop():
    try:
        return asyncio.get_event_loop()
    except RuntimeError:
        made = asyncio.new_event_loop()
        asyncio.set_event_loop(made)
        return made


def lambda_handler(event, context):
    current().run_until_complete(fetch())
    get_loop().run_until_complete(fetch())


async def fetch(): ...
""",
            id="loops that are made once",
        ),
        pytest.param(
            """
import asyncio

loop = asyncio.get_event_loop()


def load(key):
    try:
        asyncio.get_event_loop().run_until_complete(fetch(key))
    except RuntimeError:
        asyncio.get_event_loop().run_until_complete(fetch(key))
    return loop.run_until_complete(fetch(key))


def lambda_handler(event, context):
    load(event["key"])
    return asyncio.get_event_loop().run_until_complete(fetch(event["key"]))


async def fetch(key): ...
""",
            id="the thread's loop, in the handler, where it fails, or taken at import",
        ),
        pytest.param(
            """
import asyncio
import threading


def load():
    return asyncio.run(fetch())


def lambda_handler(event, context):
    thread = threading.Thread(target=load)
    thread.start()
    thread.join()


async def fetch(): ...
""",
            id="a single one, on a thread",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    for record in event["Records"]:
        load(record)
        store(record)


def load(record):
    asyncio.run(fetch())


def store(record):
    asyncio.run(fetch())


async def fetch(): ...
""",
            id="one for each record, which is another rule's",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    return asyncio.run(main())


async def main():
    load()
    store()


def load():
    asyncio.run(fetch())


def store():
    asyncio.run(fetch())


async def fetch(): ...
""",
            id="where a loop runs, which is another rule's",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    try:
        return asyncio.run(fetch())
    except OSError as error:
        return asyncio.run(report(error))


async def fetch(): ...


async def report(error): ...
""",
            id="a second one that a failure leads to",
        ),
        pytest.param(
            """
import asyncio
from functools import cache


@cache
def settings():
    return asyncio.run(fetch())


def lambda_handler(event, context):
    return settings()


async def fetch(): ...
""",
            id="a single one, whose result is kept",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT102", files)


TWO = """
import asyncio


def load_user():
    return asyncio.run(fetch())  # finds MT102 likely


def load_orders():
    return asyncio.run(fetch())  # finds MT102 likely


async def fetch(): ...


def lambda_handler(event, context):
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            """
    if event["kind"] == "user":
        return load_user()
    elif event["kind"] == "orders":
        return load_orders()
""",
            id="two branches",
        ),
        pytest.param(
            """
    if event["kind"] == "user":
        return load_user()
    return load_orders()
""",
            id="an early return",
        ),
        pytest.param(
            """
    if event["kind"] == "none":
        print(event)
    else:
        if event["kind"] == "user":
            return load_user()
        return load_orders()
""",
            id="an early return in an else",
        ),
        pytest.param(
            """
    match event["kind"]:
        case "user":
            return load_user()
        case "orders":
            return load_orders()
""",
            id="two cases",
        ),
    ],
)
def test_ways_that_exclude_each_other_are_only_likely(finds, body):
    finds("MT102", TWO + body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            """
    if event["kind"] == "user":
        load_user()
    load_orders()
""",
            id="an if that goes on",
        ),
        pytest.param(
            """
    if event["kind"] == "user":
        load_user()
        load_orders()
""",
            id="both in one branch",
        ),
        pytest.param(
            """
    load_user()
    if event["kind"] == "user":
        print(event)
    else:
        load_orders()
""",
            id="one before an else",
        ),
        pytest.param(
            """
    load_user()
    match event["kind"]:
        case "orders":
            load_orders()
""",
            id="one before a case",
        ),
        pytest.param(
            """
    print(event)
    if event:
        load_user()
        load_orders()
        return
    print(context)
""",
            id="both in a branch that returns",
        ),
        pytest.param(
            """
    if not event:
        return
    load_user()
    load_orders()
""",
            id="both after an early return",
        ),
        pytest.param(
            """
    match event["kind"]:
        case "user":
            load_user()
            load_orders()
""",
            id="both in one case",
        ),
    ],
)
def test_ways_that_are_both_taken_are_proved(finds, body):
    finds("MT102", TWO.replace(" likely", "") + body)


def test_shows_the_way_from_the_handler(findings_of):
    found = findings_of("MT102", TWO + "    load_user()\n    load_orders()\n")
    assert [step.text.replace("`", "") for step in found[0].chain] == ["lambda_handler calls load_user"]
    assert "`asyncio.run` in `load_user`" in found[0].message
    assert "one of several" in found[0].message


def test_the_second_of_one_line_is_found(findings_of):
    (found,) = findings_of(
        "MT102",
        "import asyncio\n\n\nasync def fetch(): ...\n\n\ndef lambda_handler(event, context):\n"
        "    return asyncio.run(fetch()), asyncio.run(fetch())\n",
    )
    assert (found.place.line, found.place.column) == (8, 34)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    return load(), load2()", "makes an event loop, one of several that an invocation makes: no client"),
        ("    return load()", "`asyncio.run` in `load` makes an event loop, deep below the handler: no client"),
        (
            "    return take()",
            "in `take` takes the event loop that the thread happens to have; Python 3.14 makes none. Make",
        ),
        (
            "    return load(), take()",
            "the thread has; `asyncio.run` in `load` leaves it none, and the next invocation ends",
        ),
    ],
)
def test_says_what_is_wrong_and_what_to_do(findings_of, body, words):
    found = findings_of(
        "MT102",
        f"""
import asyncio


def load():
    return asyncio.run(fetch())


def load2():
    return asyncio.run(fetch())


def take():
    return asyncio.get_event_loop().run_until_complete(fetch())


async def fetch(): ...


def lambda_handler(event, context):
{body}
""",
    )
    assert words in found[-1].message
    assert found[-1].message.endswith("Make the helpers `async def`, and run them on one loop, in the handler.")
