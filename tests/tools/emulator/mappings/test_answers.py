"""How AWS reads an answer: every row of the conformance table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.responses import BATCH, READINGS, Row

from meantime.tools.emulator.mappings.answers import Outcome, Reading, failure, read_queue_answer, read_stream_answer

LETTERS = st.lists(st.sampled_from("abcdefghij"), unique=True, min_size=1)


def read(row: Row) -> Reading:
    reader = read_queue_answer if row.source == "sqs" else read_stream_answer
    return reader(row.answer, BATCH[row.source], report=row.report)


@pytest.mark.parametrize("row", READINGS, ids=str)
def test_an_answer_is_read_as_aws_reads_it(row: Row) -> None:
    reading = read(row)

    assert (reading.outcome, reading.again) == (row.outcome, row.again)


@pytest.mark.parametrize("row", [row for row in READINGS if row.outcome == "failure"], ids=str)
def test_a_failure_says_why(row: Row) -> None:
    assert read(row).reason


@given(batch=LETTERS, listed=st.sets(st.sampled_from("abcdefghij")))
def test_a_message_is_deleted_or_comes_again_never_both_nor_neither(batch: list[str], listed: set[str]) -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in sorted(listed)]}

    reading = read_queue_answer(answer, batch, report=True)

    all_are_known = listed <= set(batch)
    assert set(reading.again) == (listed if all_are_known else set(batch))
    assert len(reading.again) == len(set(reading.again))


@given(batch=LETTERS, data=st.data())
def test_no_record_at_or_after_a_failed_one_is_taken_for_done(batch: list[str], data: st.DataObject) -> None:
    listed = data.draw(st.sets(st.sampled_from(batch)))
    answer = {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in sorted(listed)]}

    again = read_stream_answer(answer, batch, report=True).again

    assert list(again) == batch[len(batch) - len(again) :]
    assert listed <= set(again)
    assert not again or again[0] in listed


def test_an_answer_to_a_tumbling_window_without_state_is_a_failure() -> None:
    assert read_stream_answer({}, ["1", "2"], report=False, windowed=True).again == ("1", "2")
    assert read_stream_answer({"state": {}}, ["1", "2"], report=False, windowed=True).again == ()


def test_a_batch_that_failed_as_a_whole_comes_again_as_a_whole() -> None:
    assert failure(["1", "2"], "crashed") == Reading("failure", ("1", "2"), "crashed")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "ignored"),
    [
        ({"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}, 2),
        ({"batchItemFailures": []}, 0),
        ({"batchItemFailures": [{"itemIdentifier": "9"}]}, 0),
        ({"statusCode": 500}, 0),
        ("no answer", 0),
        (None, 0),
    ],
)
@pytest.mark.parametrize("read", [read_queue_answer, read_stream_answer])
def test_without_reporting_what_it_names_in_vain_is_counted(read: Any, answer: Any, ignored: int) -> None:
    reading = read(answer, ["1", "2", "3"], report=False)

    assert (reading.outcome, reading.again, reading.ignored) == (Outcome.SUCCESS, (), ignored)


def test_with_reporting_nothing_is_named_in_vain() -> None:
    answer = {"batchItemFailures": [{"itemIdentifier": "1"}]}

    assert read_queue_answer(answer, ["1", "2"], report=True).ignored == 0
