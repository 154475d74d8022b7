"""MT205: a handler sleeps, outside of an event loop."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import time


def lambda_handler(event, context):
    time.sleep(10)  # finds MT205
""",
            id="in the handler",
        ),
        pytest.param(
            {
                "app.py": """
from polling import Query


def handler(event, context):
    return Query(event["id"]).wait()
""",
                "polling.py": """
from time import sleep as pause

INTERVAL = 1


class Query:
    def __init__(self, name):
        self.name = name

    def wait(self):
        while not self.is_done():
            pause(INTERVAL)  # finds MT205

    def is_done(self): ...
""",
            },
            id="polling in a method of another file, by other names",
        ),
        pytest.param(
            """
import time


def lambda_handler(event, context):
    for record in event["Records"]:
        send(record)


def send(record):
    time.sleep(1.0)  # finds MT205
""",
            id="a second for each record",
        ),
        pytest.param(
            """
import time
from concurrent.futures import ThreadPoolExecutor


def lambda_handler(event, context):
    time.sleep(0.9)  # finds MT205 likely
    time.sleep(event["pause"])  # finds MT205 likely
    for record in event["Records"]:
        time.sleep(0.09)  # finds MT205 likely
    try:
        print(event)
    except OSError:
        time.sleep(5)  # finds MT205 likely
    with ThreadPoolExecutor(max_workers=2) as executor:
        list(executor.map(work, event["Records"]))


def work(record):
    time.sleep(5)  # finds MT205 likely
""",
            id="short ones, those of unknown length, before a further attempt and on threads are likely",
        ),
        pytest.param(
            """
import time


def lambda_handler(event, context):
    pause = wait if event else print
    pause()


def wait():
    time.sleep(5)  # finds MT205 likely
""",
            id="where one of several may be called it is likely",
        ),
        pytest.param(
            """
import time

import meantime


@meantime.handler
def lambda_handler(event, context):
    time.sleep(seconds=5)  # finds MT205 likely
""",
            id="by Meantime's handler, of unknown length",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT205", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param("import time\n\n\ndef main():\n    time.sleep(10)\n", id="no handler"),
        pytest.param("import time\n\n\ndef process(event, context):\n    time.sleep(10)\n", id="perhaps a handler"),
        pytest.param("import time\n\n\ndef lambda_handler(event, context):\n    time.sleep(0)\n", id="no time at all"),
        pytest.param(
            """
import asyncio
import time


async def main():
    time.sleep(10)
    wait()
    await asyncio.sleep(10)


def wait():
    time.sleep(10)


def lambda_handler(event, context):
    return asyncio.run(main())
""",
            id="on an event loop, which is another rule's",
        ),
        pytest.param(
            """
import time

time.sleep(5)


def lambda_handler(event, context):
    return {}


if __name__ == "__main__":
    time.sleep(5)
    lambda_handler({}, None)
""",
            id="outside of the handler",
        ),
        pytest.param(
            """
import meantime

retry = meantime.Retry(attempts=3, initial_backoff=5)


def lambda_handler(event, context):
    return retry(len)(event)
""",
            id="Meantime's retry, which knows the deadline",
        ),
    ],
)
def test_stays_silent(finds, files):
    finds("MT205", files)


def test_shows_the_way(findings_of):
    (found,) = findings_of(
        "MT205",
        "import time\n\n\ndef wait():\n    time.sleep(5)\n\n\ndef lambda_handler(event, context):\n    wait()\n",
    )
    assert [step.text.replace("`", "") for step in found.chain] == ["lambda_handler calls wait"]
    assert "`time.sleep` in `wait`" in found.message


@pytest.mark.parametrize(
    ("head", "loop"),
    [
        pytest.param("import cfnresponse", "for _ in range(3)", id="a custom resource, once for each deployment"),
        pytest.param("import queue\ninbox = queue.Queue()", "while inbox.qsize() > 0", id="a queue's threads"),
        pytest.param("import threading\nevent_ = threading.Event()", "while not event_.is_set()", id="an event"),
    ],
)
def test_what_cannot_end_meanwhile_is_likely(finds, head, loop):
    finds(
        "MT205",
        f"import time\n{head}\n\n\ndef lambda_handler(event, context):\n    {loop}:\n"
        "        time.sleep(2)  # finds MT205 likely\n",
    )


def test_a_loop_that_asks_others_is_none_of_its_own_work(finds):
    finds(
        "MT205",
        "import time\n\n\ndef lambda_handler(event, context):\n    while is_pending(event):\n"
        "        time.sleep(2)  # finds MT205\n\n\ndef is_pending(event): ...\n",
    )
