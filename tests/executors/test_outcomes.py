"""What `settle` and `as_completed` promise, asked of every executor alike: each item in exactly one outcome."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meantime import (
    CallTimeout,
    Completion,
    CompletionReason,
    DeadlineExceeded,
    SettleFailed,
    Status,
    sequential,
    threads,
)
from meantime.deadline import Deadline, deadline_variable


@pytest.fixture
def deadline() -> Any:
    """Sets the deadline that the code of a test runs under."""
    tokens = []

    def set_deadline(timeout: float) -> None:
        tokens.append(deadline_variable.set(Deadline(timeout)))

    yield set_deadline
    for token in reversed(tokens):
        deadline_variable.reset(token)


def odd_fails(number: int) -> int:
    if number % 2:
        raise LookupError(number)
    return number * 10


def statuses(outcomes: Any) -> str:
    """S, F and U for each outcome, in order."""
    return "".join(outcome.status[0] for outcome in outcomes)


def test_settle_says_of_every_item_what_became_of_it_and_raises_nothing(executor):
    outcomes = executor.settle(odd_fails, range(5))

    assert statuses(outcomes) == "SFSFS"
    assert [outcome.item for outcome in outcomes] == [0, 1, 2, 3, 4]
    assert outcomes.results == [0, 20, 40]
    assert [error.args for error in outcomes.errors] == [(1,), (3,)]
    assert outcomes.unfinished == []
    assert outcomes.reason is CompletionReason.ALL_COMPLETED
    assert outcomes.exhausted
    assert (outcomes.success_count, outcomes.failure_count, outcomes.unfinished_count, outcomes.total_count) == (
        3,
        2,
        0,
        5,
    )


def test_throw_if_error_raises_the_first_items_error_as_it_was(executor):
    outcomes = executor.settle(odd_fails, [2, 3, 5])

    with pytest.raises(LookupError) as caught:
        outcomes.throw_if_error()

    assert caught.value.args == (3,)
    assert outcomes.has_failure


def test_throw_if_error_raises_nothing_where_all_succeeded(executor):
    outcomes = executor.settle(odd_fails, [2, 4])

    outcomes.throw_if_error()

    assert not outcomes.has_failure


def test_settle_of_nothing_is_nothing(executor):
    for items in ([], iter(())):
        outcomes = executor.settle(odd_fails, items)
        assert len(outcomes) == 0
        assert outcomes.reason is CompletionReason.ALL_COMPLETED


def test_outcomes_are_a_sequence(executor):
    outcomes = executor.settle(odd_fails, range(3))

    assert outcomes[0].result == 0
    assert outcomes[-1].get() == 20
    assert [outcome.index for outcome in outcomes[1:]] == [1, 2]
    assert len(list(outcomes)) == len(outcomes) == 3
    with pytest.raises(LookupError):
        outcomes[1].get()


def test_one_success_can_be_enough(executor):
    outcomes = executor.settle(odd_fails, [1, 3, 2, 4, 5], completion=Completion.first_successful(), max_concurrency=1)

    assert statuses(outcomes) == "FFSUU"
    assert outcomes.reason is CompletionReason.MIN_SUCCESSFUL_REACHED
    assert [outcome.started for outcome in outcomes] == [True, True, True, False, False]


def test_the_first_success_ends_the_losers(concurrent_executor):
    release = threading.Event()
    hang = concurrent_executor.hanging(release)

    def first_answers(number: int) -> Any:
        return "first" if number == 2 else hang(number)

    outcomes = concurrent_executor.settle(
        first_answers, [1, 2, 3], completion=Completion(min_successful=1), max_concurrency=3
    )
    release.set()

    assert outcomes.results == ["first"]
    assert statuses(outcomes) == "USU"


def test_without_a_criterion_a_completion_ends_at_the_first_failure(executor):
    outcomes = executor.settle(odd_fails, [2, 3, 4], completion=Completion(), max_concurrency=1)

    assert statuses(outcomes) == "SFU"
    assert outcomes.reason is CompletionReason.FAILURE_TOLERANCE_EXCEEDED


def test_more_failures_than_tolerated_end_it(executor):
    outcomes = executor.settle(
        odd_fails, [1, 2, 3, 5, 7], completion=Completion(tolerated_failure_count=2), max_concurrency=1
    )

    assert statuses(outcomes) == "FSFFU"
    assert outcomes.reason is CompletionReason.FAILURE_TOLERANCE_EXCEEDED


def test_a_tolerated_percentage_is_of_all_items(executor):
    completion = Completion(tolerated_failure_percentage=40)

    assert executor.settle(odd_fails, [1, 3, 2, 4, 6], completion=completion).reason is CompletionReason.ALL_COMPLETED
    exceeded = executor.settle(odd_fails, [1, 3, 5, 4, 6], completion=completion, max_concurrency=1)
    assert exceeded.reason is CompletionReason.FAILURE_TOLERANCE_EXCEEDED
    assert statuses(exceeded) == "FFFUU"


def test_of_a_lazy_input_a_tolerated_percentage_is_judged_at_the_end(executor):
    outcomes = executor.settle(
        odd_fails, iter([1, 3, 5, 4, 6]), completion=Completion(tolerated_failure_percentage=40), max_concurrency=1
    )

    assert statuses(outcomes) == "FFFSS"
    assert outcomes.reason is CompletionReason.FAILURE_TOLERANCE_EXCEEDED


def test_of_a_lazy_input_nothing_is_drawn_beyond_what_ran(executor):
    drawn = []

    def items() -> Any:
        for number in itertools.count():
            drawn.append(number)
            yield number * 2

    outcomes = executor.settle(odd_fails, items(), completion=Completion(min_successful=3), max_concurrency=2)

    assert outcomes.success_count >= 3
    assert len(drawn) == len(outcomes) <= 5
    assert not outcomes.exhausted


@pytest.mark.parametrize(
    ("criteria", "error", "words"),
    [
        ({"min_successful": 0}, ValueError, "min_successful must be 1 or more; got 0"),
        ({"min_successful": 1.5}, TypeError, "min_successful must be a whole number or None, got 1.5"),
        ({"tolerated_failure_count": -1}, ValueError, "tolerated_failure_count must be 0 or more; got -1"),
        ({"tolerated_failure_percentage": 101}, ValueError, "must be 0 or more, 100 at most; got 101"),
        ({"tolerated_failure_percentage": float("nan")}, ValueError, "must be 0 or more"),
        ({"tolerated_failure_percentage": "5"}, TypeError, "must be a number or None, got '5'"),
    ],
)
def test_a_completion_that_makes_no_sense_is_refused(criteria, error, words):
    with pytest.raises(error, match=words):
        Completion(**criteria)


def test_a_completion_that_cannot_be_met_is_refused_before_any_call(executor):
    begun = []

    with pytest.raises(ValueError, match="min_successful is 3, and there are only 2 items"):
        executor.settle(begun.append, [1, 2], completion=Completion(min_successful=3))
    with pytest.raises(TypeError, match=r"completion must be a meantime\.Completion, got 1"):
        executor.settle(begun.append, [1, 2], completion=1)

    assert begun == []


def test_a_failing_input_is_told_with_what_became_of_its_items(executor):
    def items() -> Any:
        yield 2
        yield 3
        raise OSError("the file is gone")

    with pytest.raises(
        SettleFailed, match=r"could not go on after 2 of 2 items: OSError\('the file is gone'\)"
    ) as caught:
        executor.settle(odd_fails, items(), max_concurrency=1)

    assert isinstance(caught.value.__cause__, OSError)
    assert statuses(caught.value.outcomes) == "SF"
    assert caught.value.outcomes.reason is CompletionReason.INPUT_FAILED


def test_a_call_that_exits_is_that_items_failure(executor):
    def leave(number: int) -> int:
        if number == 1:
            raise SystemExit(3)
        return number

    outcomes = executor.settle(leave, range(3))

    assert statuses(outcomes) == "SFS"
    assert isinstance(outcomes[1].error, SystemExit)


def test_a_call_over_its_timeout_has_failed_and_the_others_go_on(concurrent_executor, clock):
    slow, began = concurrent_executor.taking(60), clock.monotonic()

    def call(number: int) -> Any:
        return slow(number) if number == 1 else number

    outcomes = concurrent_executor.settle(call, range(20), timeout=2, max_concurrency=2)

    assert clock.monotonic() == began + 2
    assert statuses(outcomes) == "SF" + "S" * 18
    assert isinstance(outcomes[1].error, CallTimeout)


def test_at_the_deadline_what_is_not_done_is_unfinished(concurrent_executor, clock, deadline):
    slow = concurrent_executor.taking(60)
    deadline(3)

    outcomes = concurrent_executor.settle(
        lambda number: slow(number) if number else "done", [0, 1, 2, 3], max_concurrency=2
    )

    assert statuses(outcomes) == "SUUU"
    assert outcomes.reason is CompletionReason.DEADLINE_EXCEEDED
    assert [outcome.started for outcome in outcomes] == [True, True, True, False]
    assert {waiting.item for waiting in outcomes[1].error.waiting} == {1, 2}
    assert outcomes.exhausted
    with pytest.raises(DeadlineExceeded):
        outcomes.throw_if_error()


def test_after_the_deadline_nothing_begins_and_everything_is_unfinished(executor, deadline):
    begun = []
    deadline(-1.0)

    outcomes = executor.settle(begun.append, [1, 2, 3])

    assert begun == []
    assert statuses(outcomes) == "UUU"
    assert not any(outcome.started for outcome in outcomes)
    assert [outcome.item for outcome in outcomes] == [1, 2, 3]


def test_as_completed_gives_each_outcome_once(executor):
    came = executor.as_completed(odd_fails, range(9), max_concurrency=3)

    assert sorted(outcome.index for outcome in came) == list(range(9))
    assert statuses(sorted(came, key=lambda outcome: outcome.index)) == "SFSFSFSFS"


def test_as_completed_gives_what_is_ready_before_what_is_not(concurrent_executor):
    release = threading.Event()
    hang = concurrent_executor.hanging(release)
    came = []

    def release_once_the_quick_ones_came(outcome: Any) -> bool:
        came.append(outcome.index)
        if len(came) == 3:
            release.set()
        return False

    concurrent_executor.as_completed(
        lambda number: number or hang(number),
        range(4),
        release_once_the_quick_ones_came,
        max_concurrency=4,
    )

    assert came[3] == 0


def test_as_completed_of_nothing_is_nothing(executor):
    assert executor.as_completed(odd_fails, []) == []
    assert executor.as_completed(odd_fails, iter(())) == []


@pytest.mark.parametrize("width", [1, 3])
def test_as_completed_never_holds_more_items_than_may_run(executor, width):
    drawn, taken = itertools.count(1), itertools.count(1)
    most = 0
    lock = threading.Lock()
    counts = {"drawn": 0, "taken": 0}

    def items() -> Any:
        nonlocal most
        for number in range(40):
            with lock:
                counts["drawn"] = next(drawn)
                most = max(most, counts["drawn"] - counts["taken"])
            yield number * 2

    def take(_: Any) -> bool:
        with lock:
            counts["taken"] = next(taken)
        return False

    executor.as_completed(odd_fails, items(), take, max_concurrency=width)

    assert counts == {"drawn": 40, "taken": 40}
    assert most <= width


def test_a_consumer_that_stops_early_ends_the_rest_of_an_endless_input(executor):
    drawn = []

    def items() -> Any:
        for number in itertools.count():
            drawn.append(number)
            yield number

    executor.as_completed(odd_fails, items(), lambda outcome: outcome.index >= 20, max_concurrency=4)

    assert len(drawn) <= 26


def test_a_failing_input_of_as_completed_is_raised_after_what_it_gave(executor):
    came = []

    def items() -> Any:
        yield 1
        yield 2
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="the file is gone"):
        executor.as_completed(odd_fails, items(), came.append)

    assert sorted(outcome.index for outcome in came) == [0, 1]


def test_at_the_deadline_as_completed_gives_what_it_cuts_off_and_then_says_so(concurrent_executor, clock, deadline):
    slow = concurrent_executor.taking(60)
    came = []
    deadline(3)

    with pytest.raises(DeadlineExceeded, match="as_completed stopped at the deadline"):
        concurrent_executor.as_completed(
            lambda number: slow(number) if number else "done",
            [0, 1, 2, 3],
            came.append,
            max_concurrency=2,
        )

    assert statuses(came) == "SUU"
    assert {outcome.item for outcome in came[1:]} == {1, 2}


@pytest.mark.parametrize("module", [sequential, threads])
def test_as_completed_refuses_bad_arguments_before_it_is_iterated(module):
    with pytest.raises(TypeError, match="expected a function to call"):
        module.as_completed(5, [1])
    with pytest.raises(ValueError, match="max_concurrency must be at least 1"):
        module.as_completed(str, [1], max_concurrency=0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fails=st.lists(st.booleans(), max_size=30),
    width=st.integers(1, 6),
    lazy=st.booleans(),
    completion=st.builds(
        Completion,
        min_successful=st.none() | st.integers(1, 5),
        tolerated_failure_count=st.none() | st.integers(0, 5),
        tolerated_failure_percentage=st.none() | st.integers(0, 100),
    ),
)
def test_every_item_is_in_exactly_one_outcome_and_the_reason_is_true(executor, fails, width, lazy, completion):
    calls: list[int] = []

    def call(index: int) -> int:
        calls.append(index)
        if fails[index]:
            raise LookupError(index)
        return index

    total = len(fails)
    if completion.min_successful is not None and completion.min_successful > total and not lazy:
        return
    items = iter(range(total)) if lazy else list(range(total))

    outcomes = executor.settle(call, items, completion=completion, max_concurrency=width)

    assert [outcome.index for outcome in outcomes] == list(range(len(outcomes)))
    assert [outcome.item for outcome in outcomes] == list(range(len(outcomes)))
    assert lazy or len(outcomes) == total
    assert len(calls) == len(set(calls))
    assert set(calls) <= {outcome.index for outcome in outcomes if outcome.started}
    for outcome in outcomes:
        if outcome.status is Status.SUCCEEDED:
            assert outcome.get() == outcome.index
            assert not fails[outcome.index]
        elif outcome.status is Status.FAILED:
            assert fails[outcome.index]
    if not completion.tolerates(outcomes.failure_count, len(outcomes)):
        assert outcomes.reason is CompletionReason.FAILURE_TOLERANCE_EXCEEDED
    elif outcomes.reason is CompletionReason.MIN_SUCCESSFUL_REACHED:
        assert outcomes.success_count >= completion.min_successful
    else:
        assert outcomes.reason is CompletionReason.ALL_COMPLETED
        assert outcomes.unfinished == []


def test_a_lazy_input_with_too_few_items_for_min_successful_ends_as_all_completed(executor):
    outcomes = executor.settle(str, iter([1, 2]), completion=Completion(min_successful=3))

    assert outcomes.results == ["1", "2"]
    assert outcomes.reason is CompletionReason.ALL_COMPLETED
