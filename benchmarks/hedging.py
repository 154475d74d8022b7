"""What hedging does to the slowest calls of a downstream whose times are far apart, and the requests that it costs."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import requests
from timing import Comparison, Requirement

from meantime import tasks, threads
from meantime.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LATENCY = "lognormal:p50=20ms,p99=200ms"
CALLS = 2_000
AT_ONCE = 8  # few enough that the client's own work is no part of what is measured
POLICIES: dict[str, float | str] = {"hedge_after='p95'": "p95", "hedge_after=0.1": 0.1}


@contextmanager
def downstream() -> Iterator[str]:
    """The API in a process of its own, so that it does not share an interpreter with its clients."""
    command = [sys.executable, "-m", "meantime", "downstream", "api", "--latency", LATENCY, "--seed", "1"]
    process = subprocess.Popen([*command, "--format", "json"], stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own
    assert process.stdout is not None  # noqa: S101  # for the type checker
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.communicate()


def on_tasks(url: str, policy: Retry | None) -> list[float]:
    """How long each of many async calls took."""

    async def main() -> list[float]:
        async with aiohttp.ClientSession() as session:

            async def get() -> None:
                async with session.get(url) as response:
                    await response.read()

            call = get if policy is None else policy(get)

            async def timed(_: int) -> float:
                began = time.perf_counter()
                await call()
                return time.perf_counter() - began

            return await tasks.map(timed, range(CALLS), max_concurrency=AT_ONCE)

    return asyncio.run(main())


def on_threads(url: str, policy: Retry | None) -> list[float]:
    """The same of blocking calls."""
    with requests.Session() as session:

        def get() -> None:
            session.get(url, timeout=10)

        call = get if policy is None else policy(get)

        def timed(_: int) -> float:
            began = time.perf_counter()
            call()
            return time.perf_counter() - began

        return threads.map(timed, range(CALLS), max_concurrency=AT_ONCE)


def percentile(seconds: list[float], share: float) -> float:
    """The time within which this share of them ended."""
    return sorted(seconds)[math.ceil(share * len(seconds)) - 1]


def compared(where: str, url: str, run: Callable[[str, Retry | None], list[float]]) -> Iterator[Comparison]:
    """The slowest hundredth with and without hedging, and how the requests add up."""
    plain = percentile(run(url, None), 0.99)
    for name, hedge_after in POLICIES.items():
        policy = Retry(1, hedge_after=hedge_after)
        hedged = percentile(run(url, policy), 0.99)
        extra = policy.statistics().hedges / CALLS
        yield Comparison(
            f"p99 of {CALLS:,} calls on {where}, {LATENCY}; {extra:.1%} more requests",
            "call at p99",
            {name: hedged, "no hedging": plain},
            {name: 1.0, "no hedging": hedged / plain},
            (Requirement("no hedging", 0.8),),
        )


def benchmark() -> list[Comparison]:
    """On tasks, and on threads."""
    with downstream() as url:
        return [*compared("tasks", url, on_tasks), *compared("threads", url, on_threads)]
