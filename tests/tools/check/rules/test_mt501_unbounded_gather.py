"""MT501: as many tasks at once as the event has items."""

from __future__ import annotations

import pytest

HEAD = """
import asyncio

async def fetch(key):
    await asyncio.sleep(0.1)

"""
TAIL = """
def lambda_handler(event, context):
    return asyncio.run(main(event))
"""

FOUND = {
    "what is only refused when it is empty": """
async def main(event):
    if len(event["keys"]) > 0:
        await asyncio.gather(*(fetch(key) for key in event["keys"]))  # finds MT501
""",
    "connections that are not limited": """
import aiohttp

async def main(event):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=False)) as session:
        await asyncio.gather(*(session.get(url) for url in event["urls"]))  # finds MT501
""",
    "a gather of a generator": """
async def main(event):
    return await asyncio.gather(*(fetch(key) for key in event["keys"]))  # finds MT501
""",
    "a gather of a list, under another name": """
from asyncio import gather as together

async def main(event):
    return await together(*[fetch(key) for key in event.get("keys", [])])  # finds MT501
""",
    "a gather of a map": """
async def main(event):
    return await asyncio.gather(*map(fetch, event["keys"]))  # finds MT501
""",
    "a gather of tasks made in a loop": """
async def main(event):
    tasks = []
    for key in event["keys"]:
        tasks.append(asyncio.create_task(fetch(key)))
    await asyncio.gather(*tasks)  # finds MT501
""",
    "a wait": """
async def main(event):
    await asyncio.wait([asyncio.create_task(fetch(key)) for key in event["keys"]])  # finds MT501
""",
    "as they complete": """
async def main(event):
    for done in asyncio.as_completed([fetch(key) for key in event["keys"]]):  # finds MT501
        await done
""",
    "a task group": """
async def main(event):
    async with asyncio.TaskGroup() as group:
        for key in event["keys"]:
            group.create_task(fetch(key))  # finds MT501
""",
    "each within a time limit": """
async def main(event):
    await asyncio.gather(*(asyncio.wait_for(fetch(key), 5) for key in event["keys"]))  # finds MT501
""",
    "the keys of the body": """
import json

async def main(event):
    keys = json.loads(event["body"])["keys"]
    await asyncio.gather(*(fetch(key) for key in sorted(set(keys))))  # finds MT501
""",
    "a mapping's items": """
async def main(event):
    await asyncio.gather(*(fetch(key) for key, _ in event["orders"].items()))  # finds MT501
""",
    "some of them": """
async def main(event):
    keys = [key for key in event["keys"] if key]
    await asyncio.gather(*(fetch(key) for key in keys))  # finds MT501
""",
    "the lines of each order": """
async def main(event):
    for order in event["orders"]:
        await asyncio.gather(*(fetch(line) for line in order["lines"]))  # finds MT501
""",
    "the client's method": """
import httpx

async def main(event):
    async with httpx.AsyncClient(timeout=5) as client:
        await asyncio.gather(*(client.get(url) for url in event["urls"]))  # finds MT501
""",
    "with a semaphore as wide as the input": """
async def main(event):
    semaphore = asyncio.Semaphore(len(event["keys"]))

    async def one(key):
        async with semaphore:
            await fetch(key)

    await asyncio.gather(*(one(key) for key in event["keys"]))  # finds MT501
""",
    "within a session, which is no bound": """
import aiohttp

async def one(session, key):
    async with session.get(key) as answer:
        return await answer.text()

async def main(event):
    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(one(session, key) for key in event["keys"]))  # finds MT501
""",
    "a method, below a class that is called": """
class Service:
    async def load(self, event):
        await asyncio.gather(*(self.one(key) for key in event["keys"]))  # finds MT501

    async def one(self, key):
        await fetch(key)

async def main(event):
    await Service().load(event)
""",
    "an unknown batch of records": """
async def main(event):
    await asyncio.gather(*(fetch(record) for record in event["Records"]))  # finds MT501 likely
""",
    "an unknown batch of records, by its method": """
async def main(event):
    records = event.get("Records")
    await asyncio.gather(*(fetch(record) for record in records))  # finds MT501 likely
""",
    "a way that is only possible": """
import os

async def many(event):
    await asyncio.gather(*(fetch(key) for key in event["keys"]))  # finds MT501 likely

async def few(event): ...

chosen = many if os.environ.get("MANY") else few

async def main(event):
    await chosen(event)
""",
    "a lock that another loop acquires": """
async def main(event):
    lock = asyncio.Lock()
    for name in ["a", "b"]:
        await lock.acquire()
    async with asyncio.TaskGroup() as group:
        for key in event["keys"]:
            group.create_task(fetch(key))  # finds MT501
""",
    "a task in a loop that waits for something else": """
async def main(event):
    async with asyncio.TaskGroup() as group:
        for key in event["keys"]:
            await asyncio.sleep(0)
            group.create_task(fetch(key))  # finds MT501
    await asyncio.wait([])
""",
    "a group of anyio": """
import anyio

async def many(event):
    async with anyio.create_task_group() as group:
        for key in event["keys"]:
            group.start_soon(fetch, key)  # finds MT501

def lambda_handler(event, context):
    anyio.run(many, event)

async def main(event): ...
""",
    "a nursery of trio": """
import trio

async def many(event):
    async with trio.open_nursery() as nursery:
        for key in event["keys"]:
            nursery.start_soon(fetch, key)  # finds MT501

def lambda_handler(event, context):
    trio.run(many, event)

async def main(event): ...
""",
}

SILENT = {
    "what is refused when it is long": """
async def main(event):
    if len(event["keys"]) > 25:
        raise ValueError("too many")
    await asyncio.gather(*(fetch(key) for key in event["keys"]))
""",
    "what the caller refuses when it is long": """
async def many(keys):
    await asyncio.gather(*(fetch(key) for key in keys))

async def main(event):
    assert 25 >= len(event["keys"])
    await many(event["keys"])
""",
    "connections that aiohttp limits": """
import aiohttp

async def main(event):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10)) as session:
        await asyncio.gather(*(session.get(url) for url in event["urls"]))
""",
    "connections that httpx limits": """
import httpx

client = httpx.AsyncClient(limits=httpx.Limits(max_connections=10), timeout=5)

async def main(event):
    await asyncio.gather(*(client.get(url) for url in event["urls"]))
""",
    "different calls": """
async def main(event):
    await asyncio.gather(fetch(1), fetch(event["key"]))
""",
    "a literal": """
async def main(event):
    await asyncio.gather(*(fetch(key) for key in ["profile", "orders"]))
""",
    "a range": """
async def main(event):
    await asyncio.gather(*(fetch(number) for number in range(10)))
""",
    "a semaphore within": """
semaphore = asyncio.Semaphore(10)

async def one(key):
    async with semaphore:
        await fetch(key)

async def main(event):
    await asyncio.gather(*(one(key) for key in event["keys"]))
""",
    "a semaphore given to each": """
async def one(semaphore, key):
    async with semaphore:
        await fetch(key)

async def main(event):
    semaphore = asyncio.Semaphore(10)
    await asyncio.gather(*(one(semaphore, key) for key in event["keys"]))
""",
    "a wrapper with a semaphore": """
semaphore = asyncio.Semaphore(10)

async def bounded(coroutine):
    async with semaphore:
        return await coroutine

async def main(event):
    await asyncio.gather(*(bounded(fetch(key)) for key in event["keys"]))
""",
    "a semaphore that is acquired by hand": """
semaphore = asyncio.Semaphore(10)

async def one(key):
    await semaphore.acquire()
    try:
        await fetch(key)
    finally:
        semaphore.release()

async def main(event):
    await asyncio.gather(*(one(key) for key in event["keys"]))
""",
    "a limiter of a library, by its name": """
from library import limiter

async def one(key):
    async with limiter:
        await fetch(key)

async def main(event):
    await asyncio.gather(*(one(key) for key in event["keys"]))
""",
    "a limiter as a decorator": """
import meantime

api = meantime.Limiter("api", max_concurrency=8)

@api
async def one(key):
    await fetch(key)

async def main(event):
    await asyncio.gather(*(one(key) for key in event["keys"]))
""",
    "a slice": """
async def main(event):
    await asyncio.gather(*(fetch(key) for key in event["keys"][:10]))
""",
    "chunks of a library": """
from itertools import batched

async def main(event):
    for chunk in batched(event["keys"], 10):
        await asyncio.gather(*(fetch(key) for key in chunk))
""",
    "chunks cut here": """
async def main(event):
    keys = event["keys"]
    chunks = [keys[start : start + 10] for start in range(0, len(keys), 10)]
    for chunk in chunks:
        await asyncio.gather(*(fetch(key) for key in chunk))
""",
    "what is loaded": """
async def load(user): ...

async def main(event):
    orders = await load(event["user"])
    await asyncio.gather(*(fetch(order) for order in orders))
""",
    "threads, which the loop's executor bounds": """
import time

async def main(event):
    await asyncio.gather(*(asyncio.to_thread(time.sleep, key) for key in event["keys"]))
""",
    "a verb, whose bound is ten": """
from meantime import tasks

async def main(event):
    await tasks.map(fetch, event["keys"])
""",
    "a verb as wide as the input, which another rule finds": """
from meantime import tasks

async def main(event):
    await tasks.map(fetch, event["keys"], max_concurrency=len(event["keys"]))
""",
    "threads as wide as the input, which another rule finds": """
import time
from concurrent.futures import ThreadPoolExecutor

async def main(event):
    pool = ThreadPoolExecutor(len(event["keys"]))
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, key) for key in event["keys"]))
""",
    "while something is true": """
async def main(event):
    while event["more"]:
        asyncio.create_task(fetch(event))
""",
    "one after the other": """
async def main(event):
    for key in event["keys"]:
        await asyncio.create_task(fetch(key))
""",
    "another way of the data": """
async def main(event):
    names = {"profile", "orders"}
    await asyncio.gather(*(fetch(name) for name in names if name in event["wanted"]))
""",
    "a semaphore that is acquired before each task": """
async def one(key, semaphore):
    try:
        await fetch(key)
    finally:
        semaphore.release()

async def main(event):
    semaphore = asyncio.Semaphore(5)
    tasks = []
    for key in event["keys"]:
        await semaphore.acquire()
        tasks.append(asyncio.create_task(one(key, semaphore)))
    await asyncio.gather(*tasks)
""",
    "a group whose tasks wait for a semaphore": """
async def main(event):
    semaphore = asyncio.Semaphore(5)
    async with asyncio.TaskGroup() as group:
        for key in event["keys"]:
            await semaphore.acquire()
            group.create_task(fetch(key)).add_done_callback(lambda _: semaphore.release())
""",
    "a window that is waited for": """
async def main(event):
    pending = set()
    for key in event["keys"]:
        if sum(not each.done() for each in pending) == 10:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        pending.add(asyncio.create_task(fetch(key)))
    await asyncio.wait(pending)
""",
    "a few at a time, by hand": """
async def main(event):
    tasks = []
    for number, key in enumerate(event["keys"]):
        tasks.append(asyncio.create_task(fetch(key)))
        if number % 10 == 9:
            await asyncio.gather(*tasks)
            tasks = []
    await asyncio.gather(*tasks)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_fan_out_as_wide_as_the_event_is_found(finds, source):
    finds("MT501", HEAD + source + TAIL)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_fan_out_with_a_bound_is_not(finds, source):
    finds("MT501", HEAD + source + TAIL)


def test_a_library_without_a_handler_is_left_alone(finds):
    finds("MT501", HEAD + "async def main(event):\n    await asyncio.gather(*(fetch(key) for key in event['keys']))\n")


def test_the_work_of_another_file_is_known(finds, findings_of):
    files = {
        "work.py": """
import asyncio

async def fetch(key): ...

async def fetch_all(keys):
    return await asyncio.gather(*(fetch(key) for key in keys))  # finds MT501
""",
        "app.py": """
import asyncio
import work

def lambda_handler(event, context):
    return asyncio.run(work.fetch_all(event["keys"]))
""",
    }
    finds("MT501", files)
    (found,) = findings_of("MT501", files)
    assert "`asyncio.gather`" in found.message
    assert "`fetch(…)`" in found.message
    assert found.chain


TEMPLATE = """
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.lambda_handler
      CodeUri: .
      Events:
        Source:
          Type: SQS
          Properties:
            Queue: !Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:orders"
            BatchSize: SIZE
"""


@pytest.mark.parametrize(
    ("size", "mark"), [("10", ""), ("11", "  # finds MT501"), ("1000", "  # finds MT501")], ids=["10", "11", "1000"]
)
def test_a_batch_counts_by_the_size_that_its_mapping_says(finds, size, mark):
    source = f"""
async def main(event):
    await asyncio.gather(*(fetch(record) for record in event["Records"])){mark}
"""
    finds("MT501", {"app.py": HEAD + source + TAIL, "template.yaml": TEMPLATE.replace("SIZE", size)})


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        ("SQS", ""),
        ("DynamoDB", "  # finds MT501"),
        ("Kinesis", "  # finds MT501"),
        ("MSK", "  # finds MT501"),
        ("SNS", ""),
        ("S3", ""),
    ],
)
def test_a_batch_of_the_default_size_counts_by_its_source(finds, kind, mark):
    source = f"""
async def main(event):
    await asyncio.gather(*(fetch(record) for record in event["Records"])){mark}
"""
    template = TEMPLATE.replace("Type: SQS", f"Type: {kind}").replace("            BatchSize: SIZE\n", "")
    finds("MT501", {"app.py": HEAD + source + TAIL, "template.yaml": template})


ROUTES = """
import asyncio
from typing import Dict, Iterable, List, Sequence, Set, Tuple

from fastapi import Depends, FastAPI, Header, Query, Request, Security
from mangum import Mangum
from pydantic import BaseModel, Field

app = FastAPI()
DEFAULT = ["a"]

class Order(BaseModel):
    lines: list[str]
    few: list[str] = Field(max_length=10)
    fewer: list[str] = Field(max_items=5)
    any: list[str] = Field(description="any")

class Settings:
    names: list[str]

def settings(): ...

async def fetch(key): ...

@app.post("/orders")
async def order(PARAMETERS):
    await asyncio.gather(*(fetch(key) for key in ITEMS))MARK

handler = Mangum(app)
"""


@pytest.mark.parametrize(
    ("parameters", "items", "is_found"),
    [
        ("keys: list[str]", "keys", True),
        ("order: Order", "order.lines", True),
        ("order: Order", "order.few", False),
        ("request: Request", "await request.json()", True),
        ("body: dict", 'body["keys"]', True),
        ("keys: list[str] = Depends(settings)", "keys", False),
        ("settings: Settings = Depends(settings)", "settings.names", False),
        ("keys: list[str] = Security(settings)", "keys", False),
        ("keys: list[str] = Query()", "keys", True),
        ("keys: list[str] = DEFAULT", "keys", True),
        *((f"keys: {kind}", "keys", True) for kind in ("set[str]", "tuple[str, ...]", "list", "dict[str, str]")),
        *((f"keys: {kind}[str]", "keys", True) for kind in ("List", "Set", "Tuple", "Dict", "Sequence", "Iterable")),
        ("order: Order", "order.fewer", False),
        ("order: Order", "order.any", True),
        ("name: str", "name", False),
        ("name", "name", False),
        ("keys: str", "keys.split(',')", True),
        ("keys: str = ''", "keys.split(',')", True),
        ("keys: str = Query()", "keys.split(',')", True),
        ("keys: str = Query(max_length=50)", "keys.split(',')", False),
        ("keys: str = Header()", "keys.split(',')", False),
        ("keys: str = Depends(settings)", "keys.split(',')", False),
        ("keys: Optional[str]", "keys.split(',')", False),
        ("keys", "keys.split(',')", False),
    ],
)
def test_what_the_caller_of_a_route_sends_is_input(finds, parameters, items, is_found):
    mark = "  # finds MT501" if is_found else ""
    source = ROUTES.replace("PARAMETERS", parameters).replace("ITEMS", items).replace("MARK", mark)
    finds("MT501", source)


LIMITED = """
import asyncio
import aiohttp
import httpx
import httpx2

connections = MAKER

async def main(event, client):
    await asyncio.gather(*(client.get(url) for url in event["urls"]))MARK
"""
HANDLER = """
import asyncio
import httpx
from work import main

def lambda_handler(event, context):
    asyncio.run(main(event, httpx.AsyncClient()))
"""


@pytest.mark.parametrize(
    "maker",
    [
        "aiohttp.TCPConnector(limit=10)",
        "aiohttp.TCPConnector(limit_per_host=10)",
        "httpx.Limits(max_connections=10)",
        "httpx2.Limits(max_connections=10)",
    ],
)
def test_connections_that_the_file_limits_are_a_bound(finds, maker):
    finds("MT501", {"work.py": LIMITED.replace("MAKER", maker).replace("MARK", ""), "app.py": HANDLER})


@pytest.mark.parametrize("maker", ["aiohttp.TCPConnector()", "httpx.Limits(keepalive_expiry=10)"])
def test_connections_without_a_number_are_none(finds, maker):
    finds("MT501", {"work.py": LIMITED.replace("MAKER", maker).replace("MARK", "  # finds MT501"), "app.py": HANDLER})


def test_connections_that_another_file_limits_are_none(finds):
    other = "import httpx\n\nlimits = httpx.Limits(max_connections=10)\n"
    source = LIMITED.replace("MAKER", "None").replace("MARK", "  # finds MT501")
    finds("MT501", {"other.py": other, "work.py": source, "app.py": HANDLER})
