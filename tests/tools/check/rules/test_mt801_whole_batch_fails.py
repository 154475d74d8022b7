"""MT801: a batch of which one record that fails makes all come again, or be lost."""

from __future__ import annotations

import pytest

WORK = """
import requests

def work(record):
    requests.post("https://api.example.com", json=record["body"], timeout=5).raise_for_status()
"""

QUEUE = """\
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Incoming: {Type: %s, Properties: {Queue: !ImportValue Orders, BatchSize: %s}}
"""


@pytest.mark.parametrize(
    "source",
    [
        WORK
        + """
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        work(record)
""",
        WORK
        + """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    records = event.get("Records", [])
    with ThreadPoolExecutor(max_workers=5) as executor:
        results = list(executor.map(work, records))  # finds MT801
    return {"processed": len(results)}
""",
        WORK
        + """
def lambda_handler(event, context):
    results = [work(each) for each in event["Records"]]  # finds MT801
    return {"processed": len(results)}
""",
        WORK
        + """
def lambda_handler(event, context):
    list(map(work, event["Records"]))  # finds MT801
""",
        """
import asyncio
import json

async def work(record, client):
    await client.post("/orders", json=json.loads(record["body"]))

async def main(event):
    await asyncio.gather(*(work(record, client()) for record in event["Records"]))  # finds MT801

def lambda_handler(event, context):
    return asyncio.run(main(event))
""",
        """
import json
import boto3

table = boto3.resource("dynamodb").Table("orders")

def lambda_handler(event, context):
    for number, message in enumerate(event.get("Records") or []):  # finds MT801
        order = json.loads(message.get("body"))
        table.put_item(Item=order)
    return {"statusCode": 200}
""",
        """
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source

@event_source(data_class=SQSEvent)
def lambda_handler(event: SQSEvent, context):
    for record in event.records:  # finds MT801
        save(record.json_body)
""",
        """
from aws_lambda_powertools.utilities.parser import event_parser
from aws_lambda_powertools.utilities.parser.models import SqsModel

@event_parser(model=SqsModel)
def handler(event, context):
    for record in event.Records:  # finds MT801
        save(record.body)
""",
        """
from aws_lambda_powertools import Logger

logger = Logger()

@logger.inject_lambda_context
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        save(record["body"])
""",
        WORK
        + """
class Service:
    def run(self, records):
        for record in records:  # finds MT801
            self.one(record)

    def one(self, message):
        work(message)

service = Service()

def lambda_handler(event, context):
    service.run(event["Records"])
""",
        """
from concurrent.futures import ThreadPoolExecutor

class Service:
    def one(self, record):
        save(record["body"])

def lambda_handler(event, context):
    service = Service()
    with ThreadPoolExecutor(5) as executor:
        list(executor.map(service.one, event["Records"]))  # finds MT801
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        if record["body"] == "":
            raise ValueError
""",
        """
def lambda_handler(event, context):
    for record in event["Records"][:10]:  # finds MT801
        save(record["body"])
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        if "order" not in record["body"]:
            raise ValueError(record["messageId"])
""",
        WORK
        + """
def lambda_handler(event, context):
    try:
        for record in event["Records"]:  # finds MT801
            work(record)
    except Exception as error:
        print(error)
        raise
""",
        """
import json

def handler(sqs_event, context):
    for record in sqs_event["Records"]:  # finds MT801
        try:
            message = json.loads(record["body"])
        except ValueError:
            continue
        for inner in message["Records"]:
            save(inner["s3"]["object"]["key"])
""",
        WORK
        + """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        futures = [executor.submit(work, record) for record in event["Records"]]  # finds MT801
        for future in futures:
            future.result()
""",
    ],
    ids=[
        "a loop", "the article's threads", "a comprehension", "map", "tasks", "counted, with get", "a data class",
        "a model",
        "under a decorator that is known", "in a class, two functions down", "a method on threads",
        "raised without a call", "the first ten",
        "raised here", "raised again",
        "only decoding is tried, and the message has records",
        "submitted and asked",
    ],
)  # fmt: skip
def test_one_failure_fails_all(finds, source):
    finds("MT801", source)


def test_a_helper_in_another_file(finds):
    finds(
        "MT801",
        {
            "app.py": "import work\n\ndef lambda_handler(event, context):\n    work.all_of(event['Records'])\n",
            "work.py": """
def all_of(batch):
    for one in batch:  # finds MT801
        save(one["body"])
""",
        },
    )


def test_what_the_template_says_tells_the_service(finds):
    finds(
        "MT801",
        {
            "template.yaml": QUEUE % ("SQS", 10),
            "app.py": """
from elsewhere import work

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        work(record)
""",
        },
    )


@pytest.mark.parametrize("key", ["kinesis", "dynamodb"])
def test_a_stream_comes_again_from_there_so_it_may_be_meant(finds, key):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801 likely
        save(record["{key}"])
""",
    )


def test_so_it_may_be_for_a_fifo_queue(finds):
    queue = QUEUE.replace("!ImportValue Orders", "'arn:aws:sqs:eu-west-1:123456789012:orders.fifo'")

    finds(
        "MT801",
        {
            "template.yaml": queue % ("SQS", 10),
            "app.py": """
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801 likely
        save(record["body"])
""",
        },
    )


@pytest.mark.parametrize(
    "source",
    [
        """
from middleware import answering

@answering
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801 likely
        save(record["body"])
""",
        """
from middleware import answering

def process(event, context):
    for record in event["Records"]:  # finds MT801 likely
        save(record["body"])

lambda_handler = answering(process)
""",
    ],
    ids=["a decorator", "a function around it"],
)
def test_what_is_around_the_handler_may_answer(finds, source):
    finds("MT801", source)


@pytest.mark.parametrize(
    "caught",
    ["Exception as error", "BaseException", ""],
)
@pytest.mark.parametrize("told", ["print('failed')", "logger.exception('failed')", "pass", "continue"])
def test_a_record_that_fails_and_is_only_logged_is_lost(finds, caught, told):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        try:
            save(record["body"])
        except {caught}:  # finds MT801 likely
            {told}
    return {{"statusCode": 200}}
""".replace("except :", "except:"),
    )


@pytest.mark.parametrize(
    ("caught", "told"),
    [
        ("ValueError", "print('no number')"),
        ("Exception", "failures.append(record)"),
        ("Exception", "park(record)"),
        ("Exception", "failed = True"),
        ("Exception", "return"),
    ],
)
def test_a_failure_that_is_kept_or_foreseen_is_not(finds, caught, told):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        try:
            save(record["body"])
        except {caught}:
            {told}
""",
    )


def test_what_cannot_fail_may_be_tried(finds):
    finds(
        "MT801",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        try:
            print(record["body"])
        except Exception:
            continue
""",
    )


def test_a_failure_that_ends_the_loop_quietly_loses_the_rest(findings_of):
    (finding,) = findings_of(
        "MT801",
        """
def lambda_handler(event, context):
    try:
        for record in event["Records"]:
            save(record["body"])
    except Exception as error:
        print(error)
""",
    )

    assert "are lost" in finding.message


def test_a_failure_that_is_raised_brings_all_of_it_again(findings_of):
    (finding,) = findings_of(
        "MT801", 'def lambda_handler(event, context):\n    for r in event["Records"]:\n        save(r["body"])\n'
    )

    assert "comes again" in finding.message
    assert "`@meantime.batch.sqs`" in finding.message
    assert "needs `ReportBatchItemFailures` in the event source mapping" in finding.message


@pytest.mark.parametrize(
    "source",
    [
        WORK
        + """
def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            work(record)
        except Exception:
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
""",
        """
def work(record):
    try:
        save(record["body"])
    except ValueError:
        park(record)

def lambda_handler(event, context):
    for record in event["Records"]:
        work(record)
""",
        """
def lambda_handler(event, context):
    try:
        for record in event["Records"]:
            save(record["body"])
    except Exception:
        return {"statusCode": 500}
""",
        """
from contextlib import suppress

def lambda_handler(event, context):
    for record in event["Records"]:
        with suppress(ValueError):
            save(record["body"])
""",
        """
import meantime

@meantime.batch.sqs
def lambda_handler(message):
    save(message.json())
""",
        WORK
        + """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, batch_processor

@batch_processor(record_handler=work, processor=BatchProcessor(event_type=EventType.SQS))
def lambda_handler(event, context):
    for record in event["Records"]:
        print(record["body"])
    return {}
""",
        """
import boto3

sqs = boto3.client("sqs")

def lambda_handler(event, context):
    for record in event["Records"]:
        save(record["body"])
        sqs.delete_message(QueueUrl="https://sqs", ReceiptHandle=record["receiptHandle"])
""",
        """
def lambda_handler(event, context):
    record = event["Records"][0]
    save(record["body"])
""",
        """
import json

def lambda_handler(event, context):
    rows = []
    for record in event["Records"]:
        print(record["messageId"])
        rows.append(json.loads(record["body"]))
    write_all(rows)
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        save(record["s3"]["object"]["key"])
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        save(record["Sns"]["Message"])
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        save(record)
""",
        """
def lambda_handler(event, context):
    for record in event["orders"]:
        save(record["body"])
""",
        """
def process(event, context):
    for record in event["Records"]:
        save(record["body"])
""",
        """
import asyncio

async def work(record):
    await save(record["body"])

async def main(event):
    results = await asyncio.gather(*(work(r) for r in event["Records"]), return_exceptions=True)
    return look_at(results)

def lambda_handler(event, context):
    return asyncio.run(main(event))
""",
        WORK
        + """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        futures = [executor.submit(work, record) for record in event["Records"]]
        for future in futures:
            try:
                future.result()
            except Exception as error:
                print(error)
""",
    ],
    ids=[
        "each record is tried and answered for", "each is tried in a helper", "answered by a status", "suppressed",
        "Meantime answers",
        "Powertools answers", "deleted one by one", "the first alone", "only gathered", "objects of S3", "a topic",
        "not known of what", "no event of records", "not surely a handler", "exceptions are given back",
        "asked one by one",
    ],
)  # fmt: skip
def test_what_answers_for_each_or_is_no_batch_is_let_be(finds, source):
    finds("MT801", source)


@pytest.mark.parametrize(
    "source",
    [
        """
def work(record):
    return save(record["body"])

def lambda_handler(event, context):
    failures = []
    for record in event["Records"]:
        if not work(record):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
""",
        """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

processor = BatchProcessor(event_type=EventType.SQS)

def lambda_handler(event, context):
    for record in event["Records"]:
        audit(record["body"])
    return process(event, processor)
""",
        """
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor

processor = SqsFifoPartialProcessor()

def lambda_handler(event, context):
    for record in event["Records"]:
        audit(record["body"])
    return process(event, processor)
""",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        save(record["kinesis"] if "kinesis" in record else record["body"])
""",
        """
def show(record):
    print(record["body"])

def lambda_handler(event, context):
    for record in event["Records"]:
        show(record)
""",
        """
import asyncio

async def main(event):
    tasks = [asyncio.create_task(work(record["body"])) for record in event["Records"]]

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
        """
import asyncio

async def main(event):
    tasks = [asyncio.ensure_future(work(record["body"])) for record in event["Records"]]

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
        """
def lambda_handler(event, context):
    results = [pool.apply_async(work, (record["body"],)) for record in event.get("Records", [])]
    pool.close()
""",
        "from mangum import Mangum\n\nhandler = Mangum(app)\n",
    ],
    ids=[
        "what failed is returned", "Powertools' processor", "Powertools' FIFO processor", "of one service or another",
        "only shown", "a task that nobody asks", "a future that nobody asks", "a result that nobody asks",
        "an application",
    ],
)  # fmt: skip
def test_so_is_what_has_another_way_to_answer(finds, source):
    finds("MT801", source)


def test_results_that_are_asked_for_raise(finds):
    finds(
        "MT801",
        """
import asyncio
from concurrent.futures import ThreadPoolExecutor, as_completed

def lambda_handler_of_jobs(event, context):
    with ThreadPoolExecutor(max_workers=8) as executor:
        jobs = {executor.submit(save, each["body"]): each for each in event["Records"]}  # finds MT801
        for job in as_completed(jobs):
            print(jobs[job], job.result())

lambda_handler = lambda_handler_of_jobs

async def main(event):
    tasks = [asyncio.create_task(work(record["body"])) for record in event["Records"]]  # finds MT801
    await asyncio.gather(*tasks)

def orders_lambda_handler(event, context):
    asyncio.run(main(event))

def handler(event, context):
    results = [pool.apply_async(work, (record["body"],)) for record in event["Records"]]  # finds MT801
    return [result.get() for result in results]
""",
    )


def test_a_source_that_says_nothing_does_not_count(finds):
    finds(
        "MT801",
        {
            "template.yaml": QUEUE % ("IoTRule", 10),
            "app.py": """
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        save(record["body"])
""",
        },
    )


def test_a_status_for_another_failure_does_not_count(finds):
    finds(
        "MT801",
        """
def lambda_handler(event, context):
    try:
        check(context)
    except ValueError:
        return {"statusCode": 400}
    for record in event["Records"]:  # finds MT801
        save(record["body"])
""",
    )


@pytest.mark.parametrize(
    "around",
    [
        (
            "    try:\n        for r in event['Records']:\n            save(r['body'])\n"
            "    except ValueError:\n        raise\n"
        ),
        (
            "    try:\n        check(context)\n    except ValueError:\n        pass\n"
            "    for r in event['Records']:\n        save(r['body'])\n"
        ),
    ],
    ids=["raised again", "the try is elsewhere"],
)
def test_what_is_not_caught_around_the_loop_brings_all_again(findings_of, around):
    (finding,) = findings_of("MT801", f"def lambda_handler(event, context):\n{around}")

    assert "comes again" in finding.message


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("    for r in event['Records']:\n        save(r['body'])\n", (2, 5, 2, 30)),
        ("    return [save(r['body']) for r in event['Records']]\n", (2, 12, 2, 55)),
        (
            (
                "    for r in event['Records']:\n        try:\n            save(r['body'])\n"
                "        except Exception:\n            pass\n"
            ),
            (5, 9, 5, 25),
        ),
    ],
    ids=["the head of the loop", "the comprehension", "the head of the except block"],
)
def test_it_stands_at(findings_of, source, place):
    (finding,) = findings_of("MT801", f"def lambda_handler(event, context):\n{source}")

    assert (finding.place.line, finding.place.column, finding.place.end_line, finding.place.end_column) == place


@pytest.mark.parametrize(("kind", "size"), [("SQS", 1), ("SNS", 10), ("S3", 10)])
def test_a_template_that_says_otherwise_is_believed(finds, kind, size):
    finds(
        "MT801",
        {
            "template.yaml": QUEUE % (kind, size),
            "app.py": 'def lambda_handler(event, context):\n    for r in event["Records"]:\n        save(r["body"])\n',
        },
    )


@pytest.mark.parametrize(
    "source",
    [
        WORK
        + """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        work(record)
""",
        WORK
        + """
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS)

def handler(event, context):
    return process_partial_response(event=event, record_handler=work, processor=processor, context=context)

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        work(record)
""",
        WORK
        + """
class Answer:
    def made(self, failures):
        return {"batchItemFailures": failures}

def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        work(record)
""",
    ],
    ids=["only imported", "used by another handler", "in a class that nobody names"],
)
def test_what_the_handler_does_not_use_answers_for_nothing(finds, source):
    finds("MT801", source)


@pytest.mark.parametrize(
    "source",
    [
        WORK
        + """
FAILURES: str = "batchItemFailures"

def lambda_handler(event, context):
    failed = []
    for record in event["Records"]:
        work(record)
    return {FAILURES: failed}
""",
        WORK
        + """
def lambda_handler(event, context):
    for record in event["Records"]:
        work(record)
    return answer([])

def answer(failed):
    return made.of(failed)

class Made:
    def of(self, failed):
        return {"batchItemFailures": failed}

made = Made()
""",
        WORK
        + """
import middleware

def answering(function):
    return middleware.wrapped(function, answer="batchItemFailures")

@answering
def lambda_handler(event, context):
    for record in event["Records"]:
        work(record)
""",
        WORK
        + """
import sys

sys.excepthook = print

def lambda_handler(event, context):
    for record in event["Records"]:
        work(record)
""",
        {
            "app.py": """
import helper

def lambda_handler(event, context):
    try:
        helper.all_of(event["Records"])
    finally:
        return {"batchItemFailures": []}
""",
            "helper.py": "def all_of(records):\n    for record in records:\n        save(record['body'])\n",
        },
    ],
    ids=[
        "a constant",
        "helpers, one behind the other",
        "a decorator",
        "a hook of the module",
        "the handler's own file",
    ],
)
def test_what_the_handler_uses_may_answer(finds, source):
    finds("MT801", source)
