"""MT502: a pool with as many workers as there are items."""

from __future__ import annotations

import pytest

from meantime.tools.check.finding import Edit

HEAD = """
import concurrent.futures
from concurrent.futures import ThreadPoolExecutor
from meantime import tasks, threads

def load(key):
    return key

"""

FOUND = {
    "by name": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=len(event["keys"])) as executor:  # finds MT502
        return list(executor.map(load, event["keys"]))
""",
    "by place": """
def lambda_handler(event, context):
    keys = event.get("keys", [])
    with concurrent.futures.ThreadPoolExecutor(len(keys)) as executor:  # finds MT502
        return list(executor.map(load, keys))
""",
    "by a name for it": """
def lambda_handler(event, context):
    keys = event["keys"]
    workers = len(keys)
    with ThreadPoolExecutor(max_workers=workers) as executor:  # finds MT502
        return list(executor.map(load, keys))
""",
    "at least one": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=max(1, len(event["keys"]))) as executor:  # finds MT502
        return list(executor.map(load, event["keys"]))
""",
    "or one": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=len(event["keys"]) or 1) as executor:  # finds MT502
        return list(executor.map(load, event["keys"]))
""",
    "and one more": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=len(event["keys"]) + 1) as executor:  # finds MT502
        return list(executor.map(load, event["keys"]))
""",
    "in a helper": """
def load_all(keys):
    with ThreadPoolExecutor(max_workers=len(keys)) as executor:  # finds MT502
        return list(executor.map(load, keys))

def lambda_handler(event, context):
    return load_all(event["keys"])
""",
    "a pool of multiprocessing": """
from multiprocessing.pool import ThreadPool

def lambda_handler(event, context):
    pool = ThreadPool(processes=len(event["keys"]))  # finds MT502
    return pool.map(load, event["keys"])
""",
    "a verb": """
def lambda_handler(event, context):
    return threads.map(load, event["keys"], max_concurrency=len(event["keys"]))  # finds MT502
""",
    "a pool of processes": """
from concurrent.futures import ProcessPoolExecutor

def lambda_handler(event, context):
    return ProcessPoolExecutor(max_workers=len(event["keys"]))  # finds MT502
""",
    "pools of multiprocessing": """
import multiprocessing
import multiprocessing.dummy

def lambda_handler(event, context):
    first = multiprocessing.Pool(processes=len(event["keys"]))  # finds MT502
    second = multiprocessing.dummy.Pool(processes=len(event["keys"]))  # finds MT502
    return first, second
""",
    "other verbs": """
from meantime import processes

def lambda_handler(event, context):
    keys = event["keys"]
    threads.gather(*keys, max_concurrency=len(keys))  # finds MT502
    list(threads.as_completed(load, keys, max_concurrency=len(keys)))  # finds MT502
    processes.map(load, keys, max_concurrency=len(keys))  # finds MT502
""",
    "a verb on tasks": """
import meantime

async def fetch(key): ...

@meantime.handler
async def lambda_handler(event, context):
    return await tasks.settle(fetch, event["keys"], max_concurrency=len(event["keys"]))  # finds MT502
""",
    "an unknown batch of records": """
def lambda_handler(event, context):
    records = event["Records"]
    with ThreadPoolExecutor(max_workers=len(records)) as executor:  # finds MT502
        list(executor.map(load, records))
""",
}

SILENT = {
    "of the records of a service that sends one": """
def lambda_handler(event, context):
    for record in event["Records"]:
        print(record["s3"]["object"]["key"])
    with ThreadPoolExecutor(max_workers=len(event["Records"])) as executor:
        list(executor.map(load, event["Records"]))
""",
    "a number": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=10) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "the smaller of two": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=min(10, len(event["keys"]))) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "the default": """
def lambda_handler(event, context):
    with ThreadPoolExecutor() as executor:
        return list(executor.map(load, event["keys"]))
""",
    "of a literal": """
def lambda_handler(event, context):
    urls = ["https://a.example.com", "https://b.example.com"]
    with ThreadPoolExecutor(max_workers=len(urls)) as executor:
        return list(executor.map(load, urls))
""",
    "of a module's constant": """
REGIONS = ("eu-central-1", "eu-west-1")

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=len(REGIONS)) as executor:
        return list(executor.map(load, REGIONS))
""",
    "of what is loaded": """
def accounts(user): ...

def lambda_handler(event, context):
    found = accounts(event["user"])
    with ThreadPoolExecutor(max_workers=len(found)) as executor:
        return list(executor.map(load, found))
""",
    "of a slice": """
def lambda_handler(event, context):
    keys = event["keys"][:20]
    with ThreadPoolExecutor(max_workers=len(keys)) as executor:
        return list(executor.map(load, keys))
""",
    "another length of a name that has several values": """
def lambda_handler(event, context):
    workers = len(event["keys"])
    workers = 10
    with ThreadPoolExecutor(max_workers=workers) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "a verb with its default": """
def lambda_handler(event, context):
    return threads.map(load, event["keys"])
""",
    "a part of them": """
def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=len(event["keys"]) // 10) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "another function's length": """
def length(keys):
    return 5

def lambda_handler(event, context):
    with ThreadPoolExecutor(max_workers=length(event["keys"])) as executor:
        return list(executor.map(load, event["keys"]))
""",
    "a script": """
def main(keys):
    with ThreadPoolExecutor(max_workers=len(keys)) as executor:
        return list(executor.map(load, keys))

if __name__ == "__main__":
    main(input().split())
""",
    "bounded by a condition": """
def lambda_handler(event, context):
    keys = event["keys"]
    workers = len(keys) if len(keys) < 10 else 10
    ThreadPoolExecutor(workers)
""",
}


@pytest.mark.parametrize("source", FOUND.values(), ids=FOUND)
def test_a_pool_as_wide_as_the_input_is_found(finds, source):
    finds("MT502", HEAD + source)


@pytest.mark.parametrize("source", SILENT.values(), ids=SILENT)
def test_a_pool_with_a_bound_is_not(finds, source):
    finds("MT502", HEAD + source)


@pytest.mark.parametrize(
    ("width", "after"),
    [
        ("max_workers=len(event['keys'])", "max_workers=10"),
        ("max_workers=max(1, len(event['keys']))", "max_workers=10"),
        ("workers", "10"),
        ("len(event['keys']) or 1", "10"),
        ("thread_name_prefix='für', max_workers=workers", "thread_name_prefix='für', max_workers=10"),
    ],
)
def test_the_fix_writes_a_number(findings_of, width, after):
    source = (
        "from concurrent.futures import ThreadPoolExecutor\n\n\ndef lambda_handler(event, context):\n"
        f"    workers = len(event['keys'])\n    pool = ThreadPoolExecutor({width})\n"
    )
    (found,) = findings_of("MT502", source)
    assert found.fix is not None
    (edit,) = found.fix.edits
    line = source.splitlines()[edit.place.line - 1]
    assert edit == Edit(edit.place, "10")
    assert line[: edit.place.column - 1] + edit.text + line[edit.place.end_column - 1 :] == (
        f"    pool = ThreadPoolExecutor({after})"
    )


def test_the_fix_takes_the_place_of_several_lines(findings_of):
    source = """
from concurrent.futures import ThreadPoolExecutor

def lambda_handler(event, context):
    pool = ThreadPoolExecutor(
        max(
            1,
            len(event["keys"]),
        )
    )
"""
    (found,) = findings_of("MT502", source)
    assert found.fix is not None
    (edit,) = found.fix.edits
    assert (edit.place.line, edit.place.column, edit.place.end_line, edit.place.end_column) == (6, 9, 9, 10)


@pytest.mark.parametrize(
    "width",
    [
        '(n := len(event["keys"]))',
        'max(1, (n := len(event["keys"])))',
        'max(  # one at least\n    1, len(event["keys"]))',
    ],
)
def test_nothing_that_is_needed_later_is_taken_out(findings_of, width):
    source = f"def lambda_handler(event, context):\n    ThreadPoolExecutor({width})\n"
    (found,) = findings_of("MT502", HEAD + source)
    assert found.fix is None
