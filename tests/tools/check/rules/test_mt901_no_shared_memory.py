"""MT901: a pool, lock or queue of processes, which needs shared memory."""

from __future__ import annotations

import pytest

from meantime.tools.check.catalogue.shared_memory import NEEDS_SHARED_MEMORY


@pytest.mark.parametrize(
    "source",
    [
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    with Pool(4) as pool:  # finds MT901
        return pool.map(work, event["items"])
""",
        """
import multiprocessing as mp

def lambda_handler(event, context):
    queue = mp.Queue()  # finds MT901
""",
        """
import multiprocessing

def lambda_handler(event, context):
    pool = multiprocessing.get_context("spawn").Pool(2)  # finds MT901
""",
        """
import concurrent.futures

def lambda_handler(event, context):
    with concurrent.futures.ProcessPoolExecutor() as executor:  # finds MT901
        return list(executor.map(work, event["items"]))
""",
        """
from multiprocessing.pool import ThreadPool

def lambda_handler(event, context):
    with ThreadPool(8) as pool:  # finds MT901
        return pool.map(work, event["items"])
""",
        """
from multiprocessing.dummy import Pool as ThreadPool

def lambda_handler(event, context):
    return ThreadPool(8).map(work, event["items"])  # finds MT901
""",
        """
from multiprocessing import Lock

lock = Lock()  # finds MT901

def lambda_handler(event, context):
    with lock:
        return 1
""",
        """
import asyncio
from concurrent.futures import ProcessPoolExecutor

async def main(event):
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(ProcessPoolExecutor(2), work, event)  # finds MT901

def lambda_handler(event, context):
    return asyncio.run(main(event))
""",
        """
from multiprocessing import Value

class Count:
    def __init__(self):
        self.value = Value("i", 0)  # finds MT901

def lambda_handler(event, context):
    return Count().value.value
""",
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    if len(event["items"]) > 10:
        with Pool(4) as pool:  # finds MT901 likely
            return pool.map(work, event["items"])
    return [work(item) for item in event["items"]]
""",
    ],
    ids=[
        "a pool", "a queue by another name", "a context's pool", "an executor", "a pool of threads", "a dummy pool",
        "a lock at module level", "for a loop", "a value in a class", "under a condition",
    ],
)  # fmt: skip
def test_what_needs_shared_memory(finds, source):
    finds("MT901", source)


def test_a_helper_in_another_file(finds):
    finds(
        "MT901",
        {
            "app.py": "from work import run\n\ndef lambda_handler(event, context):\n    return run(event['items'])\n",
            "work.py": """
from multiprocessing import Pool, Semaphore

gate = Semaphore(2)  # finds MT901

def run(items):
    with Pool(4) as pool:  # finds MT901
        return pool.map(str, items)
""",
        },
    )


@pytest.mark.parametrize("name", ["AWS_LAMBDA_FUNCTION_NAME", "AWS_EXECUTION_ENV", "LAMBDA_TASK_ROOT"])
def test_a_file_that_asks_whether_it_is_on_lambda_is_let_be(finds, name):
    finds(
        "MT901",
        f"""
import os

if os.environ.get("{name}"):
    from lambda_multiprocessing import Pool
else:
    from multiprocessing import Pool

def lambda_handler(event, context):
    with Pool(4) as pool:
        return pool.map(str, event["items"])
""",
    )


@pytest.mark.parametrize(
    "caught",
    ["OSError", "Exception", "BaseException", "ImportError", "PermissionError", "(KeyError, FileNotFoundError)"],
)
def test_a_failure_that_is_foreseen_is_let_be(finds, caught):
    finds(
        "MT901",
        f"""
from multiprocessing import Lock

def lambda_handler(event, context):
    try:
        lock = Lock()
    except {caught}:
        lock = None
""",
    )


@pytest.mark.parametrize("lock", ["True", "event['lock']"])
def test_a_value_with_a_lock_needs_it(finds, lock):
    finds(
        "MT901",
        f"""
from multiprocessing import Value

def lambda_handler(event, context):
    return Value("i", 0, lock={lock})  # finds MT901
""",
    )


def test_where_one_of_two_functions_is_called_it_is_likely(finds):
    finds(
        "MT901",
        """
from multiprocessing import Pool

def together(items):
    with Pool(2) as pool:  # finds MT901 likely
        return pool.map(str, items)

def alone(items):
    return list(map(str, items))

def lambda_handler(event, context):
    run = together if event["many"] else alone
    return run(event["items"])
""",
    )


@pytest.mark.parametrize("path", NEEDS_SHARED_MEMORY)
def test_each_of_them_by_its_own_name(finds, path):
    module, _, name = path.rpartition(".")

    finds("MT901", f"from {module} import {name} as it\n\ndef handler(event, context):\n    it(2)  # finds MT901\n")


@pytest.mark.parametrize(
    ("maker", "instead"),
    [("multiprocessing.pool.ThreadPool(2)", "ThreadPoolExecutor"), ("multiprocessing.Pool(2)", "meantime.processes")],
)
def test_it_says_what_to_use(findings_of, maker, instead):
    (finding,) = findings_of(
        "MT901", f"import multiprocessing.pool\n\ndef lambda_handler(event, context):\n    {maker}\n"
    )

    assert instead in finding.message


@pytest.mark.parametrize(
    "source",
    [
        """
from multiprocessing import Pipe, Process

def lambda_handler(event, context):
    ours, theirs = Pipe()
    process = Process(target=work, args=(theirs,))
    process.start()
    return ours.recv()
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=4) as executor:
        return list(executor.map(work, event["items"]))
""",
        """
from lambda_multiprocessing import Pool

def lambda_handler(event, context):
    with Pool(4) as pool:
        return pool.map(work, event["items"])
""",
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    try:
        pool = Pool(4)
    except OSError:
        pool = None
""",
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    try:
        pool = Pool(4)
    except (ValueError, PermissionError):
        pool = None
""",
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    try:
        pool = Pool(4)
    except:
        pool = None
""",
        """
import os
from multiprocessing import Pool

def lambda_handler(event, context):
    if "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        pool = Pool(4)
""",
        """
from multiprocessing import Pool

def spawn(items):
    with Pool(4) as pool:
        return pool.map(work, items)

def run(items):
    if is_unix_system():
        return fork(items)
    else:
        return spawn(items)

def lambda_handler(event, context):
    return run(event["items"])
""",
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    return 1

if __name__ == "__main__":
    Pool(4).map(str, range(9))
""",
        """
from multiprocessing import Value

def lambda_handler(event, context):
    return Value("i", 0, lock=False)
""",
        """
from multiprocessing import Pool

def main(items):
    with Pool(4) as pool:
        return pool.map(str, items)
""",
        """
from multiprocessing import Pool

def somewhere_else(event, context):
    with Pool(4) as pool:
        return pool.map(str, event)
""",
        """
from queue import Queue
from threading import Lock

def lambda_handler(event, context):
    return Queue(), Lock()
""",
    ],
    ids=[
        "a process and a pipe", "threads", "a pool made for Lambda", "an OSError is caught", "one of several is caught",
        "all is caught", "not on Lambda", "not on this platform", "only as a script", "a value without a lock",
        "no handler",
        "not surely a handler", "of threads",
    ],
)  # fmt: skip
def test_what_works_or_is_not_on_lambda_is_let_be(finds, source):
    finds("MT901", source)


def test_an_exception_that_is_another_does_not_help(finds):
    finds(
        "MT901",
        """
from multiprocessing import Pool

def lambda_handler(event, context):
    try:
        pool = Pool(4)  # finds MT901
    except ValueError:
        pool = Pool(2)  # finds MT901
    try:
        event["x"]
    except OSError:
        pool = Pool(3)  # finds MT901
""",
    )


RUN = """
import sys
from multiprocessing import Pool

def run(items):
    with Pool(2) as pool:{mark}
        return pool.map(work, items)

def lambda_handler(event, context):
"""
ON_A_MAC = "    if sys.platform == 'darwin':\n        return run(event)\n"


@pytest.mark.parametrize(
    ("body", "is_found"),
    [
        (ON_A_MAC, False),
        ("    if sys.platform == 'darwin':\n        pass\n    else:\n        return run(event)\n", False),
        ("    if event:\n        return run(event)\n", True),
        ("    if sys.platform == 'darwin':\n        return 1\n    return run(event)\n", True),
        ("    run(event)\n    if sys.platform == 'darwin':\n        return 1\n", True),
    ],
    ids=["there alone", "everywhere else", "by the event", "behind it", "before it"],
)
def test_the_way_there_may_ask_for_the_platform(finds, body, is_found):
    finds("MT901", RUN.replace("{mark}", "  # finds MT901" if is_found else "") + body)
