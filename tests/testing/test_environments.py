"""A fresh execution environment: cold at its start, closed at its end, and nothing of it outside."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

import meantime
from meantime.testing import LambdaContext, fresh_environment


def logged_resource(events, name="client"):
    async def client():
        events.append(f"{name} made")
        yield object()
        events.append(f"{name} closed")

    return meantime.warm(client)


def handler_with(resource):
    @meantime.handler
    async def lambda_handler(event, context):
        await resource()
        return asyncio.get_running_loop()

    return lambda_handler


def test_it_is_cold_and_stays_warm_until_its_end():
    events = []
    lambda_handler = handler_with(logged_resource(events))

    with fresh_environment() as environment:
        assert lambda_handler({}, LambdaContext()) is lambda_handler({}, LambdaContext())
        assert events == ["client made"]
        assert environment.statistics().invocations == 2
    assert events == ["client made", "client closed"]


def test_it_is_the_current_one_until_its_end():
    before = meantime.current_environment()
    with fresh_environment() as outer:
        with fresh_environment() as inner:
            assert meantime.current_environment() is inner
        assert meantime.current_environment() is outer
    assert meantime.current_environment() is before


def test_it_is_closed_after_an_error_too():
    events = []
    lambda_handler = handler_with(logged_resource(events))

    def fail():
        with fresh_environment():
            lambda_handler({}, LambdaContext())
            raise LookupError

    before = meantime.current_environment()
    with pytest.raises(LookupError):
        fail()
    assert events == ["client made", "client closed"]
    assert meantime.current_environment() is before


def test_what_it_has_warm_is_no_other_ones():
    events = []
    lambda_handler = handler_with(logged_resource(events))

    with fresh_environment():
        lambda_handler({}, LambdaContext())
        with fresh_environment():
            lambda_handler({}, LambdaContext())
        lambda_handler({}, LambdaContext())

    assert events == ["client made", "client made", "client closed", "client closed"]


def test_it_has_a_loop_of_its_own_and_the_threads_own_is_back_afterwards():
    lambda_handler = handler_with(logged_resource([]))
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with fresh_environment():
            its_own = lambda_handler({}, LambdaContext())
            assert asyncio.get_event_loop() is its_own
        assert its_own.is_closed()
        assert asyncio.get_event_loop() is loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def test_a_resource_that_fails_to_close_keeps_nothing_from_closing(caplog):
    events = []

    @meantime.warm
    async def broken():
        yield object()
        raise OSError("the peer is gone")

    sound = logged_resource(events)

    @meantime.handler
    async def lambda_handler(event, context):
        await sound()
        await broken()

    with fresh_environment():
        lambda_handler({}, LambdaContext())

    assert events == ["client made", "client closed"]
    assert "the peer is gone" in caplog.text


def test_in_an_async_test_a_resource_ends_with_the_loop_of_the_test():
    events = []

    @meantime.warm
    async def client():
        try:
            yield object()
        finally:
            events.append("closed")

    async def a_test():
        with fresh_environment():
            await handler_with(client).main({}, None)

    asyncio.run(a_test())

    assert events == ["closed"]


def test_a_retry_policy_is_cold_with_a_full_budget_and_nothing_counted(clock):
    budget = meantime.RetryBudget(capacity=20)
    retry = meantime.Retry(attempts=2, budget=budget, hedge_after=1.0)

    @retry
    def fetch():
        clock.sleep(2)  # long enough to be hedged
        raise TimeoutError

    with pytest.raises(TimeoutError):
        fetch()
    before = retry.statistics()
    assert (before.calls, before.hedges, before.tokens) == (1, 1, 6)

    with fresh_environment():
        now = retry.statistics()
        assert (now.calls, now.attempts, now.retries, now.hedges, now.tokens) == (0, 0, 0, 0, 20)
        with pytest.raises(TimeoutError):
            fetch()
        assert retry.statistics().hedges == 1  # the one that a cold environment may begin


def test_a_retry_policy_is_cold_with_no_call_seen(clock):
    retry = meantime.Retry(attempts=2, initial_backoff=0)
    answers = iter(["answer"])

    @retry
    def fetch():
        clock.sleep(1)
        for answer in answers:
            return answer
        raise TimeoutError

    @meantime.handler(reserve=0.1)
    def lambda_handler(event, context):
        return fetch()

    assert fetch() == "answer"  # so it takes a second
    with pytest.raises(TimeoutError) as caught:
        lambda_handler({}, LambdaContext(1.6))
    assert "attempt 1 of 2" in caught.value.__notes__[0]

    with fresh_environment(), pytest.raises(meantime.DeadlineExceeded):  # tried: who knows how long it takes?
        lambda_handler({}, LambdaContext(1.6))


def test_a_limiter_is_cold_with_its_place_in_time_and_what_it_has_learnt_and_counted(clock):
    limiter = meantime.Limiter("api", rate=1, per=60, adaptive=True)
    limiter.acquire()
    limiter.release(SimpleNamespace(status_code=429, headers={}))
    assert limiter.statistics().limit < 10

    with fresh_environment():
        statistics = limiter.statistics()
        assert (statistics.admitted, statistics.throttled, statistics.limit) == (0, 0, 10)
        began = clock.monotonic()
        with limiter:
            assert clock.monotonic() == began


def test_a_limiter_in_use_keeps_its_permits_and_its_line(clock):
    limiter = meantime.Limiter("api", max_concurrency=1)
    admitted = threading.Event()
    limiter.acquire()

    def wait():
        limiter.acquire()
        admitted.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not limiter.statistics().waiting:
        time.sleep(0.001)

    with fresh_environment():
        assert (limiter.statistics().in_flight, limiter.statistics().waiting) == (1, 1)
        limiter.release()
        assert admitted.wait(30)
        limiter.release()
    waiter.join(30)

    assert limiter.statistics().in_flight == 0


def test_code_that_loads_no_asyncio_needs_none(run_python):
    run_python("""
        import sys
        import meantime
        from meantime.testing import FakeClock, LambdaContext, fresh_environment

        @meantime.handler
        def lambda_handler(event, context):
            return meantime.threads.map(str, [1, 2])

        with fresh_environment(), FakeClock() as clock:
            assert lambda_handler({}, LambdaContext()) == ["1", "2"]
            clock.advance(1)
        assert "asyncio" not in sys.modules
    """)
