"""An adaptive limiter before a downstream that really throttles, and one limiter for real clients of every kind."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
import requests

import meantime
from meantime import Limiter, Retry, tasks, threads
from meantime.testing import LambdaContext
from meantime.tools.downstream import DelayedAPI, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPACITY = 20
SECONDS = 5.0
AS_S3 = {"Host": "bucket.s3.localhost"}  # throttled as S3 does it: 503, without Retry-After


@pytest.fixture(scope="module")
def api() -> Iterator[DelayedAPI]:
    with DelayedAPI(latency=0) as server:
        yield server


@pytest.fixture
def proxy(api: DelayedAPI) -> Iterator[DelayProxy]:
    with DelayProxy(api.url, latency="uniform:60ms-100ms", max_concurrency=CAPACITY) as throttling:
        yield throttling


@pytest.mark.blocks_the_loop  # aiohttp looks for its resolver
def test_it_settles_where_the_downstream_does_not_throttle_and_completes_everything(proxy):
    limiter = Limiter("downstream", adaptive=True)
    retry = Retry(attempts=8, throttled_backoff=0.1, budget=None)
    limits: list[int] = []

    async def work() -> tuple[int, int]:
        start = time.monotonic()

        def items() -> Iterator[int]:
            while time.monotonic() < start + SECONDS:
                yield 1

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), raise_for_status=True) as session:

            async def get(_: int) -> None:
                async with session.get(proxy.url, headers=AS_S3) as response:
                    await response.read()
                if time.monotonic() > start + SECONDS / 2:
                    limits.append(limiter.statistics().limit or 0)

            outcomes = await tasks.settle(get, items(), max_concurrency=60, limiter=limiter, retry=retry)
        return outcomes.success_count, outcomes.failure_count

    succeeded, failed = asyncio.run(work())
    assert failed == 0
    assert succeeded == limiter.statistics().admitted - limiter.statistics().throttled > CAPACITY
    assert 14 <= min(limits) <= max(limits) <= 24
    assert proxy.statistics().throttled == limiter.statistics().throttled > 0


def test_a_fixed_limit_above_what_it_takes_is_throttled_all_the_time(proxy):
    limiter = Limiter("downstream", max_concurrency=60)
    proxy.latency = 1.0  # so that all are under way at once on a slow machine, too

    def get(_: int) -> requests.Response:
        return requests.get(proxy.url, headers=AS_S3, timeout=10)

    responses = threads.map(get, range(60), max_concurrency=60, limiter=limiter)
    refused = [response for response in responses if response.status_code == 503]
    assert limiter.statistics().throttled == len(refused) > 0


def test_one_limiter_holds_for_threads_and_tasks_at_once(proxy):
    limiter = Limiter("downstream", max_concurrency=CAPACITY)

    @limiter
    def get(_: int) -> int:
        return requests.get(proxy.url, headers=AS_S3, timeout=10).status_code

    @meantime.handler
    async def lambda_handler(event, context):
        async with aiohttp.ClientSession(headers=AS_S3) as session:

            async def get_async(_: int) -> int:
                async with session.get(proxy.url) as response:
                    return response.status

            return await tasks.gather(
                tasks.map(meantime.in_thread(get), range(60), max_concurrency=30),
                tasks.map(get_async, range(60), max_concurrency=30, limiter=limiter),
            )

    assert lambda_handler({}, LambdaContext(timeout=60)) == [[200] * 60] * 2
    assert proxy.statistics().peak_concurrency <= CAPACITY
    assert proxy.statistics().throttled == 0
