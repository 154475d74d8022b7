"""MT805: the messages of a FIFO queue worked on side by side, whatever their groups."""

from __future__ import annotations

import pytest

TEMPLATE = """\
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, VisibilityTimeout: 600}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Incoming:
          Type: SQS
          Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 10}
"""

THREADS = """
from concurrent.futures import ThreadPoolExecutor

def work(record): ...

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, event["Records"]))  # finds MT805
"""


@pytest.mark.parametrize(
    "source",
    [
        THREADS,
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    while pending(event):
        with ThreadPoolExecutor(max_workers=5) as executor:
            list(executor.map(work, event["Records"]))  # finds MT805
""",
        """
import asyncio

async def work(record): ...

async def main(event):
    await asyncio.gather(*(work(record) for record in event["Records"]))  # finds MT805

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
        """
import meantime
from meantime import threads

def work(record): ...

@meantime.handler
def lambda_handler(event, context):
    threads.map(work, event["Records"])  # finds MT805
""",
        """
from concurrent.futures import ThreadPoolExecutor as Pool, as_completed

pool = Pool(max_workers=4)

def work(record): ...

def lambda_handler(event, context):
    records = event.get("Records", [])
    for done in as_completed([pool.submit(work, record) for record in records]):  # finds MT805
        done.result()
""",
        """
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response

processor = AsyncBatchProcessor(event_type=EventType.SQS)

async def work(record): ...

def lambda_handler(event, context):
    return async_process_partial_response(  # finds MT805
        event=event, record_handler=work, processor=processor
    )
""",
    ],
    ids=[
        "on threads",
        "again and again",
        "on tasks",
        "by a verb",
        "by submit",
        "by Powertools' asynchronous processor",
    ],
)
def test_side_by_side(finds, source):
    finds("MT805", {"template.yaml": TEMPLATE, "app.py": source})


def test_a_queue_elsewhere_is_known_by_its_name(finds):
    template = TEMPLATE.replace("!GetAtt Orders.Arn", "'arn:aws:sqs:eu-west-1:123456789012:orders.fifo'")

    finds("MT805", {"template.yaml": template, "app.py": THREADS})


def test_another_source_beside_the_queue_changes_nothing(finds):
    template = TEMPLATE + "        Api: {Type: Api, Properties: {Path: /, Method: get}}\n"

    finds("MT805", {"template.yaml": template, "app.py": THREADS})


def test_a_helper_in_another_file(finds):
    finds(
        "MT805",
        {
            "template.yaml": TEMPLATE,
            "app.py": "from helper import run\n\ndef lambda_handler(event, context):\n    run(event['Records'])\n",
            "helper.py": """
from concurrent.futures import ThreadPoolExecutor

def work(record): ...

def run(records):
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, records))  # finds MT805
""",
        },
    )


@pytest.mark.parametrize(
    ("template", "source"),
    [
        (TEMPLATE.replace("FifoQueue: true, ", ""), THREADS),
        (TEMPLATE.replace("!GetAtt Orders.Arn", "!ImportValue Orders"), THREADS),
        (TEMPLATE.replace("BatchSize: 10", "BatchSize: 1"), THREADS),
        (TEMPLATE.replace("Type: SQS", "Type: SNS"), THREADS),
        (TEMPLATE, THREADS.replace("max_workers=5", "max_workers=1")),
        (TEMPLATE, THREADS.replace('event["Records"]', '["a", "b"]')),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

def group_of(record):
    return record["attributes"]["MessageGroupId"]

def work(records): ...

def lambda_handler(event, context):
    groups = [list(group) for _, group in groupby(sorted(event["Records"], key=group_of), group_of)]
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, groups))
""",
        ),
        (
            TEMPLATE,
            "import meantime\n\n@meantime.batch.sqs(max_concurrency=5)\ndef lambda_handler(message): ...\n",
        ),
        (
            TEMPLATE,
            """
def work(record): ...

def lambda_handler(event, context):
    for record in event["Records"]:
        work(record)
""",
        ),
        (
            TEMPLATE,
            """
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response

processor = SqsFifoPartialProcessor()

def work(record): ...

def lambda_handler(event, context):
    return process_partial_response(event=event, record_handler=work, processor=processor)
""",
        ),
        ("", THREADS),
        (
            TEMPLATE,
            """
import json
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    for record in event["Records"]:
        items = json.loads(record["body"])["items"]
        with ThreadPoolExecutor(max_workers=5) as executor:
            list(executor.map(work, items))
""",
        ),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor

def one(record):
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, record["attributes"]))

def lambda_handler(event, context):
    for record in event["Records"]:
        one(record)
""",
        ),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor

def one(record):
    with ThreadPoolExecutor(max_workers=5) as executor:
        for item in record["attributes"]:
            executor.submit(work, item)

def lambda_handler(event, context):
    for record in event["Records"]:
        one(record)
""",
        ),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    first = event["Records"][0]
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, first["attributes"]))
""",
        ),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor

def work(record):
    with locks[record["attributes"]["MessageGroupId"]]:
        save(record)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, event["Records"]))
""",
        ),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    for record in event["Records"]:
        with ThreadPoolExecutor(max_workers=5) as executor:
            list(executor.map(work, record["attributes"]))
""",
        ),
        (
            TEMPLATE,
            """
import json
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    first = next(iter(event["Records"]))
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, json.loads(first["body"])["items"]))
""",
        ),
        (
            TEMPLATE,
            """
import asyncio

async def main(event):
    await asyncio.gather(work(event["Records"]), log(event))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
        ),
        (
            TEMPLATE,
            """
from concurrent.futures import ThreadPoolExecutor

def elsewhere(event):
    with ThreadPoolExecutor(max_workers=5) as executor:
        list(executor.map(work, event["Records"]))

def lambda_handler(event, context):
    return 1
""",
        ),
        (
            TEMPLATE,
            """
import meantime
from meantime import threads

@meantime.batch.sqs
def lambda_handler(message):
    threads.map(work, message.attributes, max_concurrency=5)
""",
        ),
        (
            TEMPLATE.replace("FifoQueue: true, ", ""),
            """
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response

processor = AsyncBatchProcessor(event_type=EventType.SQS)

def lambda_handler(event, context):
    return async_process_partial_response(event=event, record_handler=work, processor=processor)
""",
        ),
    ],
    ids=[
        "a standard queue", "a queue that is not known", "one message at a time", "a topic", "one worker",
        "other work than the messages", "the groups side by side", "Meantime keeps the groups", "one after another",
        "Powertools' FIFO processor", "no template", "within one message", "within one message, in a helper",
        "within one message, submitted", "of the first message", "a lock for each group",
        "attributes of one message", "the items of the first message", "two different calls",
        "not reached",
        "within a message of Meantime's", "Powertools' asynchronous processor on a standard queue",
    ],
)  # fmt: skip
def test_what_keeps_the_order_or_is_not_known_is_let_be(finds, template, source):
    source = source.replace("  # finds MT805", "")

    finds("MT805", {"template.yaml": template, "app.py": source})
