"""What may be done around the records: `prepare` and `finish` the batch, look at what failed, fail as a whole."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.batch.conftest import EXECUTORS, Course, come_again, event_of

import meantime
from meantime import BatchFailed, HeldBack, NotFinished, clock
from meantime.testing import FakeClock, LambdaContext, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable

EACH_EXECUTOR = pytest.mark.parametrize("executor", EXECUTORS)


def as_hook(executor: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The hook in the colour of the executor."""

    async def hook(*args: Any) -> Any:
        await asyncio.sleep(0)
        return function(*args)

    return hook if "tasks" in executor else function


@EACH_EXECUTOR
def test_prepare_gets_all_records_before_the_first_is_begun(executor):
    seen = []

    def prepare(records):
        seen.append([record.json() for record in records])

    course = Course()
    course.handler("sqs", executor, prepare=as_hook(executor, prepare))(sqs_event(range(3)), LambdaContext(60))

    assert seen == [[0, 1, 2]]
    assert sorted(course.begun) == [0, 1, 2]


def test_what_it_gives_reaches_the_function_by_the_name_prepared():
    got = []

    @meantime.batch.sqs(prepare=lambda records: {record.message_id: record.json() * 2 for record in records})
    def lambda_handler(message, prepared):
        got.append((message.json(), prepared[message.message_id]))

    lambda_handler(sqs_event(range(3)), LambdaContext(60))

    assert sorted(got) == [(0, 0), (1, 2), (2, 4)]


def test_and_an_async_function():
    got = []

    @meantime.batch.sqs(prepare=lambda records: len(records))
    async def lambda_handler(message, *, prepared, context):
        got.append((prepared, context.function_name))

    lambda_handler(sqs_event(range(2)), LambdaContext(60, function_name="mine"))

    assert got == [(2, "mine")] * 2


@EACH_EXECUTOR
def test_if_it_fails_every_record_has_and_none_is_begun(executor, source):
    def prepare(records):
        raise OSError("no table")

    course, told = Course(), []
    event = event_of(source, "abc")

    answer = course.handler(
        source,
        executor,
        prepare=as_hook(executor, prepare),
        finish=as_hook(executor, lambda outcomes: told.append("finish")),
        on_failure=as_hook(executor, lambda record, error: told.append(str(error))),
    )(event, LambdaContext(60))

    assert come_again(event, answer) == [0, 1, 2]
    assert course.begun == []
    assert told == ["no table"] * 3


@EACH_EXECUTOR
def test_finish_gets_the_outcomes_in_the_order_of_the_batch(executor):
    seen = []
    course = Course(failing=frozenset({1}), durations=[0.3, 0.1, 0.2])
    event = event_of("fifo", "aab")

    with FakeClock():
        course.handler("fifo", executor, finish=as_hook(executor, seen.extend))(event, LambdaContext(60))

    assert [(outcome.index, str(outcome.status), outcome.result) for outcome in seen] == [
        (0, "SUCCEEDED", 0),
        (1, "FAILED", None),
        (2, "SUCCEEDED", 2),
    ]


@EACH_EXECUTOR
def test_a_record_that_was_held_back_says_behind_which(executor):
    seen: list[Any] = []
    event = event_of("fifo", "aaa")

    Course(failing=frozenset({0})).handler("fifo", executor, finish=as_hook(executor, seen.extend))(
        event, LambdaContext(60)
    )

    assert [type(outcome.error) for outcome in seen] == [RuntimeError, HeldBack, HeldBack]
    assert [outcome.started for outcome in seen] == [True, False, False]
    assert seen[2].error.behind == event["Records"][0]["messageId"]


@EACH_EXECUTOR
def test_if_finish_fails_what_had_succeeded_has_failed(executor, source):
    def finish(outcomes):
        raise OSError("no table")

    told = []
    event = event_of(source, "abc")

    answer = Course(failing=frozenset({1})).handler(
        source,
        executor,
        finish=as_hook(executor, finish),
        on_failure=as_hook(executor, lambda record, error: told.append(type(error))),
    )(event, LambdaContext(60))

    assert come_again(event, answer) == [0, 1, 2]
    assert set(told) == {OSError, RuntimeError}


@pytest.mark.parametrize("of", ["records", "outcomes"])
@EACH_EXECUTOR
def test_finish_may_name_what_it_could_not_finish(executor, of):
    def finish(outcomes):
        unprocessed = [outcome for outcome in outcomes.succeeded if outcome.index in {1, 3}]
        return unprocessed if of == "outcomes" else [outcome.item for outcome in unprocessed]

    told: list[Any] = []
    event = sqs_event(range(5))

    answer = Course(failing=frozenset({0})).handler(
        "sqs",
        executor,
        finish=as_hook(executor, finish),
        on_failure=as_hook(executor, lambda record, error: told.append((record.json(), type(error)))),
    )(event, LambdaContext(60))

    assert come_again(event, answer) == [0, 1, 3]
    assert sorted(told, key=str) == [(0, RuntimeError), (1, NotFinished), (3, NotFinished)]


@pytest.mark.parametrize("nonsense", [True, {"UnprocessedItems": {}}, [object()], "id"])
def test_if_it_gives_something_else_nothing_counts_as_finished(nonsense, caplog):
    """A client's answer, given back by accident, must not be read as that all is well."""
    event = sqs_event(range(2))

    answer = Course().handler("sqs", "threads", finish=lambda outcomes: nonsense)(event, LambdaContext(60))

    assert come_again(event, answer) == [0, 1]
    assert "finish must return nothing, or the messages that it could not finish" in caplog.text


@EACH_EXECUTOR
def test_on_failure_is_told_of_each_record_that_failed_and_of_no_other(executor):
    told: list[Any] = []
    event = event_of("fifo", "aabb")

    Course(failing=frozenset({0})).handler(
        "fifo", executor, on_failure=as_hook(executor, lambda record, error: told.append((record.json(), str(error))))
    )(event, LambdaContext(60))

    assert told == [(0, "record 0 fails")]


@EACH_EXECUTOR
def test_it_may_have_taken_care_of_a_record_which_then_need_not_come_again(executor):
    """So a poisonous record does not block its shard: its receive count says when."""
    parked = []

    def park(message, error):
        if message.receive_count >= 3:
            parked.append(message.json())
            return True
        return None

    event = sqs_event(range(4))
    event["Records"][2]["attributes"]["ApproximateReceiveCount"] = "3"

    answer = Course(failing=frozenset({1, 2})).handler("sqs", executor, on_failure=as_hook(executor, park))(
        event, LambdaContext(60)
    )

    assert parked == [2]
    assert come_again(event, answer) == [1]


@EACH_EXECUTOR
def test_on_a_stream_the_checkpoint_moves_past_it(executor):
    event = event_of("kinesis", "aaa")

    answer = Course(failing=frozenset({1})).handler(
        "kinesis", executor, on_failure=as_hook(executor, lambda record, error: True)
    )(event, LambdaContext(60))

    assert come_again(event, answer) == [2]  # it had not been begun


@EACH_EXECUTOR
def test_its_own_failure_loses_nothing_and_is_logged(executor, caplog):
    def on_failure(record, error):
        if record.json() == 1:
            raise OSError("no queue to park it in")
        return True

    event = sqs_event(range(4))

    answer = Course(failing=frozenset({1, 2})).handler("sqs", executor, on_failure=as_hook(executor, on_failure))(
        event, LambdaContext(60)
    )

    assert come_again(event, answer) == [1]
    assert "on_failure= failed for 1 messages, which come again" in caplog.text
    assert "no queue to park it in" in caplog.text


@pytest.mark.parametrize("leaves", [SystemExit(3), asyncio.CancelledError()])
@EACH_EXECUTOR
def test_no_hook_can_end_the_invocation(executor, leaves):
    def hook(*_):
        raise leaves

    event = sqs_event(range(2))
    hooks = {name: as_hook(executor, hook) for name in ("prepare", "finish", "on_failure")}
    for name, given in hooks.items():
        course = Course(failing=frozenset({0}))

        answer = course.handler("sqs", executor, **{name: given})(event, LambdaContext(60))

        assert come_again(event, answer) == ([0] if name == "on_failure" else [0, 1])


def test_after_the_deadline_it_is_told_still_within_half_the_reserve():
    told = []
    course = Course(durations=[0.1, 60.0], failing=frozenset({0}))

    def on_failure(record, error):
        told.append(record.json())
        clock.sleep(0.1)

    with FakeClock():
        course.handler("sqs", "threads", reserve=1.0, on_failure=on_failure)(sqs_event(range(2)), LambdaContext(3.0))

    assert told == [0]


@pytest.mark.parametrize("executor", ["threads", "tasks"])
def test_it_is_told_side_by_side_within_the_bound(executor):
    barrier = threading.Barrier(2)

    def on_failure(record, error):
        barrier.wait(30)

    async def function_async(message):
        raise ValueError

    def function(message):
        raise ValueError

    handler = meantime.batch.sqs(max_concurrency=2, on_failure=on_failure)(
        function_async if executor == "tasks" else function
    )

    handler(sqs_event(range(4)), LambdaContext(60))


@EACH_EXECUTOR
def test_the_batch_fails_as_a_whole_only_when_asked(executor, source):
    event = event_of(source, "abc")
    course = Course(failing=frozenset({0, 1, 2}))

    assert come_again(event, course.handler(source, executor)(event, LambdaContext(60))) == [0, 1, 2]


@EACH_EXECUTOR
def test_when_asked_it_raises_with_the_outcomes(executor):
    def all_failed(outcomes):
        return not outcomes.success_count

    event = sqs_event(range(3))
    handler = Course(failing=frozenset({0, 1, 2})).handler("sqs", executor, fail_when=all_failed)

    with pytest.raises(BatchFailed, match="3 of 3 messages failed") as raised:
        handler(event, LambdaContext(60))

    assert raised.value.outcomes is not None
    assert raised.value.outcomes.failure_count == 3
    fewer = Course(failing=frozenset({0})).handler("sqs", executor, fail_when=all_failed)
    assert come_again(event, fewer(event, LambdaContext(60))) == [0]


def test_what_was_taken_care_of_is_no_reason_to_fail():
    """Else a poisonous message that comes alone would be parked again and again."""
    handler = Course(failing=frozenset({0})).handler(
        "sqs", "threads", on_failure=lambda record, error: True, fail_when=lambda outcomes: not outcomes.success_count
    )

    assert handler(sqs_event(range(1)), LambdaContext(60)) == {"batchItemFailures": []}


def test_after_a_batch_that_failed_the_next_is_answered_for_itself():
    course = Course(failing=frozenset({0}))
    handler = course.handler("sqs", "threads", fail_when=lambda outcomes: outcomes.total_count == 1)
    with pytest.raises(BatchFailed):
        handler(sqs_event(range(1), queue="first"), LambdaContext(60))

    event = sqs_event(range(2), queue="second")

    assert come_again(event, handler(event, LambdaContext(60))) == [0]


def test_a_failed_batch_is_logged_record_by_record_before_it_is_raised(caplog):
    handler = Course(failing=frozenset({0})).handler("sqs", "threads", fail_when=lambda outcomes: True)

    with pytest.raises(BatchFailed):
        handler(sqs_event(range(1)), LambdaContext(60))

    assert "RuntimeError: record 0 fails" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


def test_a_blocking_hook_of_an_async_batch_runs_on_a_thread():
    threads = []

    @meantime.batch.sqs(prepare=lambda records: threads.append(threading.current_thread()))
    async def lambda_handler(message):
        pass

    lambda_handler(sqs_event(range(1)), LambdaContext(60))

    assert threads != [threading.main_thread()]


def test_no_hook_is_called_for_an_empty_batch():
    def called(*_):
        raise AssertionError

    hooks = {"prepare": called, "finish": called, "on_failure": called, "fail_when": called}

    answer = Course().handler("sqs", "threads", **hooks)({"Records": []}, LambdaContext(60))

    assert answer == {"batchItemFailures": []}


@EACH_EXECUTOR
def test_what_on_failure_returns_by_accident_is_told_and_the_record_comes_again(executor, caplog):
    """As `return client.send_message(...)` gives: nothing says that it was meant."""
    event = sqs_event(range(3))
    handler = Course(failing=frozenset({1})).handler(
        "sqs", executor, on_failure=as_hook(executor, lambda record, error: {"MessageId": "5"})
    )

    assert come_again(event, handler(event, LambdaContext(60))) == [1]
    assert "on_failure= failed for 1 messages, which come again" in caplog.text
    assert "on_failure must return True if it has taken care of the record" in caplog.text
    assert "got dict: {'MessageId': '5'}" in caplog.text


@pytest.mark.parametrize("value", [None, False])
def test_nothing_and_false_are_no_accident(value, caplog):
    event = sqs_event(range(3))
    handler = Course(failing=frozenset({1})).handler("sqs", "threads", on_failure=lambda record, error: value)

    assert come_again(event, handler(event, LambdaContext(60))) == [1]
    assert "on_failure=" not in caplog.text
