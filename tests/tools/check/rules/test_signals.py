"""Whether work tells of its end in another way than by its own handle: seen by MT402, which asks it of threads."""

from __future__ import annotations

import pytest

SIGNALS = [
    ("queue.Queue()", "put(order)"),
    ("queue.SimpleQueue()", "put_nowait(order)"),
    ("queue.Queue()", "get()"),
    ("queue.Queue()", "get_nowait()"),
    ("queue.Queue()", "task_done()"),
    ("threading.Event()", "set()"),
    ("threading.Condition()", "notify()"),
    ("threading.Condition()", "notify_all()"),
    ("threading.Barrier(2)", "wait()"),
    ("threading.Semaphore(0)", "acquire()"),
    ("threading.Semaphore(0)", "release()"),
    ("concurrent.futures.Future()", "set_result(order)"),
    ("concurrent.futures.Future()", "set_exception(ValueError())"),
    ("multiprocessing.Queue()", "put(order)"),
    ("multiprocessing.connection.Client('x')", "send(order)"),
    ("asyncio.Queue()", "put_nowait(order)"),
    ("anyio.create_memory_object_stream()", "send_nowait(order)"),
    ("anyio.create_memory_object_stream()", "receive()"),
    ("janus.Queue()", "put(order)"),
    ("{}", "get(1)"),
]
NO_SIGNALS = [
    ("threading.Event()", "is_set()"),
    ("library.Mail()", "send(order)"),
    ("queue.Queue()", "qsize()"),
]
SOURCE = """
import asyncio
import concurrent.futures
import multiprocessing.connection
import queue
import threading

import anyio
import janus
import library

thing = MAKER

def send(order):
    thing.CALL

def lambda_handler(event, context):
    threading.Thread(target=send, args=(event,)).start()MARK
"""


@pytest.mark.parametrize(("maker", "call"), SIGNALS)
def test_it_tells(finds, maker, call):
    finds("MT402", SOURCE.replace("MAKER", maker).replace("CALL", call).replace("MARK", ""))


@pytest.mark.parametrize(("maker", "call"), NO_SIGNALS)
def test_it_does_not_tell(finds, maker, call):
    finds("MT402", SOURCE.replace("MAKER", maker).replace("CALL", call).replace("MARK", "  # finds MT402"))
