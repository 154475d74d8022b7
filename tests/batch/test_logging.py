"""What the log says of what comes again: enough for who is woken by it, and not 10,000 lines."""

from __future__ import annotations

import json
import logging

import pytest
from tests.batch.conftest import Course, event_of, named

import meantime
from meantime.testing import LambdaContext, sqs_event


@pytest.fixture(autouse=True)
def _all(caplog):
    caplog.set_level(logging.DEBUG, logger="meantime")


def messages(caplog):
    return [record.getMessage() for record in caplog.records]


def test_nothing_of_a_batch_that_succeeds(executor, source, caplog):
    Course().handler(source, executor)(event_of(source, "aab"), LambdaContext(60))

    assert messages(caplog) == []


def test_a_line_for_the_record_that_failed_with_its_error_and_one_for_the_batch(caplog):
    event = sqs_event(range(10), receive_count=3)
    identifier = named(event)[4]

    Course(failing=frozenset({4})).handler("sqs", "threads")(event, LambdaContext(60))

    record, batch = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == (
        f"batch.sqs: message {identifier} failed at receive 3 and will come again: RuntimeError: record 4 fails"
    )
    assert record.exc_info[1].args == ("record 4 fails",)
    assert record.batch_record == {
        "source": "sqs",
        "identifier": identifier,
        "receive_count": 3,
        "error": "RuntimeError",
        "text": "record 4 fails",
        "taken_care_of": False,
    }
    assert batch.levelno == logging.WARNING
    assert batch.getMessage() == "batch.sqs: 1 of 10 messages will come again: 1 failed (1 RuntimeError)."
    assert batch.batch == {
        "source": "sqs",
        "records": 10,
        "come_again": 1,
        "failed": 1,
        "held_back": 0,
        "too_late": 0,
        "cut_off": 0,
        "taken_care_of": 0,
        "errors": {"RuntimeError": 1},
        "identifiers": [identifier],
    }


def test_the_fields_are_json(caplog):
    Course(failing=frozenset({0, 1})).handler("kinesis", "threads")(event_of("kinesis", "aab"), LambdaContext(60))

    for record in caplog.records:
        json.dumps(getattr(record, "batch_record", getattr(record, "batch", None)))


def test_of_many_failures_ten_have_a_line_each_and_one_of_a_kind_its_traceback(caplog):
    def fails(message):
        raise (OSError if message.json() % 2 else ValueError)("down")

    meantime.batch.sqs(fails)(sqs_event(range(2000)), LambdaContext(60))

    *records, batch = caplog.records
    assert len(records) == 10
    assert sum(record.exc_info is not None for record in records) == 2
    assert "2000 of 2000 messages will come again: 2000 failed" in batch.getMessage()
    assert batch.batch["errors"] == {"OSError": 1000, "ValueError": 1000}
    assert len(batch.batch["identifiers"]) == 100


def test_it_tells_what_failed_from_what_was_only_held_back(caplog):
    Course(failing=frozenset({0})).handler("fifo", "threads")(event_of("fifo", "aaab"), LambdaContext(60))

    assert messages(caplog)[-1] == (
        "batch.sqs: 3 of 4 messages will come again: 1 failed (1 RuntimeError), 2 held back behind them."
    )


def test_it_says_where_a_stream_goes_on_and_what_is_done_again(caplog):
    event = event_of("kinesis", "abc")
    course = Course(failing=frozenset({0}), durations=[0.2, 0.1, 0.1])
    from meantime.testing import FakeClock  # noqa: PLC0415

    with FakeClock():
        course.handler("kinesis", "threads", max_concurrency=3)(event, LambdaContext(60))

    assert messages(caplog)[-1] == (
        "batch.kinesis: 3 of 3 records will come again: 1 failed (1 RuntimeError), 2 done, and done again since the "
        f"stream goes back to {named(event)[0]}."
    )


def test_it_says_what_on_failure_has_taken_care_of(caplog):
    Course(failing=frozenset({0})).handler("sqs", "threads", on_failure=lambda record, error: True)(
        sqs_event(range(2)), LambdaContext(60)
    )

    assert "failed at receive 1 and was taken care of by on_failure: RuntimeError" in messages(caplog)[0]
    assert messages(caplog)[1] == (
        "batch.sqs: 0 of 2 messages will come again: 1 failed (1 RuntimeError), 1 taken care of by on_failure."
    )


def test_an_error_whose_text_fails_is_still_told(caplog):
    class Broken(Exception):
        def __str__(self):
            raise RuntimeError

    def fails(message):
        raise Broken

    answer = meantime.batch.sqs(fails)(sqs_event([1]), LambdaContext(60))

    assert len(answer["batchItemFailures"]) == 1
    assert "failed at receive 1 and will come again: Broken" in messages(caplog)[0]


def test_a_window_that_was_not_taken_in_is_told(caplog):
    from meantime.testing import kinesis_event  # noqa: PLC0415

    event = kinesis_event(range(2), state={}, is_final=True, partition_keys=["a", "a"])
    Course(failing=frozenset({1})).handler("kinesis", "threads", window=lambda window, outcomes: {})(
        event, LambdaContext(60)
    )

    assert "2 of 2 records will come again" in messages(caplog)[-1]


def test_what_goes_wrong_with_the_log_costs_no_answer(monkeypatch, caplog):
    monkeypatch.setattr("meantime.batch.reporting._report_batch", lambda *_: 1 / 0)
    event = sqs_event(range(2))

    answer = Course(failing=frozenset({0})).handler("sqs", "threads")(event, LambdaContext(60))

    assert answer == {"batchItemFailures": [{"itemIdentifier": named(event)[0]}]}
    assert "batch.sqs: what comes again could not be reported" in caplog.text


def test_the_body_of_a_message_is_in_no_line(caplog):
    def fails(message):
        raise ValueError("wrong")

    meantime.batch.sqs(fails)(sqs_event(["card 4111"]), LambdaContext(60))

    assert "4111" not in caplog.text
