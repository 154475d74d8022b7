"""MT801: where records are one unit, or one record alone, and in which objects they may stand."""

from __future__ import annotations

import pytest

TEMPLATE = """\
Resources:
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.lambda_handler
      Events:
        Incoming: {Type: SQS, Properties: {Queue: !ImportValue Orders}}
"""


@pytest.mark.parametrize(
    "around",
    [
        "with connection.transaction():",
        "with connection.transaction(), connection.cursor() as cursor:",
        "with engine.begin() as connection:",
        "with psycopg.connect(URL) as connection:",
        "with pool.connection() as connection:",
        "with connection:",
        "with self.connection:",
        "with transaction.atomic():",
        "with session.begin_nested():",
        "with table.batch_writer() as batch:",
        "with open_transaction():",
    ],
)
def test_a_transaction_takes_all_or_none(finds, around):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    {around}
        for record in event["Records"]:
            save(record["body"])
""",
    )


def test_so_it_does_around_a_helper(finds):
    finds(
        "MT801",
        """
def save_all(connection, records):
    for record in records:
        connection.execute(record["body"])

def lambda_handler(event, context):
    with engine.begin() as connection:
        save_all(connection, event["Records"])
""",
    )


def test_so_it_does_where_it_is_committed_behind_the_loop(finds):
    finds(
        "MT801",
        """
def lambda_handler(event, context):
    for record in event["Records"]:
        cursor.execute(record["body"])
    connection.commit()
""",
    )


@pytest.mark.parametrize(
    "body",
    [
        (
            '    for record in event["Records"]:  # finds MT801\n'
            '        cursor.execute(record["body"])\n'
            "        connection.commit()\n"
        ),
        (
            '    for record in event["Records"]:  # finds MT801\n'
            "        with engine.begin() as connection:\n"
            '            connection.execute(record["body"])\n'
        ),
        (
            "    with ThreadPoolExecutor(5) as executor:\n"
            '        for record in event["Records"]:  # finds MT801\n'
            '            executor.submit(save, record["body"]).result()\n'
        ),
        (
            "    with engine.begin() as connection:\n"
            "        prepare(connection)\n"
            '    for record in event["Records"]:  # finds MT801\n'
            '        save(record["body"])\n'
        ),
    ],
    ids=["each by itself", "a transaction each", "no transaction", "before the loop"],
)
def test_what_is_done_for_each_is_no_unit(finds, body):
    finds("MT801", f"def lambda_handler(event, context):\n{body}")


@pytest.mark.parametrize(
    "guard",
    [
        'assert len(event["Records"]) == 1',
        'assert len(event.get("Records", [])) <= 1',
        'if len(event["Records"]) != 1:\n        raise ValueError(event)',
        "if len(records) > 1:\n        raise ValueError(event)",
        "if len(records) >= 2:\n        raise ValueError(event)",
        "assert len(records) < 2",
    ],
)  # fmt: skip
def test_one_record_alone_is_no_batch(finds, guard):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    records = event["Records"]
    {guard}
    for record in records:
        save(record["body"])
""",
    )


def test_so_it_is_in_a_helper(finds):
    finds(
        "MT801",
        """
def all_of(records):
    for record in records:
        save(record["body"])

def lambda_handler(event, context):
    assert len(event["Records"]) == 1
    all_of(event["Records"])
""",
    )


@pytest.mark.parametrize(
    "guard",
    [
        'assert len(event["Records"]) >= 1',
        'assert len(event["Records"]) > 0',
        'if len(event["Records"]) == 0:\n        return',
        'if len(event["Records"]) == 10:\n        print("full")',
        'if len(event["Records"]) < 1:\n        return',
        "assert len(context.function_name) > 1",
        'assert version(event["Records"]) == 1',
        'assert event["Records"] != 1',
    ],
)  # fmt: skip
def test_other_lengths_say_nothing(finds, guard):
    finds(
        "MT801",
        f"""
def lambda_handler(event, context):
    {guard}
    for record in event["Records"]:  # finds MT801
        save(record["body"])
""",
    )


@pytest.mark.parametrize(
    "source",
    [
        """
class Job:
    def __init__(self, event):
        self.event = event

    def run(self):
        for record in self.event["Records"]:  # finds MT801
            save(record["body"])

def lambda_handler(event, context):
    Job(event).run()
""",
        """
class Job:
    def __init__(self, event, context):
        self.records = event.get("Records", [])

    def run(self):
        for record in self.records:  # finds MT801
            self.one(record)

    def one(self, message):
        save(message["body"])

def lambda_handler(event, context):
    job = Job(event, context)
    job.run()
""",
        """
class Job:
    def __call__(self, event, context):
        self.event = event
        for record in self.event["Records"]:  # finds MT801
            save(record["body"])

lambda_handler = Job()
""",
        """
class Job:
    def __init__(self, records):
        self.records = records
        self.run(records)

    def run(self, records):
        return [save(record["body"]) for record in records]  # finds MT801

def lambda_handler(event, context):
    Job(event["Records"])
""",
    ],
    ids=["an event in an object", "records in an object", "in the handler itself", "found once"],
)
def test_records_in_an_object_are_known(finds, source):
    finds("MT801", source)


def test_what_an_object_holds_is_not_looked_for_where_nothing_calls_it(finds):
    finds(
        "MT801",
        """
class Job:
    def __init__(self, event):
        self.event = event
        self.other = {"Records": []}

    def unused(self):
        for record in self.event["Records"]:
            save(record["body"])

    def run(self):
        for record in self.other["Records"]:
            save(record["body"])

def lambda_handler(event, context):
    Job(event).run()
""",
    )


@pytest.mark.parametrize(
    "source",
    [
        """
def lambda_handler(event, context):
    list(map(lambda record: save(record["body"]), event["Records"]))  # finds MT801
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        list(executor.map(lambda each: save(each["body"]), event["Records"]))  # finds MT801
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(5) as executor:
        futures = [executor.submit(lambda one: save(one["body"]), record) for record in event["Records"]]  # finds MT801
    return [each.result() for each in futures]
""",
        """
from functools import partial

def work(table, record):
    table.put_item(Item=record["body"])

def lambda_handler(event, context):
    list(map(partial(work, table), event["Records"]))  # finds MT801
""",
        """
from functools import partial

def work(record, table):
    table.put_item(Item=record["body"])

def lambda_handler(event, context):
    list(map(partial(work, table=table), event["Records"]))  # finds MT801
""",
    ],
    ids=["mapped", "on threads", "submitted", "a partial", "a partial by name"],
)
def test_what_works_on_a_record_may_be_a_lambda_or_a_partial(finds, source):
    finds("MT801", source)


def test_a_partial_that_answers_is_seen(finds):
    finds(
        "MT801",
        """
from functools import partial

def work(table, record):
    try:
        table.put_item(Item=record["body"])
    except ValueError:
        park(record)

def lambda_handler(event, context):
    list(map(partial(work, table), event["Records"]))
""",
    )


def test_a_generator_of_records_is_followed(finds):
    finds(
        "MT801",
        """
def saved(records):
    for record in records:  # finds MT801
        yield save(record["body"])

def lambda_handler(event, context):
    return {"saved": list(saved(event["Records"]))}
""",
    )
