"""MT801: by what the records of an event, and the service that they come from, are known."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("key", ["body", "messageId", "receiptHandle", "messageAttributes"])
@pytest.mark.parametrize("read", ['record["{}"]', 'record.get("{}")', 'record["{}"], record["awsRegion"]'])
def test_what_is_read_of_a_record_tells_the_service(finds, key, read):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:  # finds MT801
        save({read.format(key)})
""",
    )


@pytest.mark.parametrize("key", ["Sns", "s3", "kinesis"])
def test_what_comes_from_several_services_is_not_known(finds, key):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        save(record["{key}"] or record["body"])
""",
    )


@pytest.mark.parametrize(
    ("data_class", "kind"),
    [
        ("KinesisStreamEvent", "kinesis"),
        ("KinesisDataStreamModel", "kinesis"),
        ("DynamoDBStreamEvent", "dynamodb"),
        ("DynamoDBStreamModel", "dynamodb"),
        ("SQSEvent", "sqs"),
        ("SqsModel", "sqs"),
    ],
)
@pytest.mark.parametrize("records", ["records", "Records"])
def test_so_does_a_class_of_powertools(findings_of, data_class, kind, records):
    (finding,) = findings_of(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in {data_class}(event).{records}:
        save(record)
""",
    )

    assert f"`@meantime.batch.{kind}`" in finding.message
    assert finding.level == ("error" if kind == "sqs" else "warning")


def test_a_class_that_only_one_record_is_made_into_does_not(finds):
    finds(
        "MT801",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        send(SQSEvent(record))
""",
    )


@pytest.mark.parametrize("around", ["list", "tuple", "reversed", "iter", "sorted", "enumerate"])
def test_what_hands_records_on_changes_nothing(finds, around):
    target = "number, record" if around == "enumerate" else "record"

    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for {target} in {around}(event["Records"]):  # finds MT801
        save(record["body"])
""",
    )


@pytest.mark.parametrize(
    "names",
    ["records = event['Records']", "every = records = event['Records']", "evt = event\n    records = evt['Records']"],
)
def test_names_are_followed(finds, names):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    {names}
    for record in records:  # finds MT801
        save(record["body"])
""",
    )


def test_a_function_that_calls_itself_is_read_once(finds):
    finds(
        "MT801",
        """
def work(event, again):
    if again:
        work(event, False)
    for record in event["Records"]:  # finds MT801
        save(record["body"])

def lambda_handler(event, context):
    work(event, True)
""",
    )


def test_an_object_that_calls_itself_is_read_once(finds):
    finds(
        "MT801",
        """
class Job:
    def __init__(self, event):
        self.event = event
        self.run()

    def run(self):
        self.event = self.event
        for record in self.event["Records"]:  # finds MT801
            save(record["body"])
        self.run()

def lambda_handler(event, context):
    Job(event)
""",
    )


@pytest.mark.parametrize(
    "over",
    ['list(event["orders"])', "list()", 'app.state.event["Records"]', 'context["Records"]', "event[Records]", "event"],
)  # fmt: skip
def test_other_things_are_no_records(finds, over):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in {over}:
        save(record["body"])
""",
    )


@pytest.mark.parametrize(
    "call",
    [
        'save_all(table, event["Records"])',
        'executor.map(event["Records"])',
        "executor.map(work)",
        'executor.map(work, event["orders"])',
    ],
)  # fmt: skip
def test_other_calls_are_no_loops(finds, call):
    finds(
        "MT801",
        f"""
def work(record):
    save(record["body"])

def lambda_handler(event, context):
    {call}
""",
    )


@pytest.mark.parametrize("call", ["queue.submit()", "pool.apply_async()", "Thread()"])
def test_what_is_handed_nothing_runs_nothing(finds, call):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    for record in event["Records"]:
        print(record["body"], {call})
""",
    )


SEND = """
import json
import requests

def send(order):
    requests.post("https://api.example.com", json=order, timeout=5).raise_for_status()
"""


@pytest.mark.parametrize(
    "source",
    [
        SEND
        + """

def lambda_handler(event, context):
    orders = [json.loads(r["body"]) for r in event["Records"]]
    for order in orders:  # finds MT801
        send(order)
""",
        SEND
        + """

from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    orders = [json.loads(r["body"]) for r in event["Records"]]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, orders))  # finds MT801
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = []
    for record in event["Records"]:
        orders.append(json.loads(record["body"]))
    for number, order in enumerate(orders):  # finds MT801
        send(order)
""",
        SEND
        + """

import meantime
from meantime import tasks

async def price(order):
    await client.post("https://api.example.com", json=order)

@meantime.handler
async def lambda_handler(event, context):
    orders = [json.loads(r["body"]) for r in event["Records"]]
    await tasks.map(price, orders)  # finds MT801
""",
        SEND
        + """

from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source

@event_source(data_class=SQSEvent)
def lambda_handler(event: SQSEvent, context):
    orders = [each.json_body for each in event.records]
    for order in orders:  # finds MT801
        send(order)
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = [parsed(r["body"]) for r in event["Records"]]  # finds MT801
    for order in orders:
        send(order)
""",
    ],
    ids=[
        "a loop over a list of bodies",
        "the map of a pool",
        "a list that grows in a loop",
        "a verb of Meantime",
        "a data class",
        "decoding that may fail itself, told there alone",
    ],
)
def test_work_on_what_was_decoded_before(finds, source):
    finds("MT801", source)


@pytest.mark.parametrize(
    "source",
    [
        SEND
        + """

def lambda_handler(event, context):
    failures = []
    orders = [json.loads(r["body"]) for r in event["Records"]]
    for order in orders:
        try:
            send(order)
        except OSError:
            park(order)
""",
        SEND
        + """

def lambda_handler(event, context):
    keys = [r["s3"]["object"]["key"] for r in event["Records"]]
    for key in keys:
        send(key)
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = [json.loads(r["body"]) for r in event["Records"]]
    orders = once_each(orders)
    for order in orders:
        send(order)
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = []
    for record in event["Records"]:
        orders.append(json.loads(record["body"]))
    orders = once_each(orders)
    for order in orders:
        send(order)
""",
        SEND
        + """

def lambda_handler(event, context):
    parts = [part for r in event["Records"] for part in r["body"].split()]
    for part in parts:
        send(part)
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = [DEFAULT for r in event["Records"]]
    others = []
    for record in event["Records"]:
        others.append(DEFAULT)
    for order in orders + others:
        send(order)
    for order in orders:
        send(order)
    for order in others:
        send(order)
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = [json.loads(r["body"]) for r in event["Records"]]
    with table.batch_writer() as batch:
        for order in orders:
            batch.put_item(Item=order)
""",
        SEND
        + """

def lambda_handler(event, context):
    orders = [json.loads(r["body"]) for r in event["Records"]]
    for order in orders:
        print(order)
    for other in context.records:
        print(other)
""",
        SEND
        + """

def lambda_handler(event, context):
    if len(event["Records"]) != 1:
        raise ValueError(event)
    orders = [json.loads(r["body"]) for r in event["Records"]]
    for order in orders:
        send(order)
""",
    ],
    ids=[
        "each is tried by itself",
        "another service",
        "a name that is given anew",
        "a grown list that is given anew",
        "several of a record",
        "not of the record",
        "one unit",
        "only printed",
        "one record alone",
    ],
)
def test_decoded_before_and_yet_no_batch_that_fails(finds, source):
    finds("MT801", source)
