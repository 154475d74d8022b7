"""Random failures, delays and cancellations over threads and tasks: each call has one outcome, and nothing is left."""

from __future__ import annotations

import asyncio
import random
import threading
import time

import pytest

import meantime
from meantime import CallCancelled, DeadlineExceeded, tasks, threads
from meantime.executors.underway import registry
from meantime.retry import Retry, RetryBudget
from meantime.testing import LambdaContext

KNOWN = (TimeoutError, ConnectionError, LookupError, CallCancelled)


class Downstream:
    """Answers, fails or takes its time, and counts what begins and what ends."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.lock = threading.Lock()
        self.under_way = 0

    def blocking(self, number: int) -> int:
        seconds, error = self._drawn()
        with self:
            time.sleep(seconds)
            if error is not None:
                raise error
            return number

    async def asynchronous(self, number: int) -> int:
        seconds, error = self._drawn()
        with self:
            await asyncio.sleep(seconds)
            if error is not None:
                raise error
            return number

    def _drawn(self):
        with self.lock:
            seconds = self.draw.choice([0, 0, 0.002, 0.01, 0.05])
            kind = self.draw.choice(
                [None, None, TimeoutError, ConnectionResetError, LookupError, asyncio.CancelledError]
            )
        return seconds, None if kind is None else kind()

    def __enter__(self):
        with self.lock:
            self.under_way += 1

    def __exit__(self, *_):
        with self.lock:
            self.under_way -= 1


@pytest.mark.parametrize("seed", range(4))
def test_each_call_has_one_outcome_and_nothing_is_left(seed, environment):
    downstream = Downstream(seed)
    draw = random.Random(seed)
    policies = [
        Retry(
            draw.randint(1, 4),
            initial_backoff=draw.choice([0, 0.005]),
            budget=draw.choice([None, RetryBudget(100)]),
            timeout=draw.choice([None, 0.02]),
            hedge_after=draw.choice([None, 0.003, "p90"]),
            hedge_budget=1,
        )
        for _ in range(6)
    ]

    @meantime.handler(reserve=0.3)
    async def on_tasks(event, context):
        policy = draw.choice(policies)
        outcomes = await tasks.settle(downstream.asynchronous, range(12), max_concurrency=4, retry=policy)
        cancelled = asyncio.create_task(policy(downstream.asynchronous)(1))
        await asyncio.sleep(draw.choice([0, 0.002]))
        cancelled.cancel()
        await asyncio.wait([cancelled])
        if not cancelled.cancelled():
            cancelled.exception()
        return outcomes

    @meantime.handler(reserve=0.3)
    def on_threads(event, context):
        return threads.settle(downstream.blocking, range(12), max_concurrency=4, retry=draw.choice(policies))

    for _ in range(12):
        handler = draw.choice([on_tasks, on_threads])
        try:
            outcomes = handler({}, LambdaContext(timeout=draw.choice([0.35, 3])))
        except DeadlineExceeded:
            continue
        assert len(outcomes) == 12
        assert all(each.item == each.result for each in outcomes if each.succeeded)
        assert all(isinstance(each, (*KNOWN, asyncio.CancelledError)) for each in outcomes.errors)

    assert registry.wait_until_idle(30)
    assert downstream.under_way == 0
    for policy in policies:
        statistics = policy.statistics()
        assert statistics.calls == statistics.successes + statistics.failures
        assert statistics.tokens is None or 0 <= statistics.tokens <= 100
        assert statistics.hedges_won <= statistics.hedges
