"""MT604: a shared value that calls side by side read and write back without a lock."""

from __future__ import annotations

import pytest

HEAD = """
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from meantime import tasks, threads

def load(key):
    return len(key)

async def fetch(key):
    await asyncio.sleep(0.1)
    return len(key)

"""

FOUND = {
    "a global": """
total = 0

def add(key):
    global total
    print(total)
    total += load(key)  # finds MT604

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "a global, written out": """
total = 0

def add(key):
    global total
    total = total + load(key)  # finds MT604

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        list(executor.map(add, event["keys"]))
""",
    "a name of the function around": """
def lambda_handler(event, context):
    total = 0

    def add(key):
        nonlocal total
        total -= load(key)  # finds MT604

    with ThreadPoolExecutor(max_workers=3) as executor:
        for key in event["keys"]:
            executor.submit(add, key)
    return total
""",
    "an attribute of the object itself": """
class Sum:
    total = 0

    def add(self, key):
        self.total += load(key)  # finds MT604

    def run(self, keys):
        threads.map(self.add, keys)
""",
    "an attribute, by another method": """
class Sum:
    def __init__(self):
        self.total = 0

    def one(self, key):
        self.add(key)

    def add(self, key):
        self.total += load(key)  # finds MT604

    def run(self, keys):
        threads.map(self.one, keys)
""",
    "an attribute of an object made before": """
class Sum:
    total = 0

    def add(self, key):
        self.total += load(key)  # finds MT604

def lambda_handler(event, context):
    together = Sum()
    with ThreadPoolExecutor(max_workers=3) as executor:
        list(executor.map(together.add, event["keys"]))
    return together.total
""",
    "an attribute of a module's object": """
class Statistics:
    count = 0

statistics = Statistics()

def add(key):
    statistics.count += load(key)  # finds MT604

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "an entry of a dictionary": """
totals = {"length": 0}

def add(key):
    totals["length"] += load(key)  # finds MT604

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "an entry of an attribute": """
class Sum:
    def __init__(self):
        self.totals = {"length": 0}

    def add(self, key):
        self.totals["length"] += load(key)  # finds MT604

    def run(self, keys):
        threads.map(self.add, keys)
""",
    "below a helper": """
total = 0

def count(key):
    global total
    total += load(key)  # finds MT604

def lambda_handler(event, context):
    threads.map(lambda key: count(key), event["keys"])
""",
    "in a batch": """
import meantime

total = 0

@meantime.batch.sqs
def lambda_handler(message):
    global total
    total += load(message)  # finds MT604
""",
    "by threads in a loop": """
total = 0

def add(key):
    global total
    total += load(key)  # finds MT604

def main(keys):
    for key in keys:
        threading.Thread(target=add, args=(key,)).start()
""",
    "a known number of times": """
total = 0

def add(key):
    global total
    total += load(key)  # finds MT604

def lambda_handler(event, context):
    threads.map(add, ["a", "b"])
    threads.map(add, ["c", "d"])
""",
    "twice the same": """
total = 0

def add(key):
    global total
    total += load(key)  # finds MT604

def lambda_handler(event, context):
    threads.gather(lambda: 1, lambda: 2)
    with ThreadPoolExecutor(max_workers=2) as executor:
        first, second = executor.submit(add, "a"), executor.submit(add, "b")
    return first, second
""",
    "without a call in between": """
count = 0

def add(key):
    global count
    count += 1  # finds MT604 likely

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "with a builtin only": """
length = 0

def add(key):
    global length
    length += len(key)  # finds MT604 likely

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "with the call before the old value is read": """
total = 0

def add(key):
    global total
    total = load(key) + total  # finds MT604 likely

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "by a way that is only possible": """
import os

total = 0

def add(key):
    global total
    total += load(key)  # finds MT604 likely

def nothing(key): ...

chosen = add if os.environ.get("ADD") else nothing

def one(key):
    chosen(key)

def lambda_handler(event, context):
    threads.map(one, event["keys"])
""",
    "in tasks": """
async def main(keys):
    total = 0

    async def add(key):
        nonlocal total
        total += await fetch(key)  # finds MT604

    await asyncio.gather(*(add(key) for key in keys))
    return total
""",
    "in tasks of one object": """
class Sum:
    def __init__(self):
        self.total = 0

    async def add(self, key):
        self.total += await fetch(key)  # finds MT604

    async def run(self, keys):
        await asyncio.gather(self.add(keys[0]), self.add(keys[1]))
""",
    "in tasks of a verb": """
total = 0

async def add(key):
    global total
    total = total + await fetch(key)  # finds MT604

async def main(keys):
    await tasks.map(add, keys)
""",
    "in tasks, by a way that is only possible": """
import os

total = 0

async def add(key):
    global total
    total += await fetch(key)  # finds MT604 likely

async def nothing(key): ...

chosen = add if os.environ.get("ADD") else nothing

async def one(key):
    await chosen(key)

async def main(keys):
    await tasks.map(one, keys)
""",
    "in tasks of the same method of one object": """
class Sum:
    def __init__(self):
        self.n = 0

    async def add(self, key):
        self.n += await fetch(key)  # finds MT604

    async def both(self, event):
        await asyncio.gather(self.add(event["a"]), self.add(event["b"]))

def lambda_handler(event, context):
    asyncio.run(Sum().both(event))
""",
    "under a decorator that may hold a lock": """
from library import synchronized

total = 0

@synchronized
def add(key):
    global total
    total += load(key)  # finds MT604 likely

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "called under a decorator that may hold a lock": """
from library import synchronized

total = 0

def add(key):
    global total
    total += load(key)  # finds MT604 likely

@synchronized
def one(key):
    add(key)

def lambda_handler(event, context):
    return threads.map(one, event["keys"])
""",
    "called by what stands under a decorator that may hold a lock": """
from library import synchronized

total = 0

def add(key):
    global total
    total += load(key)  # finds MT604 likely

@synchronized
def middle(key):
    add(key)

def one(key):
    middle(key)

def lambda_handler(event, context):
    return threads.map(one, event["keys"])
""",
    "in a context that is no lock": """
import contextlib

total = 0

@contextlib.contextmanager
def timed():
    yield

class Timed:
    def __enter__(self):
        print("begins")

    def __exit__(self, *exc_info):
        print("ends")

def add(key):
    global total
    with timed(), Timed():
        total += load(key)  # finds MT604

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "a value that is made of the old one by a condition": """
total = 0

def add(key):
    global total
    total = (total or 0) + load(key)  # finds MT604

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "by a helper that a loop calls": """
total = 0

def add(key):
    global total
    total += load(key)  # finds MT604

def start(executor, key):
    executor.submit(add, key)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        for key in event["keys"]:
            start(executor, key)
""",
    "with what is taken in another's place": """
total = 0

def add(key):
    global total
    total += load(key) or 0  # finds MT604

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
}

SILENT = {
    "results, added up afterwards": """
def lambda_handler(event, context):
    total = 0
    for length in threads.map(load, event["keys"]):
        total += length
    return total
""",
    "a local name": """
def add(key):
    total = 0
    for part in key:
        total += load(part)
    return total

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "a name of the call itself": """
def add(key):
    total = 0

    def one(part):
        nonlocal total
        total += load(part)

    for part in key:
        one(part)
    return total

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "an object of the call itself": """
class Sum:
    total = 0

    def add(self, key):
        self.total += load(key)

def work(key):
    own = Sum()
    own.add(key)
    own.total += load(key)
    return own.total

def lambda_handler(event, context):
    return threads.map(work, event["keys"])
""",
    "an object for each call": """
class Sum:
    total = 0

    def add(self):
        self.total += load("key")

def lambda_handler(event, context):
    sums = [Sum() for _ in event["keys"]]
    with ThreadPoolExecutor(max_workers=3) as executor:
        for each in sums:
            executor.submit(each.add)
""",
    "the object that it is given": """
class Order:
    total = 0

def add(order):
    order.total += load(order.key)

def lambda_handler(event, context):
    threads.map(add, event["orders"])
""",
    "a dictionary that it is given": """
def add(order):
    order["total"] += load(order["key"])

def lambda_handler(event, context):
    threads.map(add, event["orders"])
""",
    "an entry for each key": """
totals = {}

def add(key):
    totals[key] += load(key)

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "an entry that is set": """
totals = {}

def add(key):
    totals["last"] = load(key)

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "an append": """
found = []

def add(key):
    found.append(load(key))

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "a global that is only set": """
last = 0

def add(key):
    global last
    last = load(key)

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "under a lock": """
total = 0
lock = threading.Lock()

def add(key):
    global total
    with lock:
        total += load(key)

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "under a lock of the object": """
class Sum:
    def __init__(self):
        self.total = 0
        self.lock = threading.Lock()

    def add(self, key):
        with self.lock:
            self.total += load(key)

    def run(self, keys):
        threads.map(self.add, keys)
""",
    "called under a lock": """
total = 0
lock = threading.Lock()

def count(key):
    global total
    total += load(key)

def add(key):
    with lock:
        count(key)

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "under a lock taken by hand": """
total = 0
lock = threading.Lock()

def add(key):
    global total
    lock.acquire()
    total += load(key)
    lock.release()

def lambda_handler(event, context):
    threads.map(add, event["keys"])
""",
    "by one worker": """
total = 0

def add(key):
    global total
    total += load(key)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=1) as executor:
        list(executor.map(add, event["keys"]))
""",
    "one after the other": """
total = 0

def add(key):
    global total
    total += load(key)

def lambda_handler(event, context):
    for key in event["keys"]:
        add(key)
""",
    "by one of two different calls": """
total = 0

def add(key):
    global total
    total += load(key)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=2) as executor:
        first, second = executor.submit(add, "a"), executor.submit(load, "b")
    return first, second
""",
    "in processes, which share nothing": """
from meantime import processes

total = 0

def add(key):
    global total
    total += load(key)

def lambda_handler(event, context):
    processes.map(add, event["keys"])
""",
    "in tasks, without an await in between": """
total = 0

async def add(key):
    global total
    length = await fetch(key)
    total += length

async def main(keys):
    await asyncio.gather(*(add(key) for key in keys))
""",
    "in tasks, with the await before the old value is read": """
total = 0

async def add(key):
    global total
    total = await fetch(key) + total

async def main(keys):
    await asyncio.gather(*(add(key) for key in keys))
""",
    "in tasks, under a lock": """
total = 0
lock = asyncio.Lock()

async def add(key):
    global total
    async with lock:
        total += await fetch(key)

async def main(keys):
    await asyncio.gather(*(add(key) for key in keys))
""",
    "an object for each item": """
class Sum:
    def __init__(self):
        self.n = 0

    def add(self):
        self.n += load("k")

def lambda_handler(event, context):
    sums = [Sum() for _ in event["keys"]]
    with ThreadPoolExecutor(max_workers=3) as executor:
        list(executor.map(Sum.add, sums))
""",
    "in tasks of different objects": """
class Sum:
    def __init__(self):
        self.n = 0

    async def add(self):
        self.n += await fetch("k")

async def main():
    a, b = Sum(), Sum()
    await asyncio.gather(a.add(), b.add())

def lambda_handler(event, context):
    asyncio.run(main())
""",
    "under the lock that a function gives": """
guards = {}
totals = {"a": 0}

def guard_for(key):
    return guards.setdefault(key, threading.Lock())

def add(key):
    with guard_for("a"):
        totals["a"] += load(key)

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "under the lock that a context takes": """
import contextlib

guard = threading.Lock()
total = 0

@contextlib.contextmanager
def alone():
    guard.acquire()
    try:
        yield
    finally:
        guard.release()

def add(key):
    global total
    with alone():
        total += load(key)

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "under the lock that a context enters": """
import contextlib

guard = threading.Lock()
total = 0

@contextlib.contextmanager
def alone():
    with guard:
        yield

def add(key):
    global total
    with alone():
        total += load(key)

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "under the lock of an own class": """
class Alone:
    def __init__(self):
        self._guard = threading.Lock()

    def __enter__(self):
        self._guard.acquire()

    def __exit__(self, *exc_info):
        self._guard.release()

alone = Alone()
total = 0

def add(key):
    global total
    with alone:
        total += load(key)

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "an attribute that each thread has for itself": """
local = threading.local()

def add(key):
    local.n += load(key)

def lambda_handler(event, context):
    return threads.map(add, event["keys"])
""",
    "made where it is missing": """
settings = None
others = None

def get(key):
    global settings, others
    settings = settings or load(key)
    others = others if others is not None else load(key)

def lambda_handler(event, context):
    return threads.map(get, event["keys"])
""",
    "what belongs to the helper that a loop calls": """
class Sum:
    def __init__(self):
        self.n = 0

    def add(self, key):
        self.n += load(key)

    def start(self, executor, key):
        executor.submit(self.add, key)

def start(executor, key):
    total = 0
    own = Sum()

    def add(key):
        nonlocal total
        total += load(key)

    executor.submit(add, key)
    executor.submit(own.add, key)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        for key in event["keys"]:
            start(executor, key)
            Sum().start(executor, key)
""",
    "by a helper that no loop calls": """
total = 0

def add(key):
    global total
    total += load(key)

def start(executor, key):
    executor.submit(add, key)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        start(executor, event["key"])
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_change_that_may_be_lost_is_found(finds, source):
    finds("MT604", HEAD + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_change_that_nothing_comes_between_is_not(finds, source):
    finds("MT604", HEAD + source)


def test_a_counter_of_another_file_is_found_with_the_way_to_it(finds, findings_of):
    files = {
        "count.py": """
import requests

seen = 0

def count(url):
    global seen
    seen += len(requests.get(url, timeout=5).text)  # finds MT604
""",
        "app.py": """
from concurrent.futures import ThreadPoolExecutor
import count

def one(url):
    count.count(url)

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=3) as executor:
        list(executor.map(one, event["urls"]))
""",
    }
    finds("MT604", files)
    (found,) = findings_of("MT604", files)
    assert "`seen`" in found.message
    assert "`count`" in found.message
    assert "threads" in found.message
    assert [step.place.line for step in found.chain] == [10, 6]
    assert (found.place.column, found.place.end_column) == (5, 51)


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("a global", "threads at once: changes are lost"),
        ("in tasks", "tasks at once: changes are lost"),
        ("without a call in between", "threads at once: changes may be lost"),
    ],
)
def test_it_is_said_where_changes_meet(findings_of, case, what):
    (found,) = findings_of("MT604", HEAD + FOUND[case])
    assert found.message.endswith(f"on several {what}. Return the value and add up the results, or use a lock.")
