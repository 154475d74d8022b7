"""Retries inside the deadline of the invocation: no attempt begins that cannot end before it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

import meantime
from meantime import DeadlineExceeded, threads
from meantime.deadline import Deadline, deadline_variable
from meantime.executors.underway import registry
from meantime.retry import Retry
from meantime.testing import FakeClock, LambdaContext


@contextmanager
def deadline(seconds):
    token = deadline_variable.set(Deadline(seconds))
    try:
        yield
    finally:
        deadline_variable.reset(token)


def test_no_attempt_is_waited_for_that_would_begin_after_the_deadline(kind, clock, flaky, longest_waits):
    policy = Retry(initial_backoff=2)
    function = flaky(*(TimeoutError() for _ in range(3)), clock=clock)
    began = clock.monotonic()

    with deadline(3), pytest.raises(TimeoutError) as caught:
        kind.call(policy, function)

    assert function.waits() == [2]
    assert clock.monotonic() == began + 2  # it did not wait for nothing
    (note,) = caught.value.__notes__
    assert "attempt 2 of 3, 2.000 s in all; no further attempt: the wait of 4.000 s before it would end" in note
    assert "3.000 s after the deadline of the invocation" in note
    assert policy.statistics().given_up_for_deadline == 1


def test_no_attempt_begins_in_less_time_than_the_fastest_success_took(kind, clock, longest_waits):
    policy = Retry(initial_backoff=1)
    calls = []

    def function(fails):
        calls.append(clock.monotonic())
        clock.advance(0.5)
        if fails:
            raise TimeoutError

    kind.call(policy, function, False)  # takes 0.5 s
    with deadline(1.9), pytest.raises(TimeoutError) as caught:
        kind.call(policy, function, True)

    assert len(calls) == 2
    assert "it would have 0.400 s until the deadline" in caught.value.__notes__[0]
    assert "the fastest that succeeded took 0.500 s" in caught.value.__notes__[0]


def test_a_slower_success_does_not_change_what_the_fastest_is(kind, clock, longest_waits):
    policy = Retry(2, initial_backoff=1)
    seconds = [0.5, 3]

    def function():
        if not seconds:
            raise TimeoutError
        clock.advance(seconds.pop(0))

    kind.call(policy, function)
    kind.call(policy, function)
    with deadline(1.6), pytest.raises(TimeoutError) as caught:
        kind.call(policy, function)

    assert "attempt 2 of 2" in caught.value.__notes__[0]


def test_the_fastest_success_is_remembered_for_each_function(kind, clock, longest_waits):
    policy = Retry(2, initial_backoff=1)
    calls = []

    def slow():
        clock.advance(0.5)

    def quick():
        calls.append(1)
        raise TimeoutError

    kind.call(policy, slow)
    with deadline(1.2), pytest.raises(TimeoutError):
        kind.call(policy, quick)

    assert len(calls) == 2


def test_a_wait_that_took_longer_than_it_should_begins_nothing_after_the_deadline(kind, longest_waits):
    class Overslept(FakeClock):
        def sleep(self, seconds):
            super().sleep(seconds + 10)

        async def sleep_async(self, seconds):
            await super().sleep_async(seconds + 10)

    calls = []

    def function():
        calls.append(1)
        raise TimeoutError

    policy = Retry(initial_backoff=1, on_result=lambda answer: answer == "busy")
    with Overslept(), deadline(5), pytest.raises(TimeoutError) as caught:
        kind.call(policy, function)
    with Overslept(), deadline(5):
        assert kind.call(policy, lambda: "busy") == "busy"

    assert len(calls) == 1
    assert "too little time was left when the wait before it was over" in caught.value.__notes__[0]
    assert caught.traceback[-1].name == "function"
    assert policy.statistics().given_up_for_deadline == 2


def test_then_an_answer_that_was_to_be_retried_is_returned(kind, clock):
    policy = Retry(initial_backoff=100, on_result=lambda answer: True)

    with deadline(0.001):
        assert kind.call(policy, lambda: "busy") == "busy"

    assert policy.statistics().failures == 1


@given(
    seconds=st.floats(0.01, 20),
    takes=st.lists(st.floats(0, 3), min_size=1, max_size=8),
    backoff=st.floats(0, 5),
    is_async=st.booleans(),
)
def test_no_attempt_ever_begins_after_the_deadline(seconds, takes, backoff, is_async):
    policy = Retry(len(takes), initial_backoff=backoff, budget=None)
    begun = []

    def function():
        begun.append(clock.monotonic())
        clock.advance(takes[len(begun) - 1])
        raise TimeoutError

    async def async_function():
        function()

    with FakeClock() as clock, deadline(seconds):
        ends = clock.monotonic() + seconds
        call = (lambda: asyncio.run(policy(async_function)())) if is_async else policy(function)
        with pytest.raises((TimeoutError, DeadlineExceeded)):
            call()

    assert all(moment < ends for moment in begun)


def test_in_a_handler_the_context_sets_the_deadline(clock, flaky, longest_waits):
    function = flaky(*(TimeoutError() for _ in range(9)))
    policy = Retry(9, initial_backoff=1)

    @meantime.handler(reserve=0.5)
    def lambda_handler(event, context):
        return policy(function)()

    with pytest.raises(TimeoutError):
        lambda_handler({}, LambdaContext(timeout=8.5))

    assert function.calls == 4  # at 0, 1, 3 and 7 s


@pytest.mark.parametrize("stop", ["drop", "is_stopped"])
def test_a_thread_that_waits_for_its_next_attempt_ends_when_its_work_is_stopped(stop):
    calls, stopped = [], threading.Event()

    def fail():
        calls.append(1)
        raise TimeoutError

    fail.__qualname__ = "fail"
    policy = Retry(initial_backoff=1000, max_backoff=1000)
    errors = []

    def work():
        with deadline(5000):
            try:
                policy.retried(fail, is_stopped=stopped.is_set)()
            except TimeoutError as error:
                errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not registry:
        thread.join(0.001)
    (waiting,) = registry.waiting()
    assert waiting.function == "the wait before attempt 2 of fail"
    if stop == "drop":
        registry.fan_outs()[0].drop(RuntimeError())
    else:
        stopped.set()
    thread.join(30)

    assert not thread.is_alive()
    assert len(calls) == 1
    assert "no further attempt: the work that it belongs to was stopped" in errors[0].__notes__[0]


@pytest.mark.parametrize("fails", ["before", "after"])
def test_the_end_of_an_invocation_does_not_wait_for_a_retry(fails, environment):
    begun = threading.Event()

    @Retry(initial_backoff=1000, max_backoff=1000)
    def function(item):
        if item == "ends":
            begun.wait(30)
            raise LookupError
        begun.set()
        while fails == "after" and not any(each.stopped for each in registry.fan_outs()):
            threading.Event().wait(0.001)
        raise TimeoutError

    @meantime.handler(reserve=5)
    def lambda_handler(event, context):
        with pytest.raises(LookupError):
            threads.map(function, ["waits", "ends"])
        return "answer"

    assert lambda_handler({}, LambdaContext(timeout=5000)) == "answer"
    assert environment.counted.leftover_threads == 0
