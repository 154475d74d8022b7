"""Whatever a batch holds and whatever fails: no record is lost, none is done twice, and order is kept."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.batch.conftest import EXECUTORS, SOURCES, Course, come_again, event_of

from meantime.testing import FakeClock, LambdaContext

KEYS = st.lists(st.sampled_from("abc"), min_size=1, max_size=10)
ALL = [(source, executor) for source in SOURCES for executor in EXECUTORS]
EACH = pytest.mark.parametrize(("source", "executor"), ALL)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_stream(source: str) -> bool:
    return source in {"kinesis", "dynamodb"}


def check_order(course: Course, source: str, keys: list[str]) -> None:
    """Within a key one after another, and none behind a failure; on a stream none behind a failure of any key."""
    for position, under_way, failed in course.seen:
        if source == "sqs":
            break
        same = [at for at, key in enumerate(keys) if key == keys[position]]
        assert not under_way & set(same), "two of one key side by side"
        assert not failed & {at for at in same if at < position}, "begun behind a failure of its key"
        if is_stream(source):
            assert not any(at < position for at in failed), "begun behind a failure on a stream"
    if source != "sqs":
        for key in set(keys):
            of_key = [position for position in course.begun if keys[position] == key]
            assert of_key == sorted(of_key)


def check_account(course: Course, source: str, keys: list[str], again: list[int]) -> None:
    """Exactly once: each record was either seen to succeed, or comes again; on a queue never both."""
    assert max(course.succeeded.values(), default=1) == 1
    assert len(set(course.begun)) == len(course.begun)
    for position in range(len(keys)):
        if not course.succeeded[position]:
            assert position in again, f"record {position} is lost"
        elif not is_stream(source):
            assert position not in again, f"record {position} was done, and comes again"
    if again and is_stream(source):
        assert not course.succeeded[again[0]], "the checkpoint is lower than it need be"


def check_complete(course: Course, source: str, keys: list[str]) -> None:
    """Nothing is left undone without a reason: only what goes behind a failure is not begun."""
    for position, key in enumerate(keys):
        before = range(position) if is_stream(source) else [at for at in range(position) if keys[at] == key]
        if source == "sqs" or not any(at in course.failing for at in before):
            assert position in course.begun, f"record {position} was not begun"


@EACH
@QUICK
@given(keys=KEYS, data=st.data(), width=st.integers(1, 4))
def test_every_record_is_done_once_or_comes_again(source, executor, keys: list[str], data: Any, width: int):
    course = Course(
        durations=data.draw(st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3]), min_size=len(keys), max_size=len(keys))),
        failing=frozenset(data.draw(st.sets(st.integers(0, len(keys) - 1)))),
    )
    event = event_of(source, keys)

    with FakeClock():
        answer = course.handler(source, executor, max_concurrency=width)(event, LambdaContext(3600))

    again = come_again(event, answer)
    check_account(course, source, keys, again)
    check_order(course, source, keys)
    check_complete(course, source, keys)
    assert course.peak <= (1 if "sequential" in executor else width)


@EACH
@QUICK
@given(keys=KEYS, data=st.data(), width=st.integers(1, 4), timeout=st.sampled_from([1.0, 1.2, 2.0, 3.0]))
def test_at_the_deadline_too(source, executor, keys: list[str], data: Any, width: int, timeout: float):  # noqa: PLR0917  # hypothesis gives them by name
    """Records that succeed before the answer are done, those cut off by the deadline come again."""
    course = Course(
        durations=data.draw(st.lists(st.sampled_from([0.0, 0.2, 0.7, 1.1]), min_size=len(keys), max_size=len(keys))),
        failing=frozenset(data.draw(st.sets(st.integers(0, len(keys) - 1), max_size=2))),
    )
    event = event_of(source, keys)

    with FakeClock():
        answer = course.handler(source, executor, max_concurrency=width)(event, LambdaContext(timeout))
        succeeded = course.succeeded.copy()

    again = come_again(event, answer)
    check_order(course, source, keys)
    for position in range(len(keys)):
        if not succeeded[position]:
            assert position in again, f"record {position} is lost"
    assert course.peak <= (1 if "sequential" in executor else width)
