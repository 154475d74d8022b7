"""Records on child processes: the same answers, and a record that ends its process is that record's failure."""

from __future__ import annotations

import os
import time

import pytest
from tests.batch.conftest import come_again, named

import meantime
from meantime import CallTimeout
from meantime.testing import LambdaContext, kinesis_event, sqs_event

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes need fork")


@meantime.batch.sqs(executor="processes", max_concurrency=2)
def in_a_child(message):
    if message.body == "fails":
        raise ValueError(f"in process {os.getpid()}")


def test_records_are_worked_on_in_other_processes(caplog):
    event = sqs_event(["fine", "fails", "fine"])

    assert come_again(event, in_a_child(event, LambdaContext(60))) == [1]
    assert "ValueError: in process" in caplog.text
    assert f"in process {os.getpid()}" not in caplog.text


def whole(function):
    """A decorator put round the handler, as Powertools' are."""
    from functools import wraps  # noqa: PLC0415

    @wraps(function)
    def call(event, context):
        return function(event, context)

    return call


@whole
@meantime.batch.sqs(executor="processes", max_concurrency=2, parse=lambda message: int(message.body))
def parses_in_the_child(number, record):
    return number, record.message_id


def test_a_child_finds_the_function_behind_other_decorators_and_parses_there():
    event = sqs_event([1, "no number", 3])

    assert come_again(event, parses_in_the_child(event, LambdaContext(60))) == [1]


def double(message, prepared):
    return message.json() * prepared


def test_a_function_that_keeps_its_name_and_what_was_prepared_go_there_and_results_come_back():
    results = []
    handler = meantime.batch.sqs(
        executor="processes",
        max_concurrency=2,
        prepare=lambda records: 2,
        finish=lambda outcomes: results.extend(outcomes),
    )(double)

    assert handler(sqs_event(range(4)), LambdaContext(60)) == {"batchItemFailures": []}
    assert [outcome.result for outcome in results] == [0, 2, 4, 6]


def unpicklable(message):
    return lambda: message


def test_a_result_that_nobody_looks_at_need_not_come_back():
    handler = meantime.batch.sqs(executor="processes", max_concurrency=2)(unpicklable)

    assert handler(sqs_event(range(2)), LambdaContext(60)) == {"batchItemFailures": []}


def test_a_function_that_no_child_could_find_fails_before_any_work():
    def local(message):
        return message

    handler = meantime.batch.sqs(executor="processes", max_concurrency=2)(local)

    with pytest.raises(TypeError, match="local cannot be sent to a child process"):
        handler(sqs_event(range(2)), LambdaContext(60))


@meantime.batch.kinesis(executor="processes", max_concurrency=2)
def in_order(record):
    path, number = record.json()
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123  # the shortest way to append
        file.write(f"{record.partition_key}{number}\n")
    if number == 2:
        os._exit(9)


def test_order_is_kept_and_a_dying_child_holds_its_key_back(tmp_path):
    path = tmp_path / "seen"
    event = kinesis_event([(str(path), number) for number in (0, 1, 2, 3)], partition_keys=list("aaaa"))

    answer = in_order(event, LambdaContext(60))

    assert answer == {"batchItemFailures": [{"itemIdentifier": named(event)[2]}]}
    assert path.read_text().split() == ["a0", "a1", "a2"]


def sleeps(message):
    time.sleep(float(message.body))


def test_a_record_over_its_timeout_is_ended():
    told = []
    handler = meantime.batch.sqs(
        executor="processes", max_concurrency=2, timeout=3.0, on_failure=lambda record, error: told.append(type(error))
    )(sleeps)
    event = sqs_event([60, 0])

    assert come_again(event, handler(event, LambdaContext(60))) == [0]
    assert told == [CallTimeout]


def test_what_is_under_way_at_the_deadline_is_ended_and_comes_again():
    handler = meantime.batch.sqs(executor="processes", max_concurrency=2, reserve=1.0)(sleeps)
    event = sqs_event([60, 0, 0])

    assert come_again(event, handler(event, LambdaContext(3.0))) == [0]
