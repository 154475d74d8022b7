"""What one record does is its own failure: no other record's, and never the next invocation's."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import Any

import pytest
from tests.batch.conftest import SOURCES, Course, come_again, decorator_of, event_of, named, position_of

import meantime
from meantime import clock
from meantime.environment import current_environment
from meantime.executors.pool import pool
from meantime.executors.underway import registry
from meantime.testing import FakeClock, LambdaContext, sqs_event


def test_a_record_that_raises_cancelled_error_leaves_its_siblings_alone_and_none_of_them_runs_in_the_next_invocation():
    """The regression: siblings left on the loop ran in the next invocation, whose answer named ids of the first."""
    ran: list[tuple[int, str]] = []
    invocation = 0

    @meantime.batch.sqs
    async def lambda_handler(message):
        mine = invocation
        if message.body == "cancels":
            raise asyncio.CancelledError
        await asyncio.sleep(0.02)
        ran.append((invocation, message.body))
        assert mine == invocation

    first = sqs_event(["one", "cancels", "two"], queue="first")
    second = sqs_event(["three", "four"], queue="second")
    answers = []
    for invocation, event in enumerate((first, second)):  # noqa: B007  # the function looks at it
        answers.append(lambda_handler(event, LambdaContext(60)))

    assert come_again(first, answers[0]) == [1]
    assert answers[1] == {"batchItemFailures": []}
    assert sorted(ran) == [(0, "one"), (0, "two"), (1, "four"), (1, "three")]


def test_likewise_with_a_timeout():
    ran: list[str] = []

    @meantime.batch.sqs(timeout=1.0)
    async def lambda_handler(message):
        if message.body == "cancels":
            raise asyncio.CancelledError
        await clock.sleep_async(5.0 if message.body == "slow" else 0.1)
        ran.append(message.body)

    first, second = sqs_event(["slow", "cancels", "quick"], queue="first"), sqs_event(["next"], queue="second")
    with FakeClock():
        answers = [lambda_handler(event, LambdaContext(60)) for event in (first, second)]

    assert [come_again(event, answer) for event, answer in zip((first, second), answers, strict=True)] == [[0, 1], []]
    assert sorted(ran) == ["next", "quick"]


def test_likewise_with_a_thread_that_outlives_the_deadline():
    """It succeeds at last, in the middle of the next invocation: its record had been answered for."""
    release, released = threading.Event(), threading.Event()

    @meantime.batch.sqs(reserve=0.3)
    def lambda_handler(message):
        if message.body == "hangs":
            assert release.wait(30)
            released.set()
        elif message.body == "releases":
            release.set()
            assert released.wait(30)

    first, second = sqs_event(["hangs", "quick"], queue="first"), sqs_event(["releases", "last"], queue="second")

    answer_to_first = lambda_handler(first, LambdaContext(1.2))
    answer_to_second = lambda_handler(second, LambdaContext(60))

    assert come_again(first, answer_to_first) == [0]
    assert answer_to_second == {"batchItemFailures": []}
    assert current_environment().statistics().leftover_threads == 1


@pytest.mark.parametrize("source", ["fifo", "kinesis"])
def test_a_thread_that_outlives_the_deadline_lets_nothing_of_its_key_begin_later(source):
    release = threading.Event()
    begun = []

    def lambda_handler(record):
        begun.append(record.identifier)
        assert release.wait(30)

    handler = (meantime.batch.sqs if source == "fifo" else meantime.batch.kinesis)(reserve=0.3)(lambda_handler)
    event = event_of(source, "aaa")

    answer = handler(event, LambdaContext(1.2))
    release.set()
    assert registry.wait_until_idle(30)

    assert come_again(event, answer) == [0, 1, 2]
    assert begun == named(event)[:1]


def test_system_exit_is_the_records_failure(executor):
    def leaves(message):
        if message.body == "leaves":
            sys.exit(3)

    async def leaves_async(message):
        leaves(message)

    function = leaves_async if "tasks" in executor else leaves
    handler = meantime.batch.sqs(executor=executor.partition(" ")[0])(function)
    event = sqs_event(["stays", "leaves", "stays too"])

    assert come_again(event, handler(event, LambdaContext(60))) == [1]


async def cancels_itself(record):
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


@pytest.mark.parametrize("source", SOURCES)
def test_a_record_that_cancels_its_own_task_costs_at_most_what_ran_beside_it(source, caplog):
    ran = []

    @decorator_of(source)(max_concurrency=2)
    async def lambda_handler(record):
        if position_of(record) == 2:
            await cancels_itself(record)
        await asyncio.sleep(0)
        ran.append(position_of(record))

    event = event_of(source, "abcdefg")
    answer = lambda_handler(event, LambdaContext(60))

    again = come_again(event, answer)
    assert 2 in again
    if source in {"sqs", "fifo", "kafka"}:
        assert len(again) <= 2
        assert sorted(ran) == [position for position in range(7) if position not in again]
    assert "was cancelled, or raised CancelledError, on its own" in caplog.text


def test_where_no_thread_can_be_started_the_invocation_fails(monkeypatch):
    def start(job, **_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(pool, "start", start)

    with pytest.raises(RuntimeError, match="can't start new thread"):
        Course().handler("sqs", "threads")(sqs_event(range(3)), LambdaContext(60))


def test_where_threads_run_out_later_what_was_done_is_done(monkeypatch, caplog):
    started, start = [], pool.start

    def start_one(job, **_):
        started.append(job)
        if len(started) > 1:
            assert done.wait(30)
            raise RuntimeError("can't start new thread")
        start(job)

    done = threading.Event()
    monkeypatch.setattr(pool, "start", start_one)
    event = sqs_event(range(3))

    @meantime.batch.sqs
    def lambda_handler(message):
        if message.body == "2":
            done.set()
            assert release.wait(30)

    release = threading.Event()
    answer = lambda_handler(event, LambdaContext(60, function_name="threads run out"))
    release.set()

    assert come_again(event, answer) == [2]
    assert "can't start new thread" in caplog.text


@meantime.batch.sqs(executor="processes", max_concurrency=2)
def dying(message):
    """A child that dies in the middle of a record."""
    if message.body == "dies":
        os._exit(9)
    return message.body


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes need fork")
def test_a_dying_child_is_the_records_failure():
    event = sqs_event(["0", "1", "dies", "3", "4", "5"])

    answer = dying(event, LambdaContext(60))

    assert come_again(event, answer) == [2]
    assert dying(sqs_event(["0"], queue="next"), LambdaContext(60)) == {"batchItemFailures": []}


def test_an_async_function_under_a_decorator_that_does_not_await_it_loses_nothing(executor):
    """A peer deletes every message of such a batch: nothing runs, and nothing is reported as failed."""

    async def sends(message):
        raise AssertionError("never awaited, it never runs")

    def passes_on(*args, **keywords):
        return sends(*args, **keywords)

    if "tasks" in executor:
        pytest.skip("there it is awaited")
    handler = meantime.batch.sqs(executor=executor)(passes_on)
    event = sqs_event(["0", "1"])

    assert come_again(event, handler(event, LambdaContext(60))) == [0, 1]


def test_the_batches_of_two_handlers_do_not_meet():
    @meantime.batch.sqs
    def inner(message):
        if message.body == "fails":
            raise ValueError

    @meantime.batch.kinesis
    def outer(record):
        events.append(inner(sqs_event(["fails", "succeeds"]), LambdaContext(60)))

    events: list[dict[str, Any]] = []
    event = event_of("kinesis", "ab")

    assert outer(event, LambdaContext(60)) == {"batchItemFailures": []}
    assert [come_again(sqs_event(["fails", "succeeds"]), answer) for answer in events] == [[0], [0]]
