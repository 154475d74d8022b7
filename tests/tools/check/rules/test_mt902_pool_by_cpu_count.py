"""MT902: a pool as wide as the machine has processors."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "source",
    [
        """
import os
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as executor:  # finds MT902
        return list(executor.map(work, event["items"]))
""",
        """
from concurrent.futures import ThreadPoolExecutor as Pool
from multiprocessing import cpu_count

executor = Pool(cpu_count() * 4)  # finds MT902

def lambda_handler(event, context):
    return list(executor.map(work, event["items"]))
""",
        """
import os
from concurrent import futures

WORKERS = min(32, (os.cpu_count() or 1) + 4)

def lambda_handler(event, context):
    with futures.ThreadPoolExecutor(max_workers=WORKERS) as executor:  # finds MT902
        return list(executor.map(work, event["items"]))
""",
        """
import multiprocessing
import lambda_multiprocessing

def lambda_handler(event, context):
    workers = multiprocessing.cpu_count() - 1
    pool = lambda_multiprocessing.Pool(processes=workers)  # finds MT902
""",
        """
import os
from lambda_multiprocessing import Pool

def lambda_handler(event, context):
    with Pool(len(os.sched_getaffinity(0))) as pool:  # finds MT902
        return pool.map(work, event["items"])
""",
        """
import os
import meantime
from meantime import threads

@meantime.handler
def lambda_handler(event, context):
    return threads.map(work, event["items"], max_concurrency=os.cpu_count())  # finds MT902
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor() as executor:  # finds MT902 likely
        return list(executor.map(work, event["items"]))
""",
    ],
    ids=[
        "the number itself", "by another name, times four", "a sum with a bound", "less one", "what it may run on",
        "a verb", "none is said",
    ],
)  # fmt: skip
def test_as_wide_as_the_machine(finds, source):
    finds("MT902", source)


@pytest.mark.parametrize(
    "count",
    ["os.cpu_count()", "os.process_cpu_count()", "multiprocessing.cpu_count()", "psutil.cpu_count(logical=False)"],
)
@pytest.mark.parametrize("pool", ["concurrent.futures", "concurrent.futures.thread"])
def test_however_it_is_counted(finds, count, pool):
    finds(
        "MT902",
        f"""
import os, multiprocessing, psutil
from {pool} import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor({count}) as executor:  # finds MT902
        return list(executor.map(work, event["items"]))
""",
    )


@pytest.mark.parametrize("on", ["threads", "tasks"])
@pytest.mark.parametrize("verb", ["map", "settle", "as_completed"])
def test_the_width_of_a_verb(finds, on, verb):
    finds(
        "MT902",
        f"""
import os
from meantime import {on}

def lambda_handler(event, context):
    return {on}.{verb}(work, event["items"], max_concurrency=os.cpu_count())  # finds MT902

def handler(event, context):
    return {on}.{verb}(work, event["items"])
""",
    )


def test_a_helper_in_another_file(finds):
    finds(
        "MT902",
        {
            "app.py": "from work import run\n\ndef lambda_handler(event, context):\n    return run(event['items'])\n",
            "sizes.py": "import os\n\nWORKERS = os.cpu_count()\n",
            "work.py": """
from concurrent.futures import ThreadPoolExecutor
from sizes import WORKERS

def run(items):
    with ThreadPoolExecutor(WORKERS) as executor:  # finds MT902
        return list(executor.map(str, items))
""",
        },
    )


@pytest.mark.parametrize(
    "source",
    [
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(work, event["items"]))
""",
        """
import os
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    print(os.cpu_count())
    with ThreadPoolExecutor(int(os.environ["WORKERS"])) as executor:
        return list(executor.map(work, event["items"]))
""",
        """
import os
from concurrent.futures import ThreadPoolExecutor

def main(items):
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as executor:
        return list(executor.map(str, items))
""",
        """
import os
from concurrent.futures import ThreadPoolExecutor

def not_surely_one(event, context):
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as executor:
        return list(executor.map(str, event))
""",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(**event["options"]) as executor:
        return list(executor.map(str, event["items"]))
""",
        """
import os
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=10, thread_name_prefix=str(os.cpu_count())) as executor:
        return list(executor.map(work, event["items"]))
""",
        """
import multiprocessing

def lambda_handler(event, context):
    return multiprocessing.Pool(multiprocessing.cpu_count()).map(work, event["items"])
""",
        """
from meantime import processes

def lambda_handler(event, context):
    return processes.map(work, event["items"])
""",
    ],
    ids=[
        "a number", "a setting", "no handler", "not surely a handler", "given by keywords", "in another argument",
        "what MT901 tells of",
        "Meantime's processes",
    ],
)  # fmt: skip
def test_another_width_or_elsewhere_is_let_be(finds, source):
    finds("MT902", source)


def test_a_number_that_is_made_of_itself_is_followed_to_an_end(finds):
    finds(
        "MT902",
        """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    width = 4
    width = width + width
    with ThreadPoolExecutor(max_workers=width) as executor:
        return list(executor.map(work, event["items"]))
""",
    )


def test_the_way_there_is_told(findings_of):
    (finding,) = findings_of(
        "MT902",
        """
import os
from concurrent.futures.thread import ThreadPoolExecutor

def run(items):
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        return list(executor.map(work, items))

def lambda_handler(event, context):
    return run(event["items"])
""",
    )

    assert [each.text for each in finding.chain] == ["`lambda_handler` calls `run`"]
    assert finding.level == "error"


def test_a_pool_of_the_module_needs_no_way(findings_of):
    (finding,) = findings_of(
        "MT902",
        """
import os
from concurrent.futures import ThreadPoolExecutor

executor = ThreadPoolExecutor(os.cpu_count())

def lambda_handler(event, context):
    return list(executor.map(work, event["items"]))
""",
    )

    assert finding.chain == ()
