"""What a verb costs an item: `tasks.map` and `threads.map` against what else there is."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import aiometer
from timing import Comparison, Requirement, compare

from meantime import tasks, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

ITEMS = 10_000
AT_ONCE = 50


async def yield_once(item: int) -> int:
    """An item that lets the loop go on once, as any that waits does."""
    await asyncio.sleep(0)
    return item


async def gather_with_semaphore() -> None:
    """What most people write."""
    semaphore = asyncio.Semaphore(AT_ONCE)

    async def one(item: int) -> int:
        async with semaphore:
            return await yield_once(item)

    await asyncio.gather(*(one(item) for item in range(ITEMS)))


async def with_meantime() -> None:
    """The same, here."""
    await tasks.map(yield_once, range(ITEMS), max_concurrency=AT_ONCE)


async def with_aiometer() -> None:
    """The same, with the library for it."""
    await aiometer.run_all([partial(yield_once, item) for item in range(ITEMS)], max_at_once=AT_ONCE)


def on_threads(items: int) -> dict[str, Callable[[], object]]:
    """A short call on ten threads: kept ones, and a pool of its own as the article has it."""

    def with_fresh_pool() -> None:
        with ThreadPoolExecutor(10) as pool:
            list(pool.map(abs, range(items)))

    return {
        "threads.map, kept threads": lambda: threads.map(abs, range(items), max_concurrency=10),
        "fresh ThreadPoolExecutor.map": with_fresh_pool,
    }


def benchmark() -> list[Comparison]:
    """Items on tasks, and on threads."""
    loop = asyncio.new_event_loop()

    def on_loop(function: Callable[[], Coroutine[object, object, None]]) -> Callable[[], object]:
        return lambda: loop.run_until_complete(function())

    try:
        return [
            compare(
                f"{ITEMS:,} items, {AT_ONCE} at once, on one loop",
                "item",
                {
                    "tasks.map": on_loop(with_meantime),
                    "gather + Semaphore": on_loop(gather_with_semaphore),
                    "aiometer": on_loop(with_aiometer),
                },
                Requirement("gather + Semaphore", 0.999),
                Requirement("aiometer", 0.999),
                units=ITEMS,
                rounds=7,
            ),
            compare(
                "10 calls on 10 threads",
                "fan-out",
                on_threads(10),
                Requirement("fresh ThreadPoolExecutor.map", 0.999),
                repeat=20,
            ),
            compare(
                f"{ITEMS:,} calls on 10 threads",
                "item",
                on_threads(ITEMS),
                Requirement("fresh ThreadPoolExecutor.map", 0.999),
                units=ITEMS,
                rounds=7,
            ),
        ]
    finally:
        loop.close()
