"""MT803: a coroutine function given to a processor that does not await it."""

from __future__ import annotations

import pytest

BATCH = "from aws_lambda_powertools.utilities.batch import"


@pytest.mark.parametrize(
    "source",
    [
        f"""
{BATCH} BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS)

async def work(record): ...

def lambda_handler(event, context):
    return process_partial_response(event=event, record_handler=work, processor=processor)  # finds MT803
""",
        """
from aws_lambda_powertools.utilities import batch as b

async def work(record): ...

def lambda_handler(event, context):
    return b.process_partial_response(event, work, b.BatchProcessor(event_type=b.EventType.SQS))  # finds MT803
""",
        f"""
{BATCH} BatchProcessor, EventType, batch_processor

async def work(record): ...

@batch_processor(record_handler=work, processor=BatchProcessor(event_type=EventType.SQS))  # finds MT803
def lambda_handler(event, context): ...
""",
        f"""
{BATCH} BatchProcessor, EventType

processor = BatchProcessor(event_type=EventType.KinesisDataStreams)

async def work(record): ...

def lambda_handler(event, context):
    with processor(records=event["Records"], handler=work):  # finds MT803
        processor.process()
    return processor.response()
""",
        f"""
{BATCH} SqsFifoPartialProcessor, process_partial_response as answer

async def work(record): ...

def lambda_handler(event, context):
    processor = SqsFifoPartialProcessor()
    with processor(event["Records"], work) as p:  # finds MT803
        p.process()
""",
        f"""
from functools import partial
{BATCH} BatchProcessor, EventType, process_partial_response

async def work(table, record): ...

def lambda_handler(event, context):
    done = partial(work, event["table"])
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=done, processor=processor)  # finds MT803
""",
    ],
    ids=["by keyword", "by place", "as a decorator", "with its context", "a FIFO processor", "a partial"],
)
def test_a_processor_that_does_not_await(finds, source):
    finds("MT803", source)


def test_a_coroutine_function_of_another_file(finds):
    finds(
        "MT803",
        {
            "app.py": f"""
{BATCH} BatchProcessor, EventType, process_partial_response
from work import Work

work = Work()

def lambda_handler(event, context):
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=work.one, processor=processor)  # finds MT803
""",
            "work.py": "class Work:\n    async def one(self, record): ...\n",
        },
    )


@pytest.mark.parametrize(
    "source",
    [
        f"""
{BATCH} BatchProcessor, EventType, process_partial_response

def work(record): ...

def lambda_handler(event, context):
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=work, processor=processor)
""",
        f"""
{BATCH} AsyncBatchProcessor, EventType, async_process_partial_response

async def work(record): ...

def lambda_handler(event, context):
    processor = AsyncBatchProcessor(event_type=EventType.SQS)
    return async_process_partial_response(event=event, record_handler=work, processor=processor)
""",
        f"""
{BATCH} BatchProcessor, EventType, process_partial_response
from elsewhere import work

def lambda_handler(event, context):
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=work, processor=processor)
""",
        f"""
import asyncio
{BATCH} BatchProcessor, EventType, process_partial_response

async def work(record): ...

def one(record):
    return asyncio.run(work(record))

def lambda_handler(event, context):
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=one, processor=processor)
""",
        f"""
{BATCH} BatchProcessor, EventType, process_partial_response

async def slow(record): ...

def quick(record): ...

def lambda_handler(event, context):
    work = slow if event.get("slow") else quick
    processor = BatchProcessor(event_type=EventType.SQS)
    return process_partial_response(event=event, record_handler=work, processor=processor)
""",
        """
from batches import process_partial_response

async def work(record): ...

def lambda_handler(event, context):
    return process_partial_response(event=event, record_handler=work, processor=None)
""",
        f"""
{BATCH} BatchProcessor, process_partial_response

def lambda_handler(event, context):
    return process_partial_response(event=event)
""",
        f"""
{BATCH} process_partial_response

def lambda_handler(event, context):
    return process_partial_response(event)
""",
    ],
    ids=[
        "a plain function", "the asynchronous processor", "a function of others", "one that runs a loop itself",
        "one of two", "another library", "none is given", "none is given by place",
    ],
)  # fmt: skip
def test_what_is_right_or_not_known_is_let_be(finds, source):
    finds("MT803", source)
