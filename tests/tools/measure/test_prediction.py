"""Predictions from a recording: exact where that can be told by hand, and what always holds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meantime.tools.measure.model.costs import COSTS
from meantime.tools.measure.prediction import predict
from meantime.tools.report.recording import Accounting, Observation, RecordedCall, Recording, Wait

NO_ACCOUNT = Accounting(
    waiting_alone_ms=0, waiting_together_ms=0, computing_ms=0, lock_ms=0, throttled_ms=0, unexplained_ms=0
)
OUTSIDE = 2 * COSTS.runtime_ms  # the runtime client, before and behind
LINES = ("app.py:7",)


def recorded(calls, *, memory_mb=1769, between=0.0, before=0.0, behind=0.0, lines=LINES):
    """A sequential recording of calls, each (computing, waiting); the handler computes between them."""
    now, found, waits = before, [], []
    for number, (computing, waiting) in enumerate(calls):
        begun, half = now, computing / 2
        now += computing + waiting
        found.append(
            RecordedCall(
                id=number,
                name=f"GET /items/{number}",
                kind="http",
                start_ms=begun,
                end_ms=now,
                waiting_ms=waiting,
                computing_ms=computing,
                library="requests",
                target="api:443",
                line=lines[number % len(lines)],
            )
        )
        if waiting:
            waits.append(
                Wait(
                    kind="receive",
                    start_ms=begun + half,
                    end_ms=begun + half + waiting,
                    call=number,
                    computed_before_ms=half,
                )
            )
        now += between if number < len(calls) - 1 else 0.0
    now += behind
    return Recording(
        function="app",
        handler="app.handler",
        memory_mb=memory_mb,
        python="3.11.7",
        cold=False,
        request_id="1",
        date="2026-11-25T20:00:00Z",
        duration_ms=now,
        cpu_ms=sum(computing for computing, _ in calls) + between * (len(calls) - 1) + before + behind,
        accounting=NO_ACCOUNT,
        calls=tuple(found),
        waits=tuple(waits),
    )


def everything(recording):
    return (tuple(call.id for call in recording.calls),)


def predicted(recording, max_concurrency, *, memory_mb=1769, executor="threads", groups=None):
    one = recording if isinstance(recording, Recording) else recording[0]
    return predict(
        recording,
        executor=executor,
        max_concurrency=max_concurrency,
        memory_mb=memory_mb,
        groups=everything(one) if groups is None else groups,
    )


def test_the_function_as_it_is_takes_what_it_took_without_the_recording():
    recording = recorded([(1.0, 30.0)] * 10, between=0.5, before=2.0, behind=3.0)

    found = predicted(recording, 1, groups=()).value - OUTSIDE

    assert recording.duration_ms - 10 * COSTS.recording_ms <= found <= recording.duration_ms


@pytest.mark.parametrize(("max_concurrency", "expected"), [(1, 120), (2, 60), (3, 40), (4, 30), (5, 30), (64, 10)])
def test_waits_alone_take_so_many_rounds(max_concurrency, expected):
    assert predicted(recorded([(0.0, 10.0)] * 12), max_concurrency).value == pytest.approx(expected + OUTSIDE)


def test_each_of_few_calls_keeps_its_own_wait_in_their_order():
    recording = recorded([(0.0, wait) for wait in (30.0, 10.0, 10.0, 10.0, 20.0)])

    assert predicted(recording, 2).value == pytest.approx(50 + OUTSIDE)


@pytest.mark.parametrize("memory_mb", [128, 256, 512, 1024])
def test_computing_alone_takes_its_time_by_the_share_however_wide(memory_mb):
    recording = recorded([(4.0, 0.0)] * 100)

    found = predicted(recording, 16, memory_mb=memory_mb, executor="tasks").value

    assert found == pytest.approx(400 / (memory_mb / 1769), abs=45)  # two periods of the quota, and a tick


@pytest.mark.parametrize(("asked", "expected"), [(12, 40), (3, 10)])
def test_a_limiter_that_each_call_asks_lets_no_more_through(asked, expected):
    limiter = Observation(kind="limiter", text="orders", numbers={"max_concurrency": 3.0, "count": asked})
    recording = replace(recorded([(0.0, 10.0)] * 12), observations=(limiter,))

    assert predicted(recording, 12).value == pytest.approx(expected + OUTSIDE)


def test_threads_that_wait_for_each_other_compute_longer():
    recording = recorded([(4.0, 0.0)] * 100)

    threads, tasks = (predicted(recording, 16, executor=executor).value for executor in ("threads", "tasks"))

    assert 400 < tasks < threads <= 400 * (1 + COSTS.contended) + OUTSIDE


def test_tasks_that_begin_together_search_a_pool_of_httpx_again_and_again():
    recording = recorded([(1.0, 30.0)] * 48)
    searching = replace(recording, calls=tuple(replace(call, library="httpx") for call in recording.calls))

    narrow, wide = (
        predicted(searching, width, executor="tasks").value - predicted(recording, width, executor="tasks").value
        for width in (4, 48)
    )

    assert narrow < 10
    assert wide > 100


def test_short_bursts_in_a_small_function_are_not_held_up():
    recording = recorded([(0.4, 60.0)] * 10)

    found = predicted(recording, 1, memory_mb=128, groups=()).value

    assert found == pytest.approx(recording.duration_ms + OUTSIDE, rel=0.02)


def test_what_is_in_no_group_stays_in_line():
    recording = recorded([(0.0, 10.0)] * 6)

    assert predicted(recording, 4, groups=((0, 1, 2, 3),)).value == pytest.approx(30 + OUTSIDE)


def test_two_groups_follow_each_other():
    recording = recorded([(0.0, 10.0)] * 8)

    assert predicted(recording, 4, groups=((0, 1, 2, 3), (4, 5, 6, 7))).value == pytest.approx(20 + OUTSIDE)


def test_a_group_goes_where_its_first_call_was_though_others_lie_between():
    recording = recorded([(0.0, 10.0)] * 5)

    assert predicted(recording, 4, groups=((0, 2, 4),)).value == pytest.approx(30 + OUTSIDE)


def test_the_code_around_the_group_stays():
    recording = recorded([(0.0, 10.0)] * 10, before=20.0, behind=30.0)

    assert predicted(recording, 10).value == pytest.approx(60 + OUTSIDE)


def test_the_code_between_the_calls_goes_with_them_on_one_core_that_they_keep_warm():
    recording = recorded([(0.0, 10.0)] * 10, between=2.0)

    assert 10 + 9 * 2 * 0.7 + OUTSIDE < predicted(recording, 10).value <= 10 + 9 * 2 + OUTSIDE


def test_calls_side_by_side_compute_less_than_each_after_a_pause():
    recording = recorded([(2.0, 40.0)] * 32)

    assert predicted(recording, 32, memory_mb=512).value < 40 + 32 * 2.0 / (512 / 1769)


def test_calls_within_a_grouped_call_are_a_part_of_it():
    recording = recorded([(0.0, 10.0)] * 4)
    first = recording.calls[0]
    inner = replace(first, id=99, parent=0, name="connect")
    nested = replace(recording, calls=(*recording.calls, inner))

    assert predicted(nested, 4, groups=((0, 1, 2, 3),)).value == pytest.approx(10 + OUTSIDE)


def test_a_call_that_holds_grouped_ones_is_not_counted_twice():
    recording = recorded([(5.0, 0.0)] * 4)
    around = replace(recording.calls[0], id=99, start_ms=0.0, end_ms=20.0, computing_ms=20.0, kind="item", name="all")
    within = (around, *(replace(call, parent=99) for call in recording.calls))

    found = predicted(replace(recording, calls=within), 4, executor="tasks", groups=((0, 1, 2, 3),))

    assert found.value == pytest.approx(20 + OUTSIDE)


def test_calls_that_overlapped_in_the_recording_still_do():
    recording = recorded([(0.0, 10.0)] * 3)
    side_by_side = replace(
        recording,
        duration_ms=10.0,
        calls=tuple(replace(call, start_ms=0.0, end_ms=10.0) for call in recording.calls),
        waits=tuple(replace(wait, start_ms=0.0, end_ms=10.0) for wait in recording.waits),
    )

    assert predicted(side_by_side, 1, groups=()).value == pytest.approx(10 + OUTSIDE)


def test_the_handlers_own_wait_between_calls_stays():
    recording = recorded([(0.0, 10.0)] * 2, between=40.0)
    slept = replace(
        recording, cpu_ms=0.0, waits=(*recording.waits, Wait(kind="sleep", start_ms=10.0, end_ms=50.0, call=None))
    )

    assert predicted(slept, 1, groups=()).value == pytest.approx(60 + OUTSIDE)


def test_a_connection_that_was_kept_is_opened_by_each_worker():
    recording = recorded([(0.0, 10.0)] * 8)
    connect = Wait(kind="connect", start_ms=0.0, end_ms=4.0, call=0)
    first = replace(recording.waits[0], start_ms=4.0)
    opening = replace(recording, waits=(connect, first, *recording.waits[1:]))

    found = predict(opening, executor="threads", max_concurrency=4, memory_mb=1769, groups=everything(opening))

    assert 4 + 2 * 6 + OUTSIDE <= found.value <= 4 + 2 * 10 + OUTSIDE


def test_a_tail_that_was_seen_is_met_by_some_worker():
    heavy = [10.0] * 60 + [200.0] * 4

    found = predicted(recorded([(0.0, wait) for wait in heavy]), 64)

    assert found.value == pytest.approx(200 + OUTSIDE)


def test_calls_that_are_slow_each_time_keep_their_place():
    waits = [10.0] * 19 + [100.0]
    recordings = [recorded([(0.0, wait + number * 0.1) for wait in waits]) for number in range(3)]

    found = predicted(recordings, 19)

    assert found.value == pytest.approx(110.1 + OUTSIDE, abs=0.2)  # the slow one is the last, each time


def test_more_recordings_narrow_the_range_of_a_heavy_tail():
    heavy = [10.0, 12.0, 9.0, 80.0, 11.0, 30.0, 14.0, 10.0, 55.0, 13.0] * 2
    one = recorded([(0.0, wait) for wait in heavy])
    more = [one] * 9

    narrow, wide = predicted(more, 5), predicted(one, 5)

    assert narrow.high / narrow.low < wide.high / wide.low


def test_recordings_of_the_nearest_size_that_is_not_smaller_count():
    slow = recorded([(0.0, 50.0)] * 4, memory_mb=1769)
    fast = recorded([(0.0, 20.0)] * 4, memory_mb=512)

    assert predicted([slow, fast], 1, memory_mb=256, groups=()).value == pytest.approx(80 + OUTSIDE)
    assert predicted([slow, fast], 1, memory_mb=1024, groups=()).value == pytest.approx(200 + OUTSIDE)
    assert predicted([slow, fast], 1, memory_mb=3008, groups=()).value == pytest.approx(200 + OUTSIDE)


def test_the_same_question_has_the_same_answer():
    recording = recorded([(1.0, wait) for wait in range(5, 60)])

    assert predicted(recording, 8, memory_mb=512) == predicted(recording, 8, memory_mb=512)


def test_an_invocation_without_calls_is_its_own_computing():
    recording = recorded([], behind=50.0)

    assert predicted(recording, 1, groups=()).value == pytest.approx(50 + OUTSIDE)


def test_five_thousand_calls_take_well_under_a_second():
    recording = recorded([(0.5, 20.0)] * 5000)
    predicted(recording, 32, memory_mb=512)
    began = time.process_time()

    predicted(recording, 32, memory_mb=512)

    assert time.process_time() - began < 1.5  # 0.2 s on a machine that has nothing else to do


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"executor": "processes"}, "threads and tasks"),
        ({"max_concurrency": 0}, "1 or more"),
        ({"memory_mb": 0}, "1 or more"),
    ],
)
def test_what_cannot_be_predicted_is_refused(wrong, message):
    asked = {"executor": "threads", "max_concurrency": 2, "memory_mb": 128, "groups": ()} | wrong

    with pytest.raises(ValueError, match=message):
        predict(recorded([(1.0, 1.0)]), **asked)


def test_no_recording_is_refused():
    with pytest.raises(ValueError, match="no recording"):
        predict([], executor="threads", max_concurrency=2, memory_mb=128, groups=())


CALLS = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 60)), min_size=1, max_size=25)
SIZES = st.integers(128, 3008)


@settings(deadline=None, max_examples=40)
@given(calls=CALLS, sizes=st.tuples(SIZES, SIZES))
def test_more_memory_is_never_slower_for_a_function_as_it_is(calls, sizes):
    less, more = (predicted(recorded(calls), 1, memory_mb=size, groups=()).value for size in sorted(sizes))

    assert more <= less + 1e-6


@settings(deadline=None, max_examples=40)
@given(wait=st.floats(0, 60), count=st.integers(1, 25), widths=st.tuples(st.integers(1, 30), st.integers(1, 30)))
def test_wider_is_never_slower_where_nothing_is_computed(wait, count, widths):
    narrow, wide = (predicted(recorded([(0.0, wait)] * count), width).value for width in sorted(widths))

    assert wide <= narrow + 1e-6


@settings(deadline=None, max_examples=40)
@given(calls=CALLS, width=st.integers(1, 30), memory_mb=SIZES)
def test_the_value_lies_within_its_range(calls, width, memory_mb):
    found = predicted(recorded(calls), width, memory_mb=memory_mb)

    assert 0 <= found.low <= found.value <= found.high


@settings(deadline=None, max_examples=40)
@given(wait=st.floats(1, 60), count=st.integers(2, 25), width=st.integers(1, 30), memory_mb=SIZES, data=st.data())
def test_the_order_of_equal_calls_changes_nothing(wait, count, width, memory_mb, data):
    recording = recorded([(1.0, wait)] * count)
    order = data.draw(st.permutations(range(count)))

    found = predicted(recording, width, memory_mb=memory_mb, groups=(tuple(order),))

    assert found == predicted(recording, width, memory_mb=memory_mb)
