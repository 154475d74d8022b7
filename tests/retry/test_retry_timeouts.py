"""Attempts with a time of their own: an async one is cancelled, a blocking one is left to its thread."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

import meantime
from meantime import CallTimeout, DeadlineExceeded, InvocationEnded
from meantime.deadline import Deadline, deadline_variable
from meantime.executors.pool import ThreadPool
from meantime.executors.underway import registry
from meantime.retry import Retry, thread_race
from meantime.testing import LambdaContext


def test_a_blocking_attempt_over_its_timeout_is_given_up_and_made_again(clock):
    release = threading.Event()
    calls = []

    def get(item):
        calls.append(item)
        if len(calls) == 1:
            clock.advance(2)
            release.wait(30)
        return "answer"

    try:
        assert Retry(timeout=2)(get)("key") == "answer"
        assert calls == ["key", "key"]
        assert [str(each.function) for each in registry.waiting()] == [
            "test_a_blocking_attempt_over_its_timeout_is_given_up_and_made_again.get"
        ]  # what was given up runs on, and the end of an invocation finds it
    finally:
        release.set()


def test_the_error_of_attempts_over_their_timeout_names_the_call(clock):
    release = threading.Event()

    def get(item, *, quick):
        clock.advance(2)
        release.wait(30)

    try:
        with pytest.raises(
            CallTimeout, match=r"get\(\('key', \{'quick': True\}\)\) took longer than its timeout of 2 s"
        ) as caught:
            Retry(2, timeout=2)(get)("key", quick=True)
    finally:
        release.set()
    assert "attempt 2 of 2" in caught.value.__notes__[0]
    assert caught.value.item == ("key", {"quick": True})


def test_a_blocking_attempt_with_a_timeout_sees_the_callers_context_and_raises_what_it_raises():
    variable = ContextVar("variable", default="unset")
    variable.set("set")

    assert Retry(timeout=30)(variable.get)() == "set"
    with pytest.raises(LookupError, match="mine"):
        Retry(timeout=30)(_raise)(LookupError("mine"))
    with pytest.raises(SystemExit):
        Retry(timeout=30)(_raise)(SystemExit())


def _raise(error):
    raise error


def test_a_blocking_attempt_with_a_timeout_that_gives_a_coroutine_is_an_error():
    async def fetch():
        return 1

    with pytest.raises(TypeError, match="make it an `async def` that awaits it"):
        Retry(timeout=30)(lambda: fetch())()  # type: ignore[unused-coroutine]  # the mistake under test


def test_a_blocking_attempt_with_a_timeout_stops_at_the_deadline(clock):
    release = threading.Event()

    def get():
        clock.advance(5)
        release.wait(30)

    token = deadline_variable.set(Deadline(5))
    try:
        with pytest.raises(DeadlineExceeded, match=r"Retry stopped at the deadline.*Still waiting: .*get\(\) for 5"):
            Retry(timeout=60)(get)()
    finally:
        release.set()
        deadline_variable.reset(token)


def test_an_attempt_that_found_no_thread_in_its_time_is_never_begun(clock, monkeypatch):
    small, busy, begun = ThreadPool(1), threading.Event(), []
    monkeypatch.setattr(thread_race, "pool", small)
    small.start(lambda: _wait_for(busy))
    timer = threading.Thread(target=_advance_once_waited_for, args=(clock,))
    timer.start()

    with pytest.raises(CallTimeout):
        Retry(1, timeout=2)(begun.append)(1)

    busy.set()
    timer.join()
    assert registry.wait_until_idle(30)
    assert begun == []


def _wait_for(event):
    assert event.wait(30)


def _advance_once_waited_for(clock):
    while not registry:
        threading.Event().wait(0.001)
    clock.advance(2)


def test_what_was_given_up_is_reported_if_it_outlives_the_invocation(environment, caplog):
    release = threading.Event()

    @Retry(1, timeout=0.02)
    def get():
        release.wait(30)

    @meantime.handler(reserve=0.1)
    def lambda_handler(event, context):
        with pytest.raises(CallTimeout):
            get()
        return "answer"

    try:
        assert lambda_handler({}, LambdaContext(timeout=60)) == "answer"
    finally:
        release.set()
    assert environment.counted.leftover_threads == 1
    assert "get" in caplog.text


def test_a_call_under_way_at_the_end_of_its_invocation_is_told(clock):
    begun, release, told = threading.Event(), threading.Event(), []

    def get():
        begun.set()
        release.wait(30)

    def work():
        try:
            Retry(timeout=60)(get)()
        except InvocationEnded as error:
            told.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    for fan_out in registry.fan_outs():
        fan_out.drop(InvocationEnded("it has"))
    thread.join(30)
    release.set()

    assert len(told) == 1


def test_an_async_attempt_over_its_timeout_is_cancelled_and_made_again(clock):
    cancelled = []

    async def get(item):
        if not cancelled:
            try:
                clock.advance(2)
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(item)
                raise
        return "answer"

    assert asyncio.run(_call(Retry(timeout=2)(get), "key")) == "answer"
    assert cancelled == ["key"]


async def _call(function, *args):
    answer = await function(*args)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return answer


@pytest.mark.parametrize("policy", [Retry(timeout=1000), Retry(hedge_after=1000)], ids=["timed", "hedged"])
def test_no_timer_stays_behind_on_the_loop(policy):
    async def main():
        await policy(asyncio.sleep)(0)
        return [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]  # nothing public tells

    assert asyncio.run(main()) == []


def test_the_verbs_timeout_goes_before_the_policys(clock):
    async def get():
        clock.advance(3)
        await asyncio.sleep(60)

    with pytest.raises(CallTimeout, match="timeout of 3 s"):
        asyncio.run(_call(Retry(1, timeout=60).retried_async(get, 3)))


def test_a_timeout_error_of_the_call_itself_stays_what_it_is(clock):
    async def get():
        raise TimeoutError("the server said so")

    with pytest.raises(TimeoutError, match="the server said so") as caught:
        asyncio.run(_call(Retry(1, timeout=60)(get)))
    assert not isinstance(caught.value, CallTimeout)


def test_cancelling_the_caller_cancels_its_attempt(clock):
    ended = []

    async def get():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async def main():
        caller = asyncio.create_task(_call(Retry(timeout=60)(get)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert ended == [1]

    asyncio.run(main())


def test_cancelling_the_caller_ends_its_wait_and_makes_no_further_attempt():
    calls = []
    called = asyncio.Event()

    async def get():
        calls.append(1)
        called.set()
        raise TimeoutError

    async def main():
        caller = asyncio.create_task(_call(Retry(initial_backoff=1000, max_backoff=1000)(get)))
        await called.wait()
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller

    asyncio.run(main())
    assert calls == [1]
