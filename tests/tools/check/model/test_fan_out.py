"""Fan-outs: what runs side by side, over what, how wide, and on what."""
# ruff: noqa: E501  # a source a line

from __future__ import annotations

import pytest

from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.reading import read_project

HEAD = """
import asyncio
import multiprocessing
import multiprocessing.dummy
import multiprocessing.pool
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing.pool import ThreadPool

import anyio
import lambda_multiprocessing
import meantime
import trio
from asgiref.sync import sync_to_async
from starlette.concurrency import run_in_threadpool
from meantime import processes, tasks, threads

def load(key): ...

def other(key): ...

async def fetch(key): ...

async def fetch_other(key): ...

semaphore = asyncio.Semaphore(3)

async def limited(key):
    async with semaphore:
        await fetch(key)

async def on_thread(key):
    return await asyncio.to_thread(load, key)

"""


@pytest.fixture
def found(tmp_path):
    """Gives each fan-out of a source as (verb, on, names of its functions, count, width)."""

    def find(source):
        (tmp_path / "app.py").write_text(HEAD + source, encoding="utf-8")
        project = read_project([tmp_path], root=tmp_path)
        return [
            (each.verb, each.on, [function.name for function in each.functions], each.count, each.width)
            for each in fan_outs(project)
        ]

    return find


BY_EXECUTORS = {
    "with ThreadPoolExecutor(max_workers=4) as executor:\n    executor.map(load, keys)": (
        ("map", "threads", ["load"], None, 4),
    ),
    "executor = ThreadPoolExecutor()\nexecutor.map(load, [1, 2, 3])": (("map", "threads", ["load"], 3, None),),
    "executor = ThreadPoolExecutor(len(keys))\nexecutor.map(lambda key: load(key), keys)": (
        ("map", "threads", ["<lambda>"], None, "input"),
    ),
    "executor = ProcessPoolExecutor(2)\nexecutor.map(partial(load), keys)": (("map", "processes", ["load"], None, 2),),
    "pool = ThreadPool(processes=5)\npool.imap_unordered(load, keys)": (("map", "threads", ["load"], None, 5),),
    "pool = multiprocessing.Pool(5)\npool.starmap(load, keys)": (("map", "processes", ["load"], None, 5),),
    "with ThreadPoolExecutor(4) as executor:\n    [executor.submit(load, key) for key in keys]": (
        ("submit", "threads", ["load"], None, 4),
    ),
    "executor = ThreadPoolExecutor(4)\nfor key in keys:\n    executor.submit(load, key)": (
        ("submit", "threads", ["load"], None, 4),
    ),
    "executor = ThreadPoolExecutor(4)\nfor key in range(7):\n    executor.submit(load, key)": (
        ("submit", "threads", ["load"], 7, 4),
    ),
    "executor = ThreadPoolExecutor(4)\nfor key in keys:\n    for number in range(3):\n        executor.submit(load, number)": (
        ("submit", "threads", ["load"], None, 4),
    ),
    "executor = ThreadPoolExecutor(4)\nfor key in range(2):\n    for number in range(3):\n        executor.submit(load, number)": (
        ("submit", "threads", ["load"], 6, 4),
    ),
    "executor = ThreadPoolExecutor(4)\na = executor.submit(load, 1)\nb = executor.submit(other, 2)": (
        ("submit", "threads", ["load", "other"], 2, 4),
    ),
    "executor = ThreadPoolExecutor(4)\na = executor.submit(load, 1)": (),
    "executor = ThreadPoolExecutor(4)\nfor key in keys:\n    executor.submit(load, key).result()": (),
    "executor = ThreadPoolExecutor(4)\nsubmit = executor.submit\nsubmit(load, 1)\nsubmit(load, 2)": (
        ("submit", "threads", ["load", "load"], 2, 4),
    ),
    "run = ProcessPoolExecutor(4).map\nrun(load, keys)": (("map", "processes", ["load"], None, 4),),
    "executor = ThreadPoolExecutor(4) if keys else ProcessPoolExecutor(4)\nexecutor.map(load, keys)": (
        ("map", "threads", ["load"], None, None),
    ),
    "a, b = ThreadPoolExecutor(4), ThreadPoolExecutor(5)\na.submit(load, 1)\nb.submit(load, 2)": (
        ("submit", "threads", ["load", "load"], 2, 2),
    ),
    "keys.map(load, keys)": (),
    "pool = multiprocessing.pool.Pool(3)\npool.imap(load, keys)": (("map", "processes", ["load"], None, 3),),
    "pool = multiprocessing.dummy.Pool(3)\npool.map_async(load, keys)": (("map", "threads", ["load"], None, 3),),
    "pool = lambda_multiprocessing.Pool(3)\npool.starmap_async(load, keys)": (("map", "processes", ["load"], None, 3),),
    "pool = ThreadPool(3)\nfor key in keys:\n    pool.apply_async(load, (key,))": (
        ("submit", "threads", ["load"], None, 3),
    ),
    "executor = ThreadPoolExecutor(4)\nfor key in keys:\n    executor.submit()": (),
    "executor = ThreadPoolExecutor(4)\nexecutor.map(load)": (),
}


@pytest.mark.parametrize(("source", "expected"), BY_EXECUTORS.items(), ids=range(len(BY_EXECUTORS)))
def test_executors_and_pools(found, source, expected):
    body = source.replace("\n", "\n    ")
    assert found(f"def main(keys):\n    {body}\n") == list(expected)


BY_THREADS = {
    "for key in keys:\n    threading.Thread(target=load, args=(key,)).start()": (
        ("thread", "threads", ["load"], None, "input"),
    ),
    "for key in range(4):\n    threading.Thread(target=load).start()": (("thread", "threads", ["load"], 4, 4),),
    "for key in keys:\n    threading.Timer(1.0, load).start()": (("thread", "threads", ["load"], None, "input"),),
    "for key in keys:\n    multiprocessing.Process(target=load).start()": (
        ("thread", "processes", ["load"], None, "input"),
    ),
    "a = threading.Thread(target=load)\nb = threading.Thread(None, other)": (
        ("thread", "threads", ["load", "other"], 2, 2),
    ),
    "a = threading.Thread(target=load)": (),
    "for key in keys:\n    one = threading.Thread(target=load)\n    one.start()\n    one.join()": (),
    "a = threading.Thread(target=load)\na.join()\nb = threading.Thread(target=other)": (
        ("thread", "threads", ["load", "other"], 2, 2),
    ),
    "for key in keys:\n    threading.Timer(interval=1.0, function=load).start()": (
        ("thread", "threads", ["load"], None, "input"),
    ),
    "for key in keys:\n    one = threading.Thread(target=load)\n    one.start()\n    join(one)\n    other.join()\n    ','.join(key)": (
        ("thread", "threads", ["load"], None, "input"),
    ),
    "for key in keys:\n    threading.Thread().start()": (("thread", "threads", [], None, "input"),),
    "for key in keys:\n    one = threading.Thread(target=load)\n    one.start()\none.join()": (
        ("thread", "threads", ["load"], None, "input"),
    ),
}


@pytest.mark.parametrize(("source", "expected"), BY_THREADS.items(), ids=range(len(BY_THREADS)))
def test_threads_and_processes(found, source, expected):
    body = source.replace("\n", "\n    ")
    assert found(f"def main(keys):\n    {body}\n") == list(expected)


BY_TASKS = {
    "await asyncio.gather(*(fetch(key) for key in keys))": (("gather", "tasks", ["fetch"], None, "input"),),
    "await asyncio.gather(*[fetch(key) for key in (1, 2, 3)])": (("gather", "tasks", ["fetch"], 3, 3),),
    "await asyncio.gather(*[fetch((a, b)) for a in (1, 2) for b in (1, 2, 3)])": (
        ("gather", "tasks", ["fetch"], 6, 6),
    ),
    "await asyncio.gather(*[fetch((a, b)) for a in (1, 2) for b in keys])": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "await asyncio.gather(*map(fetch, keys))": (("gather", "tasks", ["fetch"], None, "input"),),
    "await asyncio.gather(fetch(1), fetch_other(2))": (("gather", "tasks", ["fetch", "fetch_other"], 2, 2),),
    "await asyncio.gather(fetch(1))": (),
    "await asyncio.gather(fetch(1), fetch(2), *(fetch_other(key) for key in keys))": (
        ("gather", "tasks", ["fetch_other"], None, "input"),
        ("gather", "tasks", ["fetch", "fetch"], 2, 2),
    ),
    "await asyncio.gather(*(limited(key) for key in keys))": (("gather", "tasks", ["limited"], None, 3),),
    "await asyncio.wait({asyncio.create_task(fetch(key)) for key in keys})": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "await asyncio.gather(*(asyncio.wait_for(asyncio.shield(fetch(key)), 1) for key in keys))": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "found = []\nfor key in keys:\n    found.append(fetch(key))\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "found = [fetch(1)]\nfound += [fetch_other(key) for key in keys]\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch_other"], None, "input"),
    ),
    "found = {}\nfor key in keys:\n    found[key] = fetch(key)\nawait asyncio.gather(*found.values())": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "found = [asyncio.create_task(fetch(key)) for key in keys]\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "await asyncio.gather(*keys)": (("gather", "tasks", [], None, None),),
    "await asyncio.gather(*keys())": (("gather", "tasks", [], None, None),),
    "async with asyncio.TaskGroup() as group:\n    for key in keys:\n        group.create_task(fetch(key))": (
        ("task", "tasks", ["fetch"], None, "input"),
    ),
    "for key in keys:\n    asyncio.create_task(fetch(key))": (("task", "tasks", ["fetch"], None, "input"),),
    "for key in keys:\n    await asyncio.create_task(fetch(key))": (),
    "await asyncio.gather(*(asyncio.to_thread(load, key) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(asyncio.to_thread(load, 1), asyncio.to_thread(other, 2))": (
        ("gather", "threads", ["load", "other"], 2, None),
    ),
    "loop = asyncio.get_running_loop()\nawait asyncio.gather(*(loop.run_in_executor(None, load, key) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "loop = asyncio.get_running_loop()\npool = ThreadPoolExecutor(6)\nfound = [loop.run_in_executor(pool, load, key) for key in keys]\nawait asyncio.gather(*found)": (
        ("gather", "threads", ["load"], None, 6),
    ),
    "loop = asyncio.get_running_loop()\npool = ProcessPoolExecutor(6)\nawait asyncio.gather(*(loop.run_in_executor(pool, load, key) for key in keys))": (
        ("gather", "processes", ["load"], None, 6),
    ),
    "loop = asyncio.get_running_loop()\nfound = []\nfor key in keys:\n    found.append(loop.run_in_executor(None, load, key))": (
        ("submit", "threads", ["load"], None, None),
    ),
    "loop = asyncio.get_running_loop()\nfor key in keys:\n    await loop.run_in_executor(None, load, key)": (),
    "await asyncio.gather(*(on_thread(key) for key in keys))": (
        ("submit", "threads", ["load"], None, None),
        ("gather", "tasks", ["on_thread"], None, "input"),
    ),
    "await asyncio.gather(*(meantime.in_thread(load)(key) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(*(asyncio.wait_for(asyncio.to_thread(load, key), 1) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(*(asyncio.shield(asyncio.to_thread(load, key)) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(*(asyncio.create_task(asyncio.to_thread(load, key)) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "async with asyncio.TaskGroup() as group:\n    await asyncio.gather(*(group.create_task(asyncio.to_thread(load, key)) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(*(asyncio.wait_for(fut=fetch(key), timeout=1) for key in keys))": (
        ("gather", "tasks", [], None, "input"),
    ),
    "await asyncio.gather(*(asyncio.to_thread(func=load) for key in keys))": (("gather", "tasks", [], None, "input"),),
    "await asyncio.gather(*(anyio.to_thread.run_sync(load, key) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(*(run_in_threadpool(load, key) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "await asyncio.gather(*(sync_to_async(load)(key) for key in keys))": (("gather", "threads", ["load"], None, None),),
    "await asyncio.gather(*(sync_to_async(thread_sensitive=True)(key) for key in keys))": (
        ("gather", "tasks", [], None, "input"),
    ),
    "run = meantime.in_thread(load)\nawait asyncio.gather(*(run(key) for key in keys))": (
        ("gather", "threads", ["load"], None, None),
    ),
    "async with anyio.create_task_group() as group:\n    for key in keys:\n        group.start_soon(fetch, key)": (
        ("task", "tasks", ["fetch"], None, "input"),
    ),
    "async with trio.open_nursery() as nursery:\n    for key in keys:\n        nursery.start_soon(fetch, key)": (
        ("task", "tasks", ["fetch"], None, "input"),
    ),
    "loop = asyncio.get_event_loop()\nfor key in keys:\n    loop.create_task(fetch(key))": (
        ("task", "tasks", ["fetch"], None, "input"),
    ),
    "loop = asyncio.new_event_loop()\nfor key in keys:\n    loop.create_task(fetch(key))": (
        ("task", "tasks", ["fetch"], None, "input"),
    ),
    "loop = asyncio.get_running_loop()\npool = ThreadPoolExecutor(6)\nfor key in keys:\n    loop.run_in_executor(pool, load, key)": (
        ("submit", "threads", ["load"], None, 6),
    ),
    "loop = asyncio.get_running_loop()\nfor key in keys:\n    loop.run_in_executor(None)": (),
    "loop = asyncio.get_running_loop()\npool = ThreadPoolExecutor(6) if keys else None\nawait asyncio.gather(*(loop.run_in_executor(pool, load, key) for key in keys))": (
        ("gather", "threads", ["load"], None, 6),
    ),
    "await asyncio.gather(*list(fetch(key) for key in keys))": (("gather", "tasks", ["fetch"], None, "input"),),
    "await asyncio.gather(*tuple(fetch(key) for key in keys))": (("gather", "tasks", ["fetch"], None, "input"),),
    "await asyncio.wait(set(fetch(key) for key in keys))": (("gather", "tasks", ["fetch"], None, "input"),),
    "await asyncio.wait(frozenset(fetch(key) for key in keys))": (("gather", "tasks", ["fetch"], None, "input"),),
    "await asyncio.gather(*list())": (),
    "found = set()\nfor key in keys:\n    found.add(fetch(key))\nawait asyncio.wait(found)": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "found = set()\nfor key in keys:\n    found.discard(fetch(key))\nawait asyncio.wait(found)": (),
    "found, others = [], []\nfor key in keys:\n    others.append(fetch(key))\n    found.append(fetch_other(key))\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch_other"], None, "input"),
    ),
    "found = []\nfor key in keys:\n    for number in (1, 2):\n        found.append(fetch(number))\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "found = []\nfor key in (1, 2):\n    for number in keys:\n        found.append(fetch(number))\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "found = {'a': fetch(1), 'b': fetch_other(2)}\nawait asyncio.gather(*found.values())": (
        ("gather", "tasks", ["fetch", "fetch_other"], 2, 2),
    ),
    "found = [fetch(1), *(fetch_other(key) for key in keys)]\nawait asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch_other"], None, "input"),
    ),
    "found = [fetch(key) for key in keys]\nawait asyncio.gather(*found.copy())": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "for order in keys:\n    found = []\n    for key in order:\n        found.append(fetch(key))\n    await asyncio.gather(*found)": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
    "for order in keys:\n    await asyncio.gather(*(fetch(key) for key in (1, 2)))": (
        ("gather", "tasks", ["fetch"], 2, 2),
    ),
    "asyncio.create_task(fetch(1))": (),
    "for key in keys:\n    asyncio.create_task()": (),
    "await asyncio.wait()": (),
    "async def one(key):\n    return await asyncio.get_running_loop().run_in_executor(ThreadPoolExecutor(7), load, key)\nawait asyncio.gather(*(one(key) for key in keys))": (
        ("submit", "threads", ["load"], None, 7),
        ("gather", "tasks", ["one"], None, "input"),
    ),
    "await asyncio.gather(*(on_thread(key) for key in (1, 2, 3)))": (
        ("submit", "threads", ["load"], 3, 3),
        ("gather", "tasks", ["on_thread"], 3, 3),
    ),
    "for chunk in keys:\n    for done in asyncio.as_completed([fetch(key) for key in chunk]):\n        await done": (
        ("gather", "tasks", ["fetch"], None, "input"),
    ),
}


@pytest.mark.parametrize(("source", "expected"), BY_TASKS.items(), ids=range(len(BY_TASKS)))
def test_tasks_and_what_they_hand_to_threads(found, source, expected):
    body = source.replace("\n", "\n    ")
    assert found(f"async def main(keys):\n    {body}\n") == list(expected)


BY_VERBS = {
    "def main(keys):\n    threads.map(load, keys)": (("meantime", "threads", ["load"], None, 10),),
    "def main(keys):\n    threads.settle(load, [1, 2], max_concurrency=4)": (("meantime", "threads", ["load"], 2, 4),),
    "def main(keys):\n    threads.map(function=load, items=keys, max_concurrency=len(keys))": (
        ("meantime", "threads", ["load"], None, "input"),
    ),
    "def main(keys):\n    processes.as_completed(load, keys)": (("meantime", "processes", ["load"], None, 10),),
    "def main(keys):\n    threads.gather(lambda: load(1), lambda: other(2))": (
        ("meantime", "threads", ["<lambda>", "<lambda>"], 2, 10),
    ),
    "async def main(keys):\n    await tasks.map(fetch, keys, max_concurrency=keys.width)": (
        ("meantime", "tasks", ["fetch"], None, None),
    ),
    "@meantime.batch.sqs\ndef handler(message): ...": (("meantime", "threads", ["handler"], None, 10),),
    "@meantime.batch.kinesis(max_concurrency=3)\nasync def handler(record): ...": (
        ("meantime", "tasks", ["handler"], None, 3),
    ),
    "@meantime.batch.sqs(executor='processes')\ndef handler(message): ...": (
        ("meantime", "processes", ["handler"], None, 10),
    ),
    "@meantime.batch.sqs(executor=threads)\ndef handler(message): ...": (
        ("meantime", "threads", ["handler"], None, 10),
    ),
    "@meantime.batch.sqs(executor='sequential')\ndef handler(message): ...": (),
    "@meantime.handler\ndef handler(event, context): ...": (),
    "@meantime.batch.dynamodb\ndef handler(record): ...": (("meantime", "threads", ["handler"], None, 10),),
    "def main(keys):\n    threads.map(load)\n    threads.map(items=keys)": (),
    "def main(keys):\n    from meantime.batch import sqs as each\n    @each\n    def handler(message): ...": (
        ("meantime", "threads", ["handler"], None, 10),
    ),
    "pool = ThreadPoolExecutor(5)\ndef start(key):\n    return pool.submit(load, key)\ndef main(keys):\n    for key in keys:\n        start(key)": (
        ("submit", "threads", ["load"], None, 5),
    ),
    "pool = ThreadPoolExecutor(5)\ndef start(key):\n    return pool.submit(load, key)\ndef main(keys):\n    return start(keys)": (),
    "def start(key):\n    one = threading.Thread(target=load)\n    one.start()\n    one.join()\ndef main(keys):\n    for key in keys:\n        start(key)": (),
    "pool = ThreadPoolExecutor(5)\ndef start(key):\n    future = pool.submit(load, key)\n    return future.exception()\ndef main(keys):\n    for key in keys:\n        start(key)": (),
    "from concurrent.futures import wait\npool = ThreadPoolExecutor(5)\ndef start(key):\n    wait([pool.submit(load, key)])\ndef main(keys):\n    for key in keys:\n        start(key)": (),
    "from concurrent.futures import as_completed\npool = ThreadPoolExecutor(5)\ndef start(key):\n    for each in as_completed([pool.submit(load, key)]): ...\ndef main(keys):\n    for key in keys:\n        start(key)": (),
    "pool = ThreadPoolExecutor(5)\ndef start(key):\n    pool.submit(load, key)\ndef main(keys):\n    for key in keys:\n        pool.submit(start, key)": (
        ("submit", "threads", ["load"], None, 5),
        ("submit", "threads", ["start"], None, 5),
    ),
}


@pytest.mark.parametrize(("source", "expected"), BY_VERBS.items(), ids=range(len(BY_VERBS)))
def test_verbs_and_batches(found, source, expected):
    assert found(f"{source}\n") == list(expected)


def test_they_come_in_the_order_of_the_source(tmp_path):
    (tmp_path / "b.py").write_text(HEAD + "def main(keys):\n    threads.map(load, keys)\n", encoding="utf-8")
    (tmp_path / "a.py").write_text(
        HEAD
        + "def main(keys):\n    threads.map(load, keys)\n    for key in keys:\n        threading.Thread(target=load).start()\n",
        encoding="utf-8",
    )
    project = read_project([tmp_path], root=tmp_path)
    assert [(each.within.file, each.verb) for each in fan_outs(project)] == [
        ("a.py", "meantime"),
        ("a.py", "thread"),
        ("b.py", "meantime"),
    ]


def test_what_bounds_it_is_told(tmp_path):
    (tmp_path / "app.py").write_text(
        HEAD + "executor = ThreadPoolExecutor(4)\n\ndef main(keys):\n    executor.map(load, keys)\n", encoding="utf-8"
    )
    (one,) = fan_outs(read_project([tmp_path], root=tmp_path))
    assert one.executor is not None
    assert one.executor.function.name == "ThreadPoolExecutor"
    assert one.within.name == "main"
    assert one.over is not None
    assert one.over.name == "keys"
