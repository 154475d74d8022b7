"""MT403: work given to an executor that stays open, whose end nobody asks for before the handler answers."""

from __future__ import annotations

import pytest

HEAD = """
import asyncio
import concurrent.futures
from concurrent.futures import ThreadPoolExecutor

executor = ThreadPoolExecutor(4)

def send(order):
    print(order)

"""

FOUND = {
    "thrown away": """
def lambda_handler(event, context):
    executor.submit(send, event)  # finds MT403
""",
    "with a callback for errors": """
def lambda_handler(event, context):
    future = executor.submit(send, event)  # finds MT403
    future.add_done_callback(print)
""",
    "kept in a list that nobody looks at": """
def lambda_handler(event, context):
    sent = []
    for order in event["orders"]:
        sent.append(executor.submit(send, order))  # finds MT403
""",
    "mapped, and the results not taken": """
def lambda_handler(event, context):
    executor.map(send, event["orders"])  # finds MT403
""",
    "on an executor of an object": """
class Metrics:
    def __init__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor()

    def send(self, order):
        self.pool.submit(send, order)  # finds MT403

metrics = Metrics()

def lambda_handler(event, context):
    metrics.send(event)
""",
    "on a local executor that is not shut down": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    pool.submit(send, event)  # finds MT403
""",
    "on one that is shut down without waiting": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    pool.submit(send, event)  # finds MT403
    pool.shutdown(wait=False)
""",
    "on one that is shut down without waiting, by place": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    pool.submit(send, event)  # finds MT403
    pool.shutdown(False)
""",
    "on the loop's own executor": """
async def main(event):
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, send, event)  # finds MT403

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "on an executor that the loop is given": """
async def main(event):
    asyncio.get_running_loop().run_in_executor(executor, send, event)  # finds MT403

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "on pools, for many": """
import multiprocessing.dummy
from multiprocessing.pool import ThreadPool

pool = ThreadPool(3)
others = multiprocessing.dummy.Pool(3)

def lambda_handler(event, context):
    pool.map_async(send, event["orders"])  # finds MT403
    pool.starmap_async(send, event["orders"])  # finds MT403
    others.imap(send, event["orders"])  # finds MT403
    others.imap_unordered(send, event["orders"])  # finds MT403
""",
    "on processes": """
from concurrent.futures import ProcessPoolExecutor

workers = ProcessPoolExecutor(2)

def lambda_handler(event, context):
    workers.map(send, event["orders"])  # finds MT403
""",
    "on a pool of threads": """
from multiprocessing.pool import ThreadPool

pool = ThreadPool(3)

def lambda_handler(event, context):
    pool.apply_async(send, (event,))  # finds MT403
""",
    "by a way that is only possible": """
import os

def start(event):
    executor.submit(send, event)  # finds MT403 likely

chosen = start if os.environ.get("METRICS") else print

def lambda_handler(event, context):
    chosen(event)
""",
    "by a name for the method": """
submit = executor.submit

def lambda_handler(event, context):
    submit(send, event)  # finds MT403
    mapped = ThreadPoolExecutor(2).map
    mapped(send, event["orders"])  # finds MT403
""",
    "by an attribute for the method": """
class Metrics:
    def __init__(self):
        self.pool = ThreadPoolExecutor()
        self.push = self.pool.submit

    def send(self, order):
        self.push(send, order)  # finds MT403

metrics = Metrics()

def lambda_handler(event, context):
    metrics.send(event)
""",
    "with a callback that tells nobody": """
def report(future):
    print(future)

def lambda_handler(event, context):
    future = executor.submit(send, event)  # finds MT403
    future.add_done_callback(report)
""",
    "given to something else's context": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    pool.submit(send, event)  # finds MT403
    print(pool)
""",
    "with a callback by name, and a queue's method elsewhere": """
import queue

waiting = queue.Queue()

def lambda_handler(event, context):
    print(waiting.put)
    future = executor.submit(send, event)  # finds MT403
    future.add_done_callback(fn=print)
""",
}

SILENT = {
    "asked for": """
def lambda_handler(event, context):
    future = executor.submit(send, event)
    return future.result()
""",
    "asked for at once": """
def lambda_handler(event, context):
    return executor.submit(send, event).result()
""",
    "waited for": """
def lambda_handler(event, context):
    sent = [executor.submit(send, order) for order in event["orders"]]
    concurrent.futures.wait(sent)
""",
    "waited for as they complete": """
def lambda_handler(event, context):
    sent = []
    for order in event["orders"]:
        sent.append(executor.submit(send, order))
    for future in concurrent.futures.as_completed(sent):
        print(future)
""",
    "within with": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=2) as pool:
        pool.submit(send, event)
""",
    "within with, of one made before": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    with pool:
        pool.submit(send, event)
""",
    "shut down": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    pool.submit(send, event)
    pool.shutdown()
""",
    "shut down, and waiting said": """
def lambda_handler(event, context):
    pool = ThreadPoolExecutor(max_workers=2)
    pool.submit(send, event)
    pool.shutdown(wait=True)
""",
    "the results of a map taken": """
def lambda_handler(event, context):
    return list(executor.map(send, event["orders"]))
""",
    "by a pool's map, which waits": """
from multiprocessing.pool import ThreadPool

pool = ThreadPool(3)

def lambda_handler(event, context):
    pool.map(send, event["orders"])
""",
    "on a pool that is joined": """
from multiprocessing.pool import ThreadPool

def lambda_handler(event, context):
    pool = ThreadPool(3)
    pool.apply_async(send, (event,))
    pool.close()
    pool.join()
""",
    "on an executor that is only known by its class": """
def start(pool: ThreadPoolExecutor, event):
    pool.submit(send, event)

def lambda_handler(event, context):
    start(context.pool, event)
""",
    "on an executor of elsewhere that the loop is given": """
async def main(event, context):
    asyncio.get_running_loop().run_in_executor(context.pool, send, event)

def lambda_handler(event, context):
    asyncio.run(main(event, context))
""",
    "nothing": """
def lambda_handler(event, context):
    executor.submit()
""",
    "awaited": """
async def main(event):
    await asyncio.get_running_loop().run_in_executor(None, send, event)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "waited for through a queue": """
import queue

done = queue.Queue()

def work(order):
    done.put(order)

def lambda_handler(event, context):
    executor.submit(work, event)
    return done.get()
""",
    "an executor that comes from elsewhere": """
def start(pool, event):
    pool.submit(send, event)

def lambda_handler(event, context):
    start(context.pool, event)
""",
    "of a script": """
def main():
    executor.submit(send, 1)

if __name__ == "__main__":
    main()
""",
    "waited for by @meantime.handler": """
import meantime

@meantime.handler
def lambda_handler(event, context):
    executor.submit(send, event)
""",
    "a form that is submitted": """
class Form:
    def submit(self, function, event):
        function(event)

def lambda_handler(event, context):
    Form().submit(send, event)
""",
    "by a name for the method, and the result taken": """
submit = executor.submit

def lambda_handler(event, context):
    return submit(send, event).result()
""",
    "by a name for the method of one that is left by with": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(2) as pool:
        submit = pool.submit
        submit(send, event)
""",
    "entered by a stack": """
import contextlib

def lambda_handler(event, context):
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=2))
        pool.submit(send, event)
""",
    "shut down by a stack": """
import contextlib

def lambda_handler(event, context):
    with contextlib.ExitStack() as stack:
        pool = ThreadPoolExecutor(max_workers=2)
        stack.callback(pool.shutdown)
        pool.submit(send, event)
""",
    "given to a stack": """
import contextlib

def lambda_handler(event, context):
    with contextlib.ExitStack() as stack:
        pool = ThreadPoolExecutor(max_workers=2)
        stack.push(pool)
        pool.submit(send, event)
""",
    "waited for through a callback": """
import queue

def lambda_handler(event, context):
    done = queue.Queue()
    future = executor.submit(send, event)
    future.add_done_callback(done.put)
    return done.get()
""",
    "waited for through a callback of its own": """
import threading

done = threading.Event()

def finish(future):
    done.set()

def lambda_handler(event, context):
    executor.submit(send, event).add_done_callback(finish)
    done.wait()
""",
    "on one of several executors that the loop is given": """
executors = {}

async def main(event):
    asyncio.get_running_loop().run_in_executor(executors[event["kind"]], send, event)

def lambda_handler(event, context):
    asyncio.run(main(event))
""",
    "on an executor that is only perhaps a new one": """
import os

def start(event, pool=None):
    used = ThreadPoolExecutor(2) if pool is None else pool
    used.submit(send, event)

def lambda_handler(event, context):
    start(event, context.pool)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_work_that_nobody_asks_for_is_found(finds, source):
    finds("MT403", HEAD + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_work_that_something_may_wait_for_is_not(finds, source):
    finds("MT403", HEAD + source)


def test_an_executor_of_another_file_is_known(finds):
    finds(
        "MT403",
        {
            "pools.py": "from concurrent.futures import ThreadPoolExecutor\n\nworkers = ThreadPoolExecutor(4)\n",
            "app.py": """
from pools import workers as pool

def send(order):
    print(order)

def lambda_handler(event, context):
    pool.submit(send, event)  # finds MT403
""",
        },
    )


def test_an_executor_that_another_file_shuts_down_is_not_reported(finds):
    finds(
        "MT403",
        {
            "pools.py": """
from concurrent.futures import ThreadPoolExecutor

workers = ThreadPoolExecutor(4)

def finish():
    workers.shutdown()
""",
            "app.py": """
from pools import finish, workers

def send(order):
    print(order)

def lambda_handler(event, context):
    workers.submit(send, event)
    finish()
""",
        },
    )
