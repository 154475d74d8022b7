"""MT401: a task that nothing waits for before the handler answers."""

from __future__ import annotations

import pytest

HANDLER = """
import asyncio

async def send(order):
    await asyncio.sleep(0.1)

"""

FOUND = {
    "thrown away": """
async def main(event):
    asyncio.create_task(send(event))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "thrown away with its done callback": """
async def main(event):
    asyncio.create_task(send(event)).add_done_callback(print)  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in a set, as Python's documentation advises": """
background = set()

async def main(event):
    task = asyncio.create_task(send(event))  # finds MT401
    background.add(task)
    task.add_done_callback(background.discard)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "put straight into a list that nobody looks at": """
kept = []

async def main(event):
    kept.append(asyncio.ensure_future(send(event)))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "assigned to a name that nobody uses": """
from asyncio import create_task as start

async def main(event):
    task = start(send(event), name="send")  # finds MT401
    task.set_name("metrics")

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in an attribute": """
class Metrics:
    def __init__(self):
        self.tasks = set()

    def start(self, event):
        self.last = asyncio.create_task(send(event))  # finds MT401
        self.tasks.add(self.last)
        self.last.add_done_callback(self.tasks.discard)

metrics = Metrics()

async def main(event):
    metrics.start(event)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in a local list": """
async def main(event):
    tasks = []
    for order in event["orders"]:
        tasks.append(asyncio.create_task(send(order)))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "of a name that another function has, too": """
last = None
other = None

def show():
    print(last)

async def main(event):
    global other
    other = event
    last = asyncio.create_task(send(event))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "taken out of its set by remove": """
background = set()

async def main(event):
    task = asyncio.create_task(send(event))  # finds MT401
    background.add(task)
    task.add_done_callback(background.remove)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "on the loop itself": """
async def main(event):
    loop = asyncio.get_running_loop()
    loop.create_task(send(event))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "of a global name": """
last = None

async def main(event):
    global last
    last = asyncio.create_task(send(event))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "with an annotation": """
async def main(event):
    task: asyncio.Task[None] = asyncio.create_task(send(event))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "sends with a client's method called put": """
import httpx

async def put(order):
    async with httpx.AsyncClient(timeout=5) as client:
        await client.put("https://metrics.example.com", json=order)

async def main(event):
    asyncio.create_task(put(event))  # finds MT401

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "below @meantime.handler, which cancels it": """
import meantime

@meantime.handler
async def lambda_handler(event, context):
    asyncio.create_task(send(event))  # finds MT401 likely
""",
    "below @meantime.handler, which is told to": """
import meantime

@meantime.handler(reserve=1, leftovers="end")
async def lambda_handler(event, context):
    asyncio.create_task(send(event))  # finds MT401 likely
""",
    "given a name and asked for it": """
async def main(event):
    task = asyncio.create_task(send(event))  # finds MT401
    task.set_name("send")
    print(task.get_name())

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
}

SILENT = {
    "awaited": """
async def main(event):
    task = asyncio.create_task(send(event))
    await task

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "awaited at once": """
async def main(event):
    await asyncio.create_task(send(event))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "gathered": """
async def main(event):
    tasks = []
    for order in event["orders"]:
        tasks.append(asyncio.create_task(send(order)))
    await asyncio.gather(*tasks)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "made in a comprehension": """
async def main(event):
    tasks = [asyncio.create_task(send(order)) for order in event["orders"]]
    await asyncio.wait(tasks)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "of a task group": """
async def main(event):
    async with asyncio.TaskGroup() as group:
        group.create_task(send(event))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "cancelled": """
async def main(event):
    ticking = asyncio.create_task(send(event))
    try:
        return event
    finally:
        ticking.cancel()

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "of a global name that is awaited elsewhere": """
last = None

async def finish():
    await last

async def main(event):
    global last
    last = asyncio.create_task(send(event))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "several at once": """
async def main(event):
    first, second = asyncio.create_task(send(event)), asyncio.create_task(send(event))
    await first
    await second

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept under a key": """
kept = {}

async def main(event):
    kept["last"] = asyncio.create_task(send(event))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in somebody else's object": """
async def main(event, context):
    context.state.task = asyncio.create_task(send(event))

def lambda_handler(event, context):
    asyncio.run(main(event, context))
""",
    "handed to another function by its name": """
async def settle(task):
    await task

async def main(event):
    task = asyncio.create_task(send(event))
    await settle(task)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "handed to a library's function": """
import library

async def main(event):
    task = asyncio.create_task(send(event))
    library.keep(task)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in a list in a list": """
groups = []

async def main(event):
    tasks = []
    tasks.append(asyncio.create_task(send(event)))
    groups.append(tasks)

async def drain():
    for tasks in groups:
        await asyncio.gather(*tasks)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "returned": """
async def main(event):
    return asyncio.create_task(send(event))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "handed to another function": """
async def settle(task):
    await task

async def main(event):
    await settle(asyncio.create_task(send(event)))

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in a set that is awaited elsewhere": """
background = set()

async def main(event):
    task = asyncio.create_task(send(event))
    background.add(task)
    task.add_done_callback(background.discard)

async def drain():
    await asyncio.gather(*background)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "kept in an attribute that is awaited elsewhere": """
class Metrics:
    def start(self, event):
        self.last = asyncio.create_task(send(event))

    async def close(self):
        await self.last

metrics = Metrics()

async def main(event):
    metrics.start(event)
    await metrics.close()

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "waited for through the queue that it serves": """
async def work(queue):
    while True:
        order = await queue.get()
        queue.task_done()

async def main(event):
    queue = asyncio.Queue()
    asyncio.create_task(work(queue))
    await queue.join()

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "waited for through an event that it is given": """
async def work(done):
    await asyncio.sleep(1)

async def main(event):
    done = asyncio.Event()
    asyncio.create_task(work(done))
    await done.wait()

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "waited for with all other tasks": """
async def main(event):
    asyncio.create_task(send(event))
    await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "of a server, which no handler reaches": """
async def main():
    asyncio.create_task(send({}))
    await asyncio.sleep(3600)

if __name__ == "__main__":
    asyncio.run(main())
""",
    "waited for by @meantime.handler": """
import meantime

@meantime.handler(leftovers="wait")
async def lambda_handler(event, context):
    asyncio.create_task(send(event))
""",
    "refused by @meantime.handler": """
import meantime

@meantime.handler(leftovers="fail")
async def lambda_handler(event, context):
    asyncio.create_task(send(event))
""",
    "waited for through a callback": """
async def main(event):
    done = asyncio.Event()
    task = asyncio.create_task(send(event))
    task.add_done_callback(lambda _: done.set())
    await done.wait()

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_task_that_nothing_waits_for_is_found(finds, source):
    finds("MT401", HANDLER + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_task_that_something_may_wait_for_is_not(finds, source):
    finds("MT401", HANDLER + source)


def test_a_task_started_by_a_helper_in_another_file_is_found_with_the_way_to_it(finds, findings_of):
    files = {
        "metrics.py": """
import asyncio

async def push(order): ...

def send(order):
    asyncio.create_task(push(order))  # finds MT401
""",
        "app.py": """
import asyncio
from metrics import send as notify

async def main(event):
    notify(event)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    }
    finds("MT401", files)
    (found,) = findings_of("MT401", files)
    assert [step.place.path for step in found.chain] == ["app.py", "app.py"]
    assert "`push(…)`" in found.message
    assert "`send`" in found.message


def test_what_ruff_reports_is_shown_all_the_same_since_keeping_a_reference_is_no_remedy_here(findings_of):
    (found,) = findings_of("MT401", HANDLER + FOUND["thrown away"])
    assert found.also_found_by == ()


def test_a_route_is_told_of_the_adapter(findings_of):
    source = """
from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()

@app.post("/orders")
async def order(number: int):
    asyncio.create_task(send(number))
    return {}

handler = Mangum(app)
"""
    (found,) = findings_of("MT401", HANDLER + source)
    assert 'let `meantime.ASGIAdapter(app, leftovers="wait")` wait for it' in found.message


@pytest.mark.parametrize(
    ("decorator", "says"),
    [
        ("", 'it is cut off, or goes on in a later invocation. Await it, or let `@meantime.handler(leftovers="wait")`'),
        ("@meantime.handler\n", 'Meantime cancels it at the answer. Await it, or use `leftovers="wait"`.'),
    ],
    ids=["without Meantime", "with Meantime"],
)
def test_what_becomes_of_it_is_said(findings_of, decorator, says):
    source = f"""
import meantime

async def main(event):
    asyncio.create_task(send(event))

{decorator}def lambda_handler(event, context):
    asyncio.run(main(event))
"""
    (found,) = findings_of("MT401", HANDLER + source)
    assert says in found.message


def test_a_task_of_nothing_is_no_task(finds):
    source = """
async def main(event):
    asyncio.create_task()

def lambda_handler(event, context):
    asyncio.run(main(event))
"""
    finds("MT401", HANDLER + source)


def test_a_way_that_is_only_possible_is_likely(finds):
    finds(
        "MT401",
        HANDLER
        + """
import os

def start(event):
    asyncio.create_task(send(event))  # finds MT401 likely

chosen = start if os.environ.get("METRICS") else print

async def main(event):
    chosen(event)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    )
