"""MT402: a thread or timer that nothing joins before the handler answers."""

from __future__ import annotations

import pytest

HEAD = """
import threading

def send(order):
    print(order)

"""

FOUND = {
    "started where it is made": """
def lambda_handler(event, context):
    threading.Thread(target=send, args=(event,)).start()  # finds MT402
""",
    "a daemon with a name": """
from threading import Thread as Worker

def lambda_handler(event, context):
    thread = Worker(target=send, args=(event,))  # finds MT402
    thread.daemon = True
    thread.start()
""",
    "a timer": """
def lambda_handler(event, context):
    timer = threading.Timer(0.5, send, args=(event,))  # finds MT402
    timer.start()
""",
    "a timer with its function by name": """
def lambda_handler(event, context):
    threading.Timer(interval=0.5, function=send).start()  # finds MT402
""",
    "given its name and asked for its number": """
def lambda_handler(event, context):
    thread = threading.Thread(None, send)  # finds MT402
    thread.name = "metrics"
    thread.start()
    print(thread.name, thread.ident)
""",
    "of an own class in a package": """
class Base:
    pass

class Sender(Base, threading.Thread):
    def __init__(self, order):
        self.order = order

    def run(self):
        print(self.order)

def lambda_handler(event, context):
    sender = Sender(event)  # finds MT402
    sender.start()
""",
    "of an own class without a run": """
class Sender(threading.Thread):
    pass

def lambda_handler(event, context):
    Sender().start()  # finds MT402 likely
""",
    "of an own class that is given what it runs": """
class Sender(threading.Thread):
    pass

def lambda_handler(event, context):
    Sender(target=send).start()  # finds MT402
""",
    "kept in a list that nobody looks at": """
started = []

def lambda_handler(event, context):
    thread = threading.Thread(target=send, args=(event,))  # finds MT402
    thread.start()
    started.append(thread)
""",
    "kept in an attribute": """
class Metrics:
    def send(self, order):
        self.thread = threading.Thread(target=self.push)  # finds MT402
        self.thread.start()

    def push(self):
        print("pushed")

metrics = Metrics()

def lambda_handler(event, context):
    metrics.send(event)
""",
    "of an own class": """
class Sender(threading.Thread):
    def run(self):
        print("sent")

def lambda_handler(event, context):
    Sender().start()  # finds MT402
""",
    "a lambda": """
def lambda_handler(event, context):
    threading.Thread(target=lambda: send(event)).start()  # finds MT402
""",
    "of a library's function": """
import library

def lambda_handler(event, context):
    threading.Thread(target=library.send).start()  # finds MT402 likely
""",
    "that goes on by intent": """
import time

def refresh():
    while True:
        time.sleep(60)

def lambda_handler(event, context):
    threading.Thread(target=refresh, daemon=True).start()  # finds MT402 likely
""",
    "by a way that is only possible": """
import os

def start(event):
    threading.Thread(target=send).start()  # finds MT402 likely

chosen = start if os.environ.get("METRICS") else print

def lambda_handler(event, context):
    chosen(event)
""",
    "two, one after the other, by the example of Powertools": """
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()

def threaded_func(order_id: str):
    logger.thread_safe_append_keys(order_id=order_id, thread_id=threading.get_ident())
    logger.info("Collecting payment")

def lambda_handler(event: dict, context: LambdaContext) -> str:
    order_ids: list[str] = event["order_ids"]

    threading.Thread(target=threaded_func, args=(order_ids[0],)).start()  # finds MT402
    threading.Thread(target=threaded_func, args=(order_ids[1],)).start()  # finds MT402

    return "hello world"
""",
    "of one of two own classes": """
import time

class Refresh(threading.Thread):
    def run(self):
        while True:
            time.sleep(60)

class Sender(threading.Thread):
    def run(self):
        print("sent")

def lambda_handler(event, context):
    Refresh().start()  # finds MT402 likely
    Sender().start()  # finds MT402
""",
}

SILENT = {
    "joined": """
def lambda_handler(event, context):
    thread = threading.Thread(target=send, args=(event,))
    thread.start()
    thread.join()
""",
    "asked whether it lives": """
def lambda_handler(event, context):
    thread = threading.Thread(target=send, args=(event,))
    thread.start()
    while thread.is_alive():
        print("waiting")
""",
    "several, joined in a loop": """
def lambda_handler(event, context):
    started = []
    for order in event["orders"]:
        thread = threading.Thread(target=send, args=(order,))
        thread.start()
        started.append(thread)
    for thread in started:
        thread.join()
""",
    "several, made in a comprehension": """
def lambda_handler(event, context):
    started = [threading.Thread(target=send, args=(order,)) for order in event["orders"]]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
""",
    "a timer that is cancelled": """
def lambda_handler(event, context):
    watch = threading.Timer(2.0, send, args=("late",))
    watch.start()
    try:
        return event
    finally:
        watch.cancel()
""",
    "waited for through the queue that it is given by name": """
import queue

def work(results):
    print("working")

def lambda_handler(event, context):
    results = queue.Queue()
    threading.Thread(target=work, kwargs={"results": results}).start()
    return results.get()
""",
    "something else is started": """
import library

def lambda_handler(event, context):
    thread = threading.Thread(target=send, args=(event,))
    library.start()
    print("not needed")
""",
    "never started, only named": """
def lambda_handler(event, context):
    thread = threading.Thread(target=send, args=(event,))
    print(thread.name)
    print(thread.start)
""",
    "never started": """
def lambda_handler(event, context):
    thread = threading.Thread(target=send, args=(event,))
    print("not needed")
""",
    "joined by another method": """
class Metrics:
    def start(self):
        self.thread = threading.Thread(target=send)
        self.thread.start()

    def close(self):
        self.thread.join()

metrics = Metrics()

def lambda_handler(event, context):
    metrics.start()
    metrics.close()
""",
    "handed back": """
def start(event):
    thread = threading.Thread(target=send)
    thread.start()
    return thread

def lambda_handler(event, context):
    start(event).join()
""",
    "waited for through an event": """
done = threading.Event()

def work():
    done.set()

def lambda_handler(event, context):
    threading.Thread(target=work).start()
    done.wait()
""",
    "waited for through the queue that it is given": """
import queue

def work(results, order):
    print(order)

def lambda_handler(event, context):
    results = queue.Queue()
    threading.Thread(target=work, args=(results, event)).start()
    return results.get()
""",
    "started while the module loads": """
threading.Thread(target=send, args=("cold",), daemon=True).start()

def lambda_handler(event, context):
    return event
""",
    "of a script": """
def main():
    threading.Thread(target=send).start()

if __name__ == "__main__":
    main()
""",
    "waited for by @meantime.handler": """
import meantime

@meantime.handler
def lambda_handler(event, context):
    threading.Thread(target=send, args=(event,)).start()
""",
    "another class's start": """
class Thread:
    def start(self):
        print("started")

def lambda_handler(event, context):
    Thread().start()
""",
    "joined with all that there are": """
def lambda_handler(event, context):
    threading.Thread(target=send, args=(event,)).start()
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()
""",
    "waited for by their number": """
import time

def lambda_handler(event, context):
    threading.Thread(target=send, args=(event,)).start()
    while threading.active_count() > 1:
        time.sleep(0.1)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_thread_that_nothing_joins_is_found(finds, source):
    finds("MT402", HEAD + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_thread_that_something_may_wait_for_is_not(finds, source):
    finds("MT402", HEAD + source)


def test_a_thread_started_by_a_helper_in_another_file_is_found(finds):
    finds(
        "MT402",
        {
            "src/metrics.py": """
from threading import Thread

def push(order):
    print(order)

class Metrics:
    def send(self, order):
        Thread(target=push, args=(order,)).start()  # finds MT402
""",
            "src/app.py": """
from metrics import Metrics

metrics = Metrics()

def lambda_handler(event, context):
    metrics.send(event)
""",
        },
    )
