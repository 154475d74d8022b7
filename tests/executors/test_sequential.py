"""What is true of the sequential executor alone."""

from __future__ import annotations

import threading
import time

import pytest

import meantime
from meantime import CallTimeout, sequential
from meantime.executors.underway import registry
from meantime.testing import LambdaContext


def test_it_runs_on_the_callers_own_thread():
    assert sequential.map(lambda _: threading.current_thread(), range(3)) == [threading.current_thread()] * 3


def test_a_call_over_its_timeout_is_an_error_once_it_returns(clock):
    begun = []

    def call(number: int) -> None:
        begun.append(number)
        clock.sleep(2)

    with pytest.raises(CallTimeout, match=r"call\(1\) took longer"):
        sequential.map(call, [1, 2], timeout=1)

    assert begun == [1]


def test_an_async_function_is_refused():
    async def fetch(url: str) -> None: ...

    with pytest.raises(TypeError, match="async function"):
        sequential.map(fetch, ["a"])


def test_a_lambda_that_turns_out_to_give_a_coroutine_is_an_error():
    async def fetch() -> None: ...

    with pytest.raises(TypeError, match="returned a coroutine"):
        sequential.gather(lambda: fetch())


def test_a_stream_that_nobody_draws_from_does_not_keep_its_invocation():
    kept = []

    @meantime.handler(reserve=5.0)
    def lambda_handler(event, context):
        kept.append(sequential.as_completed(str, range(3)))
        return next(kept[0]).result

    began = time.monotonic()

    assert lambda_handler({}, LambdaContext(timeout=60)) == "0"
    assert time.monotonic() - began < 4
    assert registry.waiting() == []
