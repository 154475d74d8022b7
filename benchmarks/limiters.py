"""What a limiter costs, and how well it keeps a rate, against what else there is.

asyncio.Semaphore is quicker where nothing else is asked for than a cap on one loop: it knows no threads, no rate, no
deadline, and counts nothing. What a permit costs beside it is shown, and not claimed to be less.
"""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import aiometer
import anyio
from aiolimiter import AsyncLimiter
from timing import Comparison, Requirement, compare

from meantime import Limiter, tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

ITEMS = 10_000
AT_ONCE = 50
NEVER_REACHED = 1e9
RATE = 20_000
# What `burst` is by default at this rate; the others get as much.
BURST = 401


async def enter(limiter: AbstractAsyncContextManager[object]) -> None:
    """Take a permit that is to be had, and give it back, time and again."""
    for _ in range(ITEMS):
        async with limiter:
            pass


def enter_on_thread(limiter: AbstractContextManager[object]) -> None:
    """The same on a thread."""
    for _ in range(ITEMS):
        with limiter:
            pass


async def gather_with(limiter: AbstractAsyncContextManager[object]) -> None:
    """All items at once, which wait for each other."""

    async def one() -> None:
        async with limiter:
            await asyncio.sleep(0)

    await asyncio.gather(*(one() for _ in range(ITEMS)))


async def keep_rate(limiter: AbstractAsyncContextManager[object]) -> None:
    """All items at once, which wait for their time."""

    async def one() -> None:
        async with limiter:
            pass

    await asyncio.gather(*(one() for _ in range(ITEMS)))


async def yield_once(item: int) -> int:
    """An item that lets the loop go on once, as any that waits does."""
    await asyncio.sleep(0)
    return item


async def map_with_meantime(rate: float) -> None:
    """Items of a verb, with a rate."""
    limiter = Limiter("api", rate=rate)
    await tasks.map(yield_once, range(ITEMS), max_concurrency=AT_ONCE, limiter=limiter)


async def map_with_aiometer(rate: float) -> None:
    """The same, with the library for it."""
    calls = [partial(yield_once, item) for item in range(ITEMS)]
    await aiometer.run_all(calls, max_at_once=AT_ONCE, max_per_second=rate)


def benchmark() -> list[Comparison]:
    """Permits that are to be had, permits that are waited for, and a rate."""
    loop = asyncio.new_event_loop()

    def on_loop(function: Callable[[], Coroutine[object, object, None]]) -> Callable[[], object]:
        return lambda: loop.run_until_complete(function())

    try:
        return [*_to_be_had(on_loop), *_waited_for(on_loop), *_rates(on_loop)]
    finally:
        loop.close()


def _to_be_had(
    on_loop: Callable[[Callable[[], Coroutine[object, object, None]]], Callable[[], object]],
) -> list[Comparison]:
    rate, cap = Limiter("api", rate=NEVER_REACHED), Limiter("api", max_concurrency=AT_ONCE)
    aiolimiter, semaphore = AsyncLimiter(NEVER_REACHED, 1), asyncio.Semaphore(AT_ONCE)
    on_threads = threading.Semaphore(AT_ONCE)
    return [
        compare(
            "a permit of a rate, to be had at once, on a task",
            "permit",
            {"Limiter(rate=)": on_loop(lambda: enter(rate)), "aiolimiter": on_loop(lambda: enter(aiolimiter))},
            Requirement("aiolimiter", 1.1),
            units=ITEMS,
        ),
        compare(
            "a permit of a cap, to be had at once, on a task",
            "permit",
            {
                "Limiter(max_concurrency=)": on_loop(lambda: enter(cap)),
                "anyio.CapacityLimiter": on_loop(lambda: enter(anyio.CapacityLimiter(AT_ONCE))),
                "asyncio.Semaphore": on_loop(lambda: enter(semaphore)),
            },
            Requirement("anyio.CapacityLimiter", 0.5),
            units=ITEMS,
            rounds=7,
        ),
        compare(
            "a permit of a cap, to be had at once, on a thread",
            "permit",
            {
                "Limiter(max_concurrency=)": lambda: enter_on_thread(cap),
                "threading.Semaphore": lambda: enter_on_thread(on_threads),
            },
            Requirement("threading.Semaphore", 1.1),
            units=ITEMS,
        ),
    ]


def _waited_for(
    on_loop: Callable[[Callable[[], Coroutine[object, object, None]]], Callable[[], object]],
) -> list[Comparison]:
    return [
        compare(
            f"gather of {ITEMS:,} items that wait for {AT_ONCE} permits, on one loop",
            "item",
            {
                "Limiter(max_concurrency=)": on_loop(lambda: gather_with(Limiter("api", max_concurrency=AT_ONCE))),
                "anyio.CapacityLimiter": on_loop(lambda: gather_with(anyio.CapacityLimiter(AT_ONCE))),
                "asyncio.Semaphore": on_loop(lambda: gather_with(asyncio.Semaphore(AT_ONCE))),
            },
            Requirement("anyio.CapacityLimiter", 0.999),
            units=ITEMS,
            rounds=7,
        ),
        compare(
            f"{ITEMS:,} items of a verb, {AT_ONCE} at once, with a rate that is never reached",
            "item",
            {
                "tasks.map(limiter=)": on_loop(lambda: map_with_meantime(NEVER_REACHED)),
                "aiometer": on_loop(lambda: map_with_aiometer(NEVER_REACHED)),
            },
            Requirement("aiometer", 0.999),
            units=ITEMS,
            rounds=5,
        ),
    ]


def _rates(
    on_loop: Callable[[Callable[[], Coroutine[object, object, None]]], Callable[[], object]],
) -> list[Comparison]:
    return [
        compare(
            f"{ITEMS:,} items at {RATE:,} a second, a burst of {BURST} among them: the time it takes",
            "item",
            {
                "Limiter(rate=)": on_loop(lambda: keep_rate(Limiter("api", rate=RATE))),
                "what the rate allows": lambda: time.sleep((ITEMS - BURST) / RATE),
                "aiolimiter": on_loop(lambda: keep_rate(AsyncLimiter(BURST, BURST / RATE))),
                "aiometer": on_loop(lambda: map_with_aiometer(RATE)),
            },
            Requirement("what the rate allows", 1.2),
            Requirement("aiolimiter", 1.1),
            Requirement("aiometer", 0.8),
            units=ITEMS,
            rounds=3,
        )
    ]
