"""Tumbling windows: the state that is answered knows of exactly the records that do not come again."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.batch.conftest import EXECUTORS, Course, come_again

import meantime
from meantime.testing import FakeClock, LambdaContext, dynamodb_event, kinesis_event

EACH_EXECUTOR = pytest.mark.parametrize("executor", EXECUTORS)


def add_up(window, outcomes):
    window.state["sum"] = window.state.get("sum", 0) + sum(outcome.result for outcome in outcomes)
    window.state["count"] = window.state.get("count", 0) + len(outcomes)
    return window.state


@EACH_EXECUTOR
def test_the_windows_function_gets_the_state_and_gives_the_new_one(executor):
    event = kinesis_event(range(4), state={"sum": 10, "count": 2})

    answer = Course().handler("kinesis", executor, window=add_up)(event, LambdaContext(60))

    assert answer == {"batchItemFailures": [], "state": {"sum": 16, "count": 6}}


def test_it_knows_the_window():
    seen = []

    def window(window, outcomes):
        seen.append((window.start, window.end, window.is_final, window.is_terminated_early, window.shard_id))
        return {}

    Course().handler("kinesis", "threads", window=window)(kinesis_event([0], state={}), LambdaContext(60))

    assert seen == [("2026-01-01T00:00:00Z", "2026-01-01T00:02:00Z", False, False, "shardId-000000000000")]


@EACH_EXECUTOR
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=8), data=st.data())
def test_over_all_deliveries_every_record_counts_once(executor, keys: list[str], data: Any):
    """Delivered as AWS does it, from the checkpoint on and with the state of the answer before, until all is done."""
    numbers = list(range(len(keys)))
    records = kinesis_event(numbers, partition_keys=keys)["Records"]
    first, state, deliveries = 0, {}, 0
    while first < len(records):
        event = kinesis_event([], state=state) | {"Records": records[first:]}
        failing = data.draw(st.sets(st.sampled_from(numbers[first:]), max_size=2)) if deliveries < 5 else set()
        course = Course(failing=frozenset(failing))

        answer = course.handler("kinesis", executor, max_concurrency=3, window=add_up)(event, LambdaContext(3600))

        again = come_again(event, answer)
        state, deliveries = answer["state"], deliveries + 1
        first = len(records) if not again else first + again[0]

    assert state == {"sum": sum(numbers), "count": len(numbers)}


@pytest.mark.parametrize("executor", ["threads", "tasks"])
def test_a_record_that_was_done_and_will_be_done_again_does_not_count_yet(executor):
    """The first fails when the others are done: the stream goes back to it, and brings them again."""
    event = kinesis_event(range(3), state={"sum": 10, "count": 1})
    course = Course(durations=[0.3, 0.1, 0.1], failing=frozenset({0}))

    with FakeClock():
        answer = course.handler("kinesis", executor, window=add_up)(event, LambdaContext(60))

    assert sorted(course.succeeded) == [1, 2]
    assert answer["state"] == {"sum": 10, "count": 1}
    assert come_again(event, answer) == [0, 1, 2]


@EACH_EXECUTOR
def test_a_record_that_was_taken_care_of_does_not_count_and_the_window_goes_on_behind_it(executor):
    async def park(record, error):
        return True

    event = kinesis_event(range(3), state={}, partition_keys=["a", "b", "c"])
    on_failure = park if "tasks" in executor else lambda record, error: True
    course = Course(failing=frozenset({1}))

    answer = course.handler("kinesis", executor, max_concurrency=1, window=add_up, on_failure=on_failure)(
        event, LambdaContext(60)
    )

    assert answer["state"] == {"sum": 0, "count": 1}
    assert come_again(event, answer) == [2]


@EACH_EXECUTOR
def test_without_such_a_function_the_state_passes_through(executor):
    state = {"kept": [1, {"as": "it is"}]}
    event = kinesis_event(range(3), state=state)

    answer = Course(failing=frozenset({1})).handler("kinesis", executor)(event, LambdaContext(60))

    assert answer["state"] == state
    assert come_again(event, answer) == [1, 2]


@EACH_EXECUTOR
def test_if_it_fails_the_state_is_as_before_and_everything_comes_again(executor):
    """Though it has changed the state before it failed."""

    def window(window, outcomes):
        window.state["nested"]["sum"] = 99
        raise ValueError("cannot add up")

    event = kinesis_event(range(3), state={"nested": {"sum": 1}})
    before = copy.deepcopy(event)

    answer = Course().handler("kinesis", executor, window=window)(event, LambdaContext(60))

    assert answer["state"] == {"nested": {"sum": 1}}
    assert come_again(event, answer) == [0, 1, 2]
    assert event == before


def test_a_state_that_is_forgotten_is_an_error_and_not_the_end_of_the_state(caplog):
    event = kinesis_event(range(2), state={"sum": 1})

    answer = Course().handler("kinesis", "threads", window=lambda window, outcomes: None)(event, LambdaContext(60))

    assert answer["state"] == {"sum": 1}
    assert come_again(event, answer) == [0, 1]
    assert "must return the window's new state, and returned None" in caplog.text


@EACH_EXECUTOR
def test_the_last_invocation_of_a_window_may_have_no_records(executor):
    stored = []

    def window(window, outcomes):
        assert window.is_final
        assert outcomes == ()
        stored.append(window.state)

    event = kinesis_event([], state={"sum": 7}, is_final=True)

    answer = Course().handler("kinesis", executor, window=window)(event, LambdaContext(60))

    assert stored == [{"sum": 7}]
    assert answer == {"batchItemFailures": [], "state": {}}


@EACH_EXECUTOR
def test_if_that_fails_the_invocation_does_since_there_is_no_record_to_come_again(executor):
    def window(window, outcomes):
        raise OSError("no table")

    event = kinesis_event([], state={"sum": 7}, is_final=True)

    with pytest.raises(OSError, match="no table"):
        Course().handler("kinesis", executor, window=window)(event, LambdaContext(60))


@EACH_EXECUTOR
def test_a_window_is_not_concluded_without_records_that_failed(executor, caplog):
    """It would be concluded without them: so the whole batch comes again, with the state as it was."""
    concluded = []
    event = kinesis_event(range(3), state={"sum": 7}, is_final=True)

    answer = Course(failing=frozenset({1})).handler(
        "kinesis", executor, window=lambda window, outcomes: concluded.append(1)
    )(event, LambdaContext(60))

    assert concluded == []
    assert answer["state"] == {"sum": 7}
    assert come_again(event, answer) == [0, 1, 2]


def test_one_whose_function_the_deadline_cuts_off_comes_again_with_the_state_as_it_was():
    from meantime import clock  # noqa: PLC0415

    event = kinesis_event(range(2), state={"sum": 7})

    with FakeClock():
        answer = Course().handler("kinesis", "threads", window=lambda window, outcomes: clock.sleep(60))(
            event, LambdaContext(3.0)
        )

    assert answer["state"] == {"sum": 7}
    assert come_again(event, answer) == [0, 1]


def test_dynamodb_streams_have_them_too():
    event = dynamodb_event([(None, {"id": "1", "n": 5})], state={})

    answer = meantime.batch.dynamodb(window=add_up)(lambda record: int(record.new_image["n"]))(event, LambdaContext(60))

    assert answer == {"batchItemFailures": [], "state": {"sum": 5, "count": 1}}


def test_a_mapping_without_a_window_has_no_state():
    event = kinesis_event(range(2))

    assert Course().handler("kinesis", "threads", window=add_up)(event, LambdaContext(60)) == {"batchItemFailures": []}
