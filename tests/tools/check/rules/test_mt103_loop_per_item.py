"""MT103: an event loop made for each record or item."""

from __future__ import annotations

import pytest

TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Runtime: python3.12
      CodeUri: .
      Events:
        Records:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: BATCH
"""
SNS = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Runtime: python3.12
      CodeUri: .
      Events:
        Records:
          Type: SNS
          Properties:
            Topic: arn:aws:sns:eu-west-1:123456789012:orders
"""
HANDLER = """
import asyncio


def lambda_handler(event, context):
    for record in event["Records"]:
        asyncio.run(store(record))MARK


async def store(record): ...
"""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(HANDLER.replace("MARK", "  # finds MT103"), id="in the handler's loop"),
        pytest.param(
            """
import anyio
import trio
import uvloop


def lambda_handler(event, context):
    for record in event.get("Records", []):
        anyio.run(store, record)  # finds MT103
        trio.run(store, record)  # finds MT103
        uvloop.run(store(record))  # finds MT103
        loop = uvloop.new_event_loop()  # finds MT103
        loop.run_until_complete(store(record))
        loop.close()


async def store(record): ...
""",
            id="with anyio, trio and uvloop, over what get gives",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    for record in event["Records"]:
        poll(record)


def poll(record):
    while record:
        asyncio.run(store(record))  # finds MT103


async def store(record): ...
""",
            id="in a while loop for each record",
        ),
        pytest.param(
            """
import asyncio


def process(event, context):
    for record in event["Records"]:
        asyncio.run(store(record))  # finds MT103 likely


async def store(record): ...
""",
            id="in what may be a handler it is likely",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    chosen = process if event else print
    for record in event["Records"]:
        chosen(record)


def process(record):
    asyncio.run(store(record))  # finds MT103 likely


async def store(record): ...
""",
            id="where one of several may be called it is likely",
        ),
        pytest.param(
            {
                "app.py": """
from orders import process


def lambda_handler(event, context):
    return [process(record["body"]) for record in event["Records"]]
""",
                "orders.py": """
from asyncio import run


def process(body):
    return run(store(body))  # finds MT103


async def store(body): ...
""",
            },
            id="in a helper of another file, called in a comprehension",
        ),
        pytest.param(
            """
import asyncio
from concurrent.futures import ThreadPoolExecutor


def process(record):
    with asyncio.Runner() as runner:  # finds MT103
        runner.run(store(record))


def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=4) as executor:
        list(executor.map(process, event["Records"]))


async def store(record): ...
""",
            id="in what is handed to executor.map",
        ),
        pytest.param(
            """
import asyncio

from meantime import threads


class Worker:
    def process(self, record):
        loop = asyncio.new_event_loop()  # finds MT103
        loop.run_until_complete(store(record))
        loop.close()

    def handle(self, event):
        threads.map(self.process, event["Records"], max_concurrency=4)


def lambda_handler(event, context):
    Worker().handle(event)


async def store(record): ...
""",
            id="in a method handed to threads.map",
        ),
        pytest.param(
            {"app.py": HANDLER.replace("MARK", "  # finds MT103"), "template.yaml": TEMPLATE.replace("BATCH", "10")},
            id="with a template that allows ten records",
        ),
        pytest.param(
            """
import asyncio


def main(urls):
    for url in urls:
        asyncio.run(fetch(url))  # finds MT103 likely


async def fetch(url): ...
""",
            id="without a handler it is likely",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    for name in ("users", "orders"):
        asyncio.run(load(name))  # finds MT103 likely
    for attempt in range(event["attempts"]):
        asyncio.run(load(attempt))  # finds MT103 likely


async def load(name): ...
""",
            id="over a few, or a number of attempts, it is likely",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    for name in ("users", "orders"):
        load(name)


def load(name):
    return asyncio.run(fetch(name))  # finds MT103 likely


async def fetch(name): ...
""",
            id="in a helper called for a few it is likely",
        ),
    ],
)
def test_finds(finds, files):
    finds("MT103", files)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    return asyncio.run(main(event["Records"]))


async def main(records):
    for record in records:
        await store(record)


async def store(record): ...
""",
            id="one loop for all",
        ),
        pytest.param(
            """
import asyncio

loop = asyncio.new_event_loop()


def lambda_handler(event, context):
    for record in event["Records"]:
        loop.run_until_complete(store(record))


async def store(record): ...
""",
            id="a loop that is kept",
        ),
        pytest.param(
            """
import asyncio


class Worker:
    def __init__(self):
        self.loop = asyncio.new_event_loop()

    def close(self):
        self.loop.close()


def lambda_handler(event, context):
    for record in event["Records"]:
        Worker()
""",
            id="a loop that an object keeps",
        ),
        pytest.param(
            """
import asyncio


class Worker:
    def __init__(self):
        self.runner = asyncio.Runner()


def lambda_handler(event, context):
    for record in event["Records"]:
        Worker().runner.run(store(record))


async def store(record): ...
""",
            id="a runner that an object keeps",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    loop = asyncio.get_event_loop()
    for record in event["Records"]:
        if loop.is_closed():
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        loop.run_until_complete(store(record))


async def store(record): ...
""",
            id="a loop made where there is none",
        ),
        pytest.param(
            """
import asyncio


async def main(event):
    for record in event["Records"]:
        process(record)


def process(record):
    asyncio.run(store(record))


async def store(record): ...


def lambda_handler(event, context):
    return asyncio.run(main(event))
""",
            id="where a loop runs, which is another rule's",
        ),
        pytest.param("import asyncio\n\n\ndef main(work):\n    asyncio.run(work())\n", id="one, without a handler"),
        pytest.param(
            {
                "app.py": HANDLER.replace("MARK", ""),
                "template.yaml": SNS.replace("Type: SNS", "Type: S3").replace(
                    "Topic: arn:aws:sns:eu-west-1:123456789012:orders",
                    "Bucket: !Ref Bucket\n            Events: s3:ObjectCreated:*",
                ),
            },
            id="events of S3",
        ),
        pytest.param(
            """
import asyncio


def lambda_handler(event, context):
    while event:
        asyncio.run(poll(event))


async def poll(event): ...
""",
            id="a while loop",
        ),
        pytest.param(
            """
import asyncio

for name in open("names"):
    asyncio.run(print(name))
""",
            id="a script",
        ),
        pytest.param(
            {"app.py": HANDLER.replace("MARK", ""), "template.yaml": TEMPLATE.replace("BATCH", "1")},
            id="a batch of one",
        ),
        pytest.param({"app.py": HANDLER.replace("MARK", ""), "template.yaml": SNS}, id="events of SNS"),
    ],
)
def test_stays_silent(finds, files):
    finds("MT103", files)


def test_shows_the_way(findings_of):
    (found,) = findings_of(
        "MT103",
        """
import asyncio


def lambda_handler(event, context):
    for record in event["Records"]:
        process(record)


def process(record):
    asyncio.run(store(record))


async def store(record): ...
""",
    )
    assert [step.text.replace("`", "") for step in found.chain] == ["lambda_handler calls process"]
    assert "`asyncio.run` in `process`" in found.message


def test_says_that_the_items_wait_for_one_another(findings_of):
    (found,) = findings_of(
        "MT103",
        """
import asyncio


def lambda_handler(event, context):
    for record in event["Records"]:
        asyncio.run(store(record))


async def store(record): ...
""",
    )
    assert "for each item: the items wait for one another, and nothing that connects can be shared" in found.message


def test_says_that_each_item_holds_a_thread_where_each_has_its_own(findings_of):
    (found,) = findings_of(
        "MT103",
        """
import asyncio
import threading


def lambda_handler(event, context):
    threads = []
    for record in event["Records"]:
        thread = threading.Thread(target=process, args=(record,))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


def process(record):
    asyncio.run(store(record))


async def store(record): ...
""",
    )
    assert "for each item: each holds a thread, and nothing that connects can be shared" in found.message
