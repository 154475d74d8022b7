"""MT601: a boto3 resource or session that several threads use."""

from __future__ import annotations

import pytest

HEAD = """
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
from meantime import threads

"""

FOUND = {
    "a table at module level": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "a table, behind a lambda and a helper": """
dynamodb = boto3.resource("dynamodb")
table = dynamodb.Table("orders")

def get(pk, sk):
    return table.get_item(Key={"pk": pk, "sk": sk})["Item"]  # finds MT601

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        return list(executor.map(lambda key: get(key[0], key[1]), event["keys"]))
""",
    "a table made anew of a shared resource": """
dynamodb = boto3.resource("dynamodb")

def load(key):
    return dynamodb.Table("orders").get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a table of the function around": """
def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table("orders")

    def load(key):
        return table.get_item(Key={"id": key})  # finds MT601

    with ThreadPoolExecutor(max_workers=3) as executor:
        return [future.result() for future in [executor.submit(load, key) for key in event["keys"]]]
""",
    "a table in an attribute": """
class Orders:
    def __init__(self):
        self.table = boto3.resource("dynamodb").Table("orders")

    def load(self, key):
        return self.table.get_item(Key={"id": key})  # finds MT601

    def load_all(self, keys):
        with ThreadPoolExecutor(max_workers=3) as executor:
            return list(executor.map(self.load, keys))
""",
    "the method itself": """
table = boto3.resource("dynamodb").Table("orders")

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        return list(executor.map(table.delete_item, event["keys"]))  # finds MT601
""",
    "a table given to each call": """
def load(table, key):
    return table.get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    table = boto3.resource("dynamodb").Table("orders")
    with ThreadPoolExecutor(max_workers=3) as executor:
        for key in event["keys"]:
            executor.submit(load, table, key)
""",
    "by different calls": """
table = boto3.resource("dynamodb").Table("orders")

def user(key):
    return table.get_item(Key={"id": key})  # finds MT601

def orders(key):
    return table.query(KeyConditionExpression=key)["Items"]  # finds MT601

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=2) as executor:
        first = executor.submit(user, event["id"])
        second = executor.submit(orders, event["id"])
        return first.result(), second.result()
""",
    "by the same call, twice": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=2) as executor:
        first = executor.submit(load, event["a"])
        second = executor.submit(load, event["b"])
        return first.result(), second.result()
""",
    "on the threads of gather": """
bucket = boto3.resource("s3").Bucket("orders")

def load(key):
    return bucket.Object(key).get()["Body"].read()  # finds MT601

async def main(event):
    return await asyncio.gather(*(asyncio.to_thread(load, key) for key in event["keys"]))
""",
    "on threads that tasks wait for": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})  # finds MT601

async def one(key):
    return await asyncio.to_thread(load, key)

async def main(event):
    return await asyncio.gather(*(one(key) for key in event["keys"]))
""",
    "on threads in a loop": """
queue = boto3.resource("sqs").Queue("https://sqs.example.com/orders")

def send(order):
    queue.send_message(MessageBody=order)  # finds MT601

def main(orders):
    for order in orders:
        threading.Thread(target=send, args=(order,)).start()
""",
    "in a batch": """
import meantime

table = boto3.resource("dynamodb").Table("orders")

@meantime.batch.sqs(max_concurrency=5)
def lambda_handler(message):
    table.put_item(Item=message.json())  # finds MT601
""",
    "a session": """
session = boto3.session.Session()

def load(key):
    return session.client("s3").get_object(Bucket="orders", Key=key)  # finds MT601

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "kept by a cache": """
from functools import cache

@cache
def table():
    return boto3.resource("dynamodb").Table("orders")

def load(key):
    return table().get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "kept by a global name": """
kept = None

def table():
    global kept
    if kept is None:
        kept = boto3.resource("dynamodb")
    return kept

def load(key):
    return table().Table("orders")  # finds MT601

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client made on each thread, of the default session": """
def load(key):
    return boto3.client("s3").get_object(Bucket="orders", Key=key)  # finds MT601 likely

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client made on each thread, under another name": """
from boto3 import client as aws

def load(key):
    s3 = aws("s3")  # finds MT601 likely
    return s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a resource made on each thread, of the default session": """
def load(key):
    return boto3.resource("dynamodb")  # finds MT601 likely

def lambda_handler(event, context):
    threads.map(load, event["keys"])
    return threads.map(load, event["others"])
""",
    "a known number of times": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    return threads.map(load, ["a", "b"])
""",
    "made in a loop of the module": """
for name in ("orders", "users"):
    table = boto3.resource("dynamodb").Table(name)

def load(key):
    return table.get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "by two fan-outs": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})  # finds MT601

def lambda_handler(event, context):
    threads.map(load, event["keys"])
    return threads.map(load, event["others"])
""",
    "by a way that is only possible": """
import os

table = boto3.resource("dynamodb").Table("orders")

def get(key):
    return table.get_item(Key={"id": key})  # finds MT601 likely

def query(key): ...

chosen = get if os.environ.get("GET") else query

def load(key):
    return chosen(key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
}

SILENT = {
    "a client": """
dynamodb = boto3.client("dynamodb")

def load(key):
    return dynamodb.get_item(TableName="orders", Key={"id": {"S": key}})

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "the client of a resource": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.meta.client.get_item(TableName="orders", Key={"id": key})

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a session of its own for each call": """
def load(key):
    session = boto3.session.Session()
    table = session.resource("dynamodb").Table("orders")
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a table made for each call": """
def load(table, key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        for key in event["keys"]:
            table = boto3.Session().resource("dynamodb").Table("orders")
            executor.submit(load, table, key)
""",
    "an object of its own for each call": """
class Loader:
    def __init__(self, key):
        self.key = key
        self.table = boto3.Session().resource("dynamodb").Table("orders")

    def load(self):
        return self.table.get_item(Key={"id": self.key})

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        for key in event["keys"]:
            executor.submit(Loader(key).load)
""",
    "an object of its own, from a list": """
class Loader:
    def __init__(self, key):
        self.table = boto3.Session().resource("dynamodb").Table("orders")

    def load(self):
        return self.table.get_item(Key={"id": 1})

def lambda_handler(event, context):
    loaders = [Loader(key) for key in event["keys"]]
    with ThreadPoolExecutor(max_workers=3) as executor:
        for loader in loaders:
            executor.submit(loader.load)
""",
    "an object of its own for each of two calls": """
class Loader:
    def __init__(self, key):
        self.table = boto3.Session().resource("dynamodb").Table("orders")

    def load(self):
        return self.table.get_item(Key={"id": 1})

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        first = executor.submit(Loader("a").load)
        second = executor.submit(Loader("b").load)
    return first, second
""",
    "an object of its own, from a list that is given": """
class Loader:
    def __init__(self):
        self.table = boto3.Session().resource("dynamodb").Table("orders")

    def load(self):
        return self.table.get_item(Key={"id": 1})

def run(loaders):
    with ThreadPoolExecutor(max_workers=3) as executor:
        for loader in loaders:
            executor.submit(loader.load)

def lambda_handler(event, context):
    run([Loader(), Loader()])
""",
    "one item": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    return threads.map(load, ["a"])
""",
    "an object that each thread makes": """
class Loader:
    def __init__(self):
        self.table = boto3.Session().resource("dynamodb").Table("orders")

    def load(self, key):
        return self.table.get_item(Key={"id": key})

def load(key):
    return Loader().load(key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "under a lock": """
table = boto3.resource("dynamodb").Table("orders")
lock = threading.Lock()

def load(key):
    with lock:
        return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "called under a lock": """
table = boto3.resource("dynamodb").Table("orders")
lock = threading.Lock()

def get(key):
    return table.get_item(Key={"id": key})

def load(key):
    with lock:
        return get(key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "under a lock taken by hand": """
table = boto3.resource("dynamodb").Table("orders")
lock = threading.Lock()

def load(key):
    lock.acquire()
    try:
        return table.get_item(Key={"id": key})
    finally:
        lock.release()

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "one worker": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=1) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "one call": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=2) as executor:
        return executor.submit(load, event["id"]).result()
""",
    "two different things": """
users = boto3.resource("dynamodb").Table("users")
bucket = boto3.resource("s3").Bucket("orders")

def user(key):
    return users.get_item(Key={"id": key})

def order(key):
    return bucket.Object(key)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=2) as executor:
        first = executor.submit(user, event["id"])
        second = executor.submit(order, event["id"])
        return first.result(), second.result()
""",
    "one after the other": """
table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    return [load(key) for key in event["keys"]]
""",
    "processes": """
from meantime import processes

table = boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    return processes.map(load, event["keys"])
""",
    "tasks of a batch": """
import meantime

table = boto3.resource("dynamodb").Table("orders")

@meantime.batch.sqs
async def lambda_handler(message):
    table.put_item(Item=message.json())
""",
    "what may be something else": """
import os

class Fake:
    def get_item(self, Key):
        return {}

table = Fake() if os.environ.get("FAKE") else boto3.resource("dynamodb").Table("orders")

def load(key):
    return table.get_item(Key={"id": key})

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client kept by a cache": """
from functools import lru_cache

@lru_cache(maxsize=None)
def s3():
    return boto3.client("s3")

def load(key):
    return s3().get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client made under a lock": """
lock = threading.Lock()

def load(key):
    with lock:
        s3 = boto3.client("s3")
    return s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client made by what is called under a lock": """
lock = threading.Lock()

def make():
    return boto3.client("s3")

def load(key):
    with lock:
        s3 = make()
    return s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client kept by a global name": """
s3 = None

def load(key):
    global s3
    if s3 is None:
        s3 = boto3.client("s3")
    return s3.get_object(Bucket="orders", Key=key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a client of another library": """
import library

def load(key):
    return library.client("s3").get(key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_what_several_threads_use_is_found(finds, source):
    finds("MT601", HEAD + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_what_each_thread_has_for_itself_is_not(finds, source):
    finds("MT601", HEAD + source)


def test_a_resource_of_another_file_is_found_with_the_way_to_it(finds, findings_of):
    files = {
        "tables.py": 'import boto3\n\norders = boto3.resource("dynamodb").Table("orders")\n',
        "load.py": """
import tables

def load(key):
    return tables.orders.get_item(Key={"id": key})  # finds MT601
""",
        "app.py": """
from concurrent.futures import ThreadPoolExecutor
from load import load

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        return list(executor.map(lambda key: load(key), event["keys"]))
""",
    }
    finds("MT601", files)
    (found,) = findings_of("MT601", files)
    assert found.message.startswith("`tables.orders` is a boto3 resource")
    assert [(step.place.path, step.place.line) for step in found.chain] == [("app.py", 7), ("app.py", 7)]


@pytest.mark.parametrize(
    ("case", "what", "remedy"),
    [
        ("a session", "`session` is a boto3 session", "make it before the threads start."),
        (
            "a table at module level",
            "`table` is a boto3 resource",
            "`boto3.client(…)`, `meantime.clients.boto3(…)`, or the resource's `meta.client`.",
        ),
    ],
)
def test_what_to_do_is_said(findings_of, case, what, remedy):
    (found,) = findings_of("MT601", HEAD + FOUND[case])
    assert found.message == (
        f"{what}, and several threads use it at once: it is not thread-safe. Share a client: {remedy}"
    )


@pytest.mark.parametrize(
    ("maker", "remedy"),
    [
        ("client", "Make it once, before they start."),
        ("resource", "Make one client before they start, or a `boto3.Session()` for each thread."),
    ],
)
def test_what_is_made_on_threads_is_told_what_may_be_shared(findings_of, maker, remedy):
    source = f"""
def load(key):
    boto3.{maker}("dynamodb").describe(key)

def lambda_handler(event, context):
    return threads.map(load, event["keys"])
"""
    (found,) = findings_of("MT601", HEAD + source)
    assert found.message == (
        f"`boto3.{maker}` makes a client of boto3's one default session, and `load` runs on several threads: making "
        f"clients is not thread-safe. {remedy}"
    )
