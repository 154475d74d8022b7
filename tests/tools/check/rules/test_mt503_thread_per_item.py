"""MT503: a thread or process for every item of the input."""

from __future__ import annotations

import pytest

HEAD = """
import multiprocessing
import threading

def load(key):
    print(key)

"""

FOUND = {
    "in a loop": """
def lambda_handler(event, context):
    for key in event["keys"]:
        thread = threading.Thread(target=load, args=(key,))  # finds MT503
        thread.start()
""",
    "in a comprehension": """
from threading import Thread as Worker

def lambda_handler(event, context):
    started = [Worker(target=load, args=(key,)) for key in event["keys"]]  # finds MT503
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
""",
    "processes": """
def lambda_handler(event, context):
    for key in event["keys"]:
        multiprocessing.Process(target=load, args=(key,)).start()  # finds MT503
""",
    "timers": """
def lambda_handler(event, context):
    for number, key in enumerate(event["keys"]):
        threading.Timer(number, load, args=(key,)).start()  # finds MT503
""",
    "in a helper": """
def load_all(keys):
    for key in keys:
        threading.Thread(target=load, args=(key,)).start()  # finds MT503

def lambda_handler(event, context):
    load_all(event["keys"])
""",
    "joined later": """
def lambda_handler(event, context):
    started = []
    for key in event["keys"]:
        thread = threading.Thread(target=load, args=(key,))  # finds MT503
        thread.start()
        started.append(thread)
    for thread in started:
        thread.join()
""",
    "an unknown batch of records": """
def lambda_handler(event, context):
    for record in event["Records"]:
        threading.Thread(target=load, args=(record,)).start()  # finds MT503
""",
    "a way that is only possible": """
import os

def start(event):
    for key in event["keys"]:
        threading.Thread(target=load, args=(key,)).start()  # finds MT503 likely

chosen = start if os.environ.get("MANY") else print

def lambda_handler(event, context):
    chosen(event)
""",
}

SILENT = {
    "a known number": """
def lambda_handler(event, context):
    for number in range(4):
        threading.Thread(target=load, args=(number,)).start()
""",
    "a literal": """
def lambda_handler(event, context):
    for name in ("profile", "orders"):
        threading.Thread(target=load, args=(name,)).start()
""",
    "one after the other": """
def lambda_handler(event, context):
    for key in event["keys"]:
        thread = threading.Thread(target=load, args=(key,))
        thread.start()
        thread.join()
""",
    "held back by a semaphore": """
room = threading.Semaphore(10)

def lambda_handler(event, context):
    for key in event["keys"]:
        room.acquire()
        threading.Thread(target=load, args=(key,)).start()
""",
    "two different ones": """
def lambda_handler(event, context):
    first = threading.Thread(target=load, args=(event["key"],))
    second = threading.Thread(target=load, args=("all",))
    first.start()
    second.start()
""",
    "of what is loaded": """
def accounts(user): ...

def lambda_handler(event, context):
    for account in accounts(event["user"]):
        threading.Thread(target=load, args=(account,)).start()
""",
    "while something is true": """
def lambda_handler(event, context):
    while event["more"]():
        threading.Thread(target=load, args=(1,)).start()
""",
    "a pool": """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=10) as executor:
        for key in event["keys"]:
            executor.submit(load, key)
""",
    "a script": """
def main(keys):
    for key in keys:
        threading.Thread(target=load, args=(key,)).start()

if __name__ == "__main__":
    main(input().split())
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_thread_for_every_item_is_found(finds, source):
    finds("MT503", HEAD + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_threads_of_a_number_are_not(finds, source):
    finds("MT503", HEAD + source)


@pytest.mark.parametrize(
    ("made", "kind", "executor"),
    [("threading.Thread", "thread", "threads"), ("multiprocessing.Process", "process", "processes")],
)
def test_the_message_says_of_what_there_are_many(findings_of, made, kind, executor):
    source = f"""
def lambda_handler(event, context):
    keys = event["keys"]
    for key in keys:
        {made}(target=load, args=(key,)).start()
"""
    (found,) = findings_of("MT503", HEAD + source)
    assert found.message.startswith(f"A {kind} for every item of `keys`:")
    assert f"`meantime.{executor}.map(…, max_concurrency=10)`" in found.message
