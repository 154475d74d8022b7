"""Whether something is done under a lock: seen by MT604, which then says nothing."""

from __future__ import annotations

import pytest

SOURCE = """
import asyncio
import contextlib
import multiprocessing
import threading

import anyio
import library
from meantime import tasks, threads

total = 0
gate = MAKER

def load(key): ...

def add(key):
    global total
    with GATE:
        total += load(key)MARK

def main(keys):
    threads.map(add, keys)
"""
LOCKS = [
    ("threading.Lock()", "gate"),
    ("threading.RLock()", "gate"),
    ("threading.Condition()", "gate"),
    ("multiprocessing.Lock()", "gate"),
    ("library.gate()", "gate.read_lock()"),
    ("[threading.Lock()]", "gate[0]"),
    ("None", "key"),
    ("None", "key.gate"),
    ("None", "key['gate']"),
    ("None", "unknown_lock(key)"),
    ("{}", "gate['a']"),
    ("library.gates + library.others", "gate"),
    ("library.gates + library.others", "gate.first"),
]
NO_LOCKS = [
    ("None", "contextlib.suppress(ValueError)"),
    ("None", "open(key)"),
    ("None", "unknown(key)"),
]


@pytest.mark.parametrize(("maker", "gate"), LOCKS)
def test_a_lock_and_what_may_be_one_is_one(finds, maker, gate):
    finds("MT604", SOURCE.replace("MAKER", maker).replace("GATE", gate).replace("MARK", ""))


@pytest.mark.parametrize(("maker", "gate"), NO_LOCKS)
def test_another_context_is_none(finds, maker, gate):
    finds("MT604", SOURCE.replace("MAKER", maker).replace("GATE", gate).replace("MARK", "  # finds MT604"))


@pytest.mark.parametrize(
    "maker", ["asyncio.Lock()", "asyncio.Semaphore(1)", "asyncio.Condition()", "anyio.Lock()", "Alone()"]
)
def test_tasks_have_locks_of_their_own(finds, maker):
    source = f"""
import asyncio
import anyio
from meantime import tasks

class Alone:
    def __init__(self):
        self._gate = asyncio.Lock()

    async def __aenter__(self):
        await self._gate.acquire()

    async def __aexit__(self, *exc_info):
        self._gate.release()

total = 0
gate = {maker}

async def load(key): ...

async def add(key):
    global total
    async with gate:
        total += await load(key)

async def main(keys):
    await tasks.map(add, keys)
"""
    finds("MT604", source)


WAYS = {
    "taken by the caller by hand": """
def add(key):
    global total
    total += load(key)

def one(key):
    gate.acquire()
    add(key)
    gate.release()
""",
    "taken by a caller further up by hand": """
def add(key):
    global total
    total += load(key)

def middle(key):
    add(key)

def above(key):
    gate.acquire()
    middle(key)
    gate.release()

def one(key):
    above(key)
""",
    "taken by a caller further up by with": """
def add(key):
    global total
    total += load(key)

def middle(key):
    add(key)

def above(key):
    with gate:
        middle(key)

def one(key):
    above(key)
""",
    "taken by a context, of what it is given": """
import contextlib
import library

@contextlib.contextmanager
def alone(key):
    library.acquire()
    key.mutex.acquire()
    yield

def one(key):
    global total
    with alone(key):
        total += load(key)
""",
    "taken around something else": """
def add(key):
    global total
    total += load(key)  # finds MT604

def one(key):
    with gate:
        print(key)
    add(key)
""",
    "a function that is called so": """
def acquire(): ...

def add(key):
    global total
    total += load(key)  # finds MT604

def one(key):
    acquire()
    add(key)
""",
    "no lock, by a way that is only possible": """
import os

def add(key):
    global total
    total += load(key)  # finds MT604 likely

def other(key): ...

chosen = add if os.environ.get("ADD") else other

def middle(key):
    chosen(key)

def inner(key):
    add_all(key)

def add_all(key):
    middle(key)

def one(key):
    inner(key)
""",
    "no lock, below a way that is only possible": """
import os

def add(key):
    global total
    total += load(key)  # finds MT604 likely

def middle(key):
    add(key)

def other(key): ...

chosen = middle if os.environ.get("ADD") else other

def one(key):
    chosen(key)
""",
}


@pytest.mark.parametrize("source", WAYS.values(), ids=WAYS)
def test_a_lock_holds_for_what_is_called_under_it(finds, source):
    head = (
        "import threading\nfrom meantime import threads\n\ngate = threading.Lock()\ntotal = 0\n\ndef load(key): ...\n"
    )
    finds("MT604", f"{head}{source}\ndef main(keys):\n    threads.map(one, keys)\n")
