"""An invocation under a held clock goes as it would by the machine's: deadline, answer at the deadline, clean-up."""

from __future__ import annotations

import asyncio
import threading

import pytest

import meantime
from meantime import DeadlineExceeded, tasks, threads
from meantime.testing import FakeClock, LambdaContext, fresh_environment


def answer_late(event, context, error):
    return f"late, with {context.get_remaining_time_in_millis()} ms left: {error.waiting[0].function}"


def test_what_an_async_function_awaits_ends_at_the_deadline(clock, environment):
    began, moments = clock.monotonic(), []

    @meantime.handler(reserve=0.5)
    async def lambda_handler(event, context):
        try:
            await clock.sleep_async(event)
        finally:
            moments.append(clock.monotonic() - began)
        return "in time"

    assert lambda_handler(2, LambdaContext(timeout=3)) == "in time"
    with pytest.raises(DeadlineExceeded):
        lambda_handler(60, LambdaContext(timeout=3))
    assert moments == [2, 2 + 2.5]
    assert lambda_handler(2, LambdaContext(timeout=3)) == "in time"
    assert environment.counted.loops_made == 1  # the environment lives on
    assert environment.counted.deadlines_exceeded == 1


def test_then_the_answer_at_the_deadline_is_asked_for(clock):
    @meantime.handler(reserve=0.5, on_deadline=answer_late)
    async def lambda_handler(event, context):
        await tasks.map(clock.sleep_async, [1, 60])

    assert lambda_handler({}, LambdaContext(timeout=3)) == "late, with 500 ms left: FakeClock.sleep_async"


@pytest.mark.parametrize("wait", ["sleep", "advance"])
def test_so_do_calls_on_threads(clock, environment, wait):
    @meantime.handler(reserve=0.5, on_deadline=answer_late)
    def lambda_handler(event, context):
        return threads.map(getattr(clock, wait), event, max_concurrency=5)

    assert lambda_handler([2, 60], LambdaContext(timeout=3)) == f"late, with 500 ms left: FakeClock.{wait}"
    assert lambda_handler([2, 1], LambdaContext(timeout=3)) == [None, None]
    assert environment.counted.deadlines_exceeded == 1


def test_a_call_that_was_given_up_is_left_over_only_if_its_thread_is_really_blocked(clock, environment):
    release = threading.Event()

    def call(item):
        clock.sleep(60)
        assert item != "blocked" or release.wait(30)

    @meantime.handler(reserve=0.5, on_deadline=answer_late)  # a quarter of a second, in real time, for threads
    def lambda_handler(event, context):
        threads.map(call, [event])

    try:
        assert lambda_handler("free", LambdaContext(timeout=30)).startswith("late")
        assert environment.counted.leftover_threads == 0
        assert lambda_handler("blocked", LambdaContext(timeout=30)).startswith("late")
        assert environment.counted.leftover_threads == 1
    finally:
        release.set()


@pytest.mark.parametrize("wait", ["sleep", "advance"])
def test_blocking_code_on_the_main_thread_is_interrupted_as_by_the_alarm(clock, environment, wait):
    began, moments = clock.monotonic(), []

    @meantime.handler(reserve=0.4, on_deadline=answer_late)
    def lambda_handler(event, context):
        def slow_client():
            try:
                getattr(clock, wait)(60)
            finally:
                moments.append(round(clock.monotonic() - began, 9))

        slow_client()

    answer = lambda_handler({}, LambdaContext(timeout=3))

    assert answer.startswith("late, with 200 ms left: blocking code in ")
    assert moments == [2.8]  # half of the reserve is left for answering
    assert environment.counted.deadlines_exceeded == 1
    clock.advance(60)  # outside an invocation nothing is interrupted


def test_what_then_takes_too_long_for_its_clean_up_is_interrupted_once_more(clock):
    began, moments = clock.monotonic(), []

    @meantime.handler(reserve=0.4)
    def lambda_handler(event, context):
        try:
            clock.sleep(60)
        finally:
            try:
                clock.sleep(60)
            finally:
                moments.append(round(clock.monotonic() - began, 9))
                clock.sleep(60)
                moments.append(round(clock.monotonic() - began, 9))

    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(timeout=3))

    assert moments == [2.9, 62.9]  # but not a third time


def test_an_answer_at_the_deadline_that_takes_too_long_is_interrupted(clock):
    began, moments = clock.monotonic(), []

    def answer(event, context, error):
        try:
            clock.sleep(60)
        finally:
            moments.append(round(clock.monotonic() - began, 9))

    @meantime.handler(reserve=0.4, on_deadline=answer)
    async def lambda_handler(event, context):
        await clock.sleep_async(60)

    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(timeout=3))

    assert moments == [2.9]


def test_a_coroutine_that_advances_past_the_deadline_is_told_where_it_awaits_next(clock, environment):
    @meantime.handler(reserve=0.5, on_deadline=answer_late)
    async def lambda_handler(event, context):
        clock.advance(2.6)
        await asyncio.Event().wait()

    assert lambda_handler({}, LambdaContext(timeout=3)).startswith("late, with 400 ms left: ")
    assert environment.counted.loops_retired == 0


def test_nothing_begins_after_the_deadline(clock):
    begun = []

    @meantime.handler(reserve=0.5)
    def lambda_handler(event, context):
        def call(item):
            begun.append(item)
            clock.sleep(1)

        return threads.settle(call, range(10), max_concurrency=2)

    outcomes = lambda_handler({}, LambdaContext(timeout=3))

    assert sorted(begun) == [0, 1, 2, 3, 4, 5]
    assert (outcomes.success_count, outcomes.unfinished_count) == (4, 6)


def test_the_deadline_holds_before_under_and_after_a_held_clock_in_one_environment():
    @meantime.handler(reserve=0.1)
    async def lambda_handler(event, context):
        await asyncio.Event().wait()

    @meantime.handler(reserve=0.1)
    async def held_handler(event, context):
        await event.sleep_async(6000)

    with fresh_environment():
        for _ in range(2):
            with pytest.raises(DeadlineExceeded):
                lambda_handler({}, LambdaContext(timeout=0.2))
            with FakeClock() as clock, pytest.raises(DeadlineExceeded):
                held_handler(clock, LambdaContext(timeout=600))


def test_a_warm_resource_has_grown_idle_over_a_freeze(clock):
    @meantime.warm(max_idle=60)
    def client():
        return object()

    @meantime.handler
    def lambda_handler(event, context):
        return client()

    first = lambda_handler({}, LambdaContext())
    clock.freeze(60)
    assert lambda_handler({}, LambdaContext()) is first
    clock.freeze(61)
    assert lambda_handler({}, LambdaContext()) is not first
