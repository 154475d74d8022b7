"""What a verb costs an item on tasks and on threads, against what else there is, and many items in memory."""

from __future__ import annotations

import asyncio
import tracemalloc
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from typing import TYPE_CHECKING

import aiometer
import anyio
from timing import Comparison, Requirement, compare

from meantime import tasks, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ITEMS = 10_000
MANY_ITEMS = 100_000
AT_ONCE = 50
THREADS = 10


async def yield_once(item: int) -> int:
    """An item that lets the loop go on once, as any that waits does."""
    await asyncio.sleep(0)
    return item


async def gather_with_semaphore(items: int = ITEMS) -> None:
    """What most people write."""
    semaphore = asyncio.Semaphore(AT_ONCE)

    async def one(item: int) -> int:
        async with semaphore:
            return await yield_once(item)

    await asyncio.gather(*(one(item) for item in range(items)))


async def task_group_with_semaphore() -> None:
    """What the documentation of asyncio says today."""
    semaphore = asyncio.Semaphore(AT_ONCE)

    async def one(item: int) -> int:
        async with semaphore:
            return await yield_once(item)

    async with asyncio.TaskGroup() as group:
        for item in range(ITEMS):
            group.create_task(one(item))


async def with_anyio() -> None:
    """A task group of anyio and its capacity limiter."""
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def one(item: int) -> None:
        async with limiter:
            await yield_once(item)

    async with anyio.create_task_group() as group:
        for item in range(ITEMS):
            group.start_soon(one, item)


async def with_aiometer() -> None:
    """The library for it."""
    await aiometer.run_all([partial(yield_once, item) for item in range(ITEMS)], max_at_once=AT_ONCE)


async def map_on_tasks(items: int = ITEMS) -> None:
    """`tasks.map`."""
    await tasks.map(yield_once, range(items), max_concurrency=AT_ONCE)


async def settle_on_tasks() -> None:
    """`tasks.settle`."""
    await tasks.settle(yield_once, range(ITEMS), max_concurrency=AT_ONCE)


async def as_completed_on_tasks() -> None:
    """`tasks.as_completed`."""
    async for _ in tasks.as_completed(yield_once, range(ITEMS), max_concurrency=AT_ONCE):
        pass


ON_TASKS = {"tasks.map": map_on_tasks, "tasks.settle": settle_on_tasks, "tasks.as_completed": as_completed_on_tasks}
PEERS_ON_TASKS = {
    "gather + Semaphore": gather_with_semaphore,
    "TaskGroup + Semaphore": task_group_with_semaphore,
    "anyio + CapacityLimiter": with_anyio,
    "aiometer": with_aiometer,
}


def map_of_fresh_pool(items: int) -> None:
    """A pool of its own, as the article has it."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(abs, range(items)))


def as_completed_of_fresh_pool(items: int) -> None:
    """The same, each result as it comes."""
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in as_completed([pool.submit(abs, item) for item in range(items)]):
            pass


def drain(items: int) -> None:
    """`threads.as_completed`."""
    for _ in threads.as_completed(abs, range(items), max_concurrency=THREADS):
        pass


def on_threads(verb: str, items: int) -> dict[str, Callable[[], object]]:
    """A short call on ten threads: kept ones, and a pool of its own."""
    ours: dict[str, Callable[[], object]] = {
        "threads.map": lambda: threads.map(abs, range(items), max_concurrency=THREADS),
        "threads.settle": lambda: threads.settle(abs, range(items), max_concurrency=THREADS),
        "threads.as_completed": lambda: drain(items),
    }
    peer = as_completed_of_fresh_pool if verb == "threads.as_completed" else map_of_fresh_pool
    return {
        verb: ours[verb],
        f"ThreadPoolExecutor, {peer.__name__.removesuffix('_of_fresh_pool')}": lambda: peer(items),
    }


def benchmark() -> list[Comparison]:
    """Items on tasks, and on threads."""
    loop = asyncio.new_event_loop()

    def on_loop(function: Callable[[], Coroutine[object, object, None]]) -> Callable[[], object]:
        return lambda: loop.run_until_complete(function())

    peers = {name: on_loop(function) for name, function in PEERS_ON_TASKS.items()}
    requirements = [Requirement(name, 0.999) for name in peers]
    try:
        comparisons = [
            compare(
                f"{name}: {ITEMS:,} items, {AT_ONCE} at once, on one loop",
                "item",
                {name: on_loop(function), **peers},
                *requirements,
                units=ITEMS,
                rounds=7,
            )
            for name, function in ON_TASKS.items()
        ]
    finally:
        loop.close()
    for verb in ("threads.map", "threads.settle", "threads.as_completed"):
        few, many = on_threads(verb, 10), on_threads(verb, ITEMS)
        peer = list(few)[1]
        comparisons += [
            compare(f"{verb}: 10 calls on 10 threads", "fan-out", few, Requirement(peer, 0.999), repeat=20),
            compare(
                f"{verb}: {ITEMS:,} calls on 10 threads",
                "item",
                many,
                Requirement(peer, 0.999),
                units=ITEMS,
                rounds=7,
            ),
        ]
    return comparisons


def peak_megabytes(function: Callable[[int], Coroutine[object, object, None]]) -> float:
    """The most memory that this takes beyond what there was, in MB."""
    loop = asyncio.new_event_loop()
    try:
        tracemalloc.start()
        loop.run_until_complete(function(MANY_ITEMS))
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
        loop.close()


def memory() -> tuple[str, list[str]]:
    """What 100,000 items cost in memory, in words, and what does not hold of it."""
    ours, theirs = peak_megabytes(map_on_tasks), peak_megabytes(gather_with_semaphore)
    text = f"{MANY_ITEMS:,} items on one loop: tasks.map {ours:.1f} MB at most, gather + Semaphore {theirs:.1f} MB"
    return text, [] if ours < theirs / 10 else [f"{text}: not a tenth"]
