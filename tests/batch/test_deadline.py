"""At the deadline: the invocation answers in time, and what was not seen to succeed comes again."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.batch.conftest import EXECUTORS, SOURCES, Course, come_again, event_of

import meantime
from meantime import BatchFailed, DeadlineExceeded, Limiter, clock
from meantime.testing import FakeClock, LambdaContext, sqs_event


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("source", SOURCES)
def test_what_is_not_begun_or_not_done_in_time_comes_again(source, executor):
    course = Course(durations=[0.1, 60.0, 0.1, 60.0])
    event = event_of(source, "abcd")

    with FakeClock():
        answer = course.handler(source, executor, max_concurrency=2)(event, LambdaContext(3.0))

    done = [0] if "sequential" in executor or source in {"kinesis", "dynamodb"} else [0, 2]
    assert come_again(event, answer) == [position for position in range(4) if position not in done]


def test_the_answer_comes_in_time():
    release = threading.Event()

    @meantime.batch.sqs(reserve=1.0)
    def lambda_handler(message):
        assert release.wait(30)

    context = LambdaContext(2.0)
    lambda_handler(sqs_event(range(3)), context)
    left = context.get_remaining_time_in_millis()
    release.set()

    assert left > 0


def test_in_a_batch_of_many_what_was_done_by_then_is_done(executor):
    course = Course(durations=[0.1] * 100)
    event = sqs_event(range(100))

    with FakeClock():
        answer = course.handler("sqs", executor, max_concurrency=5, reserve=0.5)(event, LambdaContext(1.55))

    again = come_again(event, answer)
    # What is under way at 1.05 s is cut off; only a plain loop cannot but let it end.
    done = {"sequential": 11, "sequential tasks": 10}.get(executor, 50)
    assert again == list(range(done, 100))


@pytest.mark.blocks_the_loop
def test_a_record_that_blocks_the_event_loop_is_interrupted_and_the_others_stay_done():
    @meantime.batch.sqs(reserve=1.0)
    async def lambda_handler(message):
        await asyncio.sleep(0)
        if message.body == "blocks":
            await asyncio.sleep(0.01)
            time.sleep(30)  # noqa: ASYNC251  # what must not be done

    event = sqs_event(["0", "blocks", "2"])

    assert come_again(event, lambda_handler(event, LambdaContext(2.0))) == [1]


def test_a_record_that_resists_its_cancellation_is_given_up():
    """Three quarters of the reserve are over then; an eighth is left to answer in."""

    async def resists():
        while True:
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                continue

    @meantime.batch.sqs(reserve=1.0, max_concurrency=3)
    async def lambda_handler(message):
        if message.body == "resists":
            await resists()

    event = sqs_event(["resists", *map(str, range(100))])

    answer = lambda_handler(event, LambdaContext(2.0))
    after = lambda_handler(sqs_event(["next"]), LambdaContext(60))

    assert come_again(event, answer) == [0]
    assert after == {"batchItemFailures": []}


@pytest.mark.parametrize("executor", ["threads", "tasks"])
def test_a_finish_that_hangs_leaves_every_record_to_come_again(executor):
    """What `finish` has not done is not done."""

    def hangs(outcomes):
        clock.sleep(60)

    async def hangs_async(outcomes):
        await clock.sleep_async(60)

    course = Course()
    event = sqs_event(range(3))
    finish = hangs_async if executor == "tasks" else hangs

    with FakeClock():
        answer = course.handler("sqs", executor, finish=finish)(event, LambdaContext(3.0))

    assert come_again(event, answer) == [0, 1, 2]


def test_a_blocking_finish_of_an_async_batch_hangs_on_a_thread_and_is_left():
    release = threading.Event()

    @meantime.batch.sqs(finish=lambda outcomes: release.wait(30), reserve=0.2)
    async def lambda_handler(message):
        await asyncio.sleep(0)

    event = sqs_event(range(3))

    answer = lambda_handler(event, LambdaContext(0.4))
    release.set()

    assert come_again(event, answer) == [0, 1, 2]


@pytest.mark.parametrize("executor", ["threads", "tasks"])
def test_finish_still_runs_after_the_deadline_within_half_the_reserve(executor):
    """What was done in time is to be finished: the deadline itself is no reason to do it again."""
    finished = []

    def finish(outcomes):
        clock.sleep(0.1)
        finished.extend(outcome.index for outcome in outcomes.succeeded)

    async def finish_async(outcomes):
        await clock.sleep_async(0.1)
        finished.extend(outcome.index for outcome in outcomes.succeeded)

    course = Course(durations=[0.1, 60.0, 0.2])
    event = sqs_event(range(3))
    chosen = finish_async if executor == "tasks" else finish

    with FakeClock():
        answer = course.handler("sqs", executor, finish=chosen, reserve=1.0)(event, LambdaContext(3.0))

    assert finished == [0, 2]
    assert come_again(event, answer) == [1]


def test_a_deadline_that_has_passed_before_anything_begins(executor, source):
    """In a thread of its own, where no alarm interrupts what has no time at all."""
    course = Course()
    event = event_of(source, "abc")

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(course.handler(source, executor), event, LambdaContext(0.0)).result()

    assert course.begun == []
    assert come_again(event, answer) == [0, 1, 2]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_records_for_which_a_limiter_has_no_turn_in_time_come_again_at_once(executor):
    """It is no failure of theirs, and nobody waits for the deadline."""
    course = Course()
    told = []
    event = sqs_event(range(20))
    limiter = Limiter("downstream", rate=1, burst=1)

    with FakeClock() as held:
        began = held.monotonic()
        handler = course.handler("sqs", executor, limiter=limiter, on_failure=lambda record, error: told.append(error))
        answer = handler(event, LambdaContext(5.5))
        took = held.monotonic() - began

    assert len(course.begun) == 5
    assert come_again(event, answer) == sorted(set(range(20)) - set(course.begun))
    assert told == []
    assert took <= 5.0


def test_the_log_names_what_was_still_waiting(caplog):
    course = Course(durations=[0.1, 60.0])
    event = sqs_event(range(2))

    with FakeClock():
        course.handler("sqs", "threads")(event, LambdaContext(3.0))

    [line] = [record.getMessage() for record in caplog.records if "will come again" in record.getMessage()]
    assert "1 of 2 messages will come again: 1 not finished in time" in line
    assert f"Still waiting: Course.blocking(SQSMessage('{event['Records'][1]['messageId']}'))" in line


@pytest.mark.parametrize("executor", ["threads", "tasks"])
def test_what_was_not_begun_is_told_from_what_was_cut_off(executor):
    course = Course(durations=[0.1, 60.0, 0.1])
    seen: list[Any] = []

    with FakeClock():
        course.handler("fifo", executor, finish=seen.extend)(event_of("fifo", "aaa"), LambdaContext(3.0))

    assert [(str(outcome.status), outcome.started, type(outcome.error)) for outcome in seen] == [
        ("SUCCEEDED", True, type(None)),
        ("UNFINISHED", True, DeadlineExceeded),
        ("UNFINISHED", False, DeadlineExceeded),
    ]


@pytest.mark.parametrize("executor", ["threads", "tasks"])
def test_a_batch_that_was_not_even_begun_is_answered_for_itself_and_not_for_the_one_before(executor):
    handler = Course().handler("sqs", executor, fail_when=lambda outcomes: True)
    event = sqs_event(range(2), queue="second")

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(BatchFailed):
            pool.submit(handler, sqs_event(range(3), queue="first"), LambdaContext(60)).result()
        answer = pool.submit(handler, event, LambdaContext(0.0)).result()

    assert come_again(event, answer) == [0, 1]


def test_main_without_a_handler_has_no_deadline():
    course = Course(durations=[5.0])
    event = sqs_event(range(1))

    with FakeClock():
        assert course.handler("sqs", "threads").main(event, None) == {"batchItemFailures": []}
        assert asyncio.run(course.handler("sqs", "tasks").main(event, None)) == {"batchItemFailures": []}
