"""The budget of retries: what they cost, what fills it again, and what happens when it is empty."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.retry import Retry, RetryBudget, guard
from meantime.testing import FakeClock


class Throttled(Exception):
    def __init__(self) -> None:
        super().__init__("too many")
        self.response = SimpleNamespace(status_code=429, headers={})


def test_a_retry_takes_fourteen_tokens_and_after_a_throttled_attempt_five(kind, clock, flaky):
    budget = RetryBudget(100)
    with pytest.raises(TimeoutError):
        kind.call(Retry(2, budget=budget), flaky(TimeoutError(), TimeoutError()))
    assert budget.tokens == 86

    with pytest.raises(Throttled):
        kind.call(Retry(2, budget=budget), flaky(Throttled(), Throttled()))
    assert budget.tokens == 81


def test_a_success_at_once_gives_one_token_and_never_more_than_it_holds(kind, clock, flaky):
    budget = RetryBudget(100)
    with pytest.raises(TimeoutError):
        kind.call(Retry(2, budget=budget), flaky(TimeoutError(), TimeoutError()))

    for _ in range(20):
        kind.call(Retry(budget=budget), flaky())

    assert budget.tokens == 100


def test_a_success_after_retries_gives_back_what_the_last_one_took(kind, clock, flaky):
    budget = RetryBudget(100)

    kind.call(Retry(3, budget=budget), flaky(TimeoutError(), TimeoutError()))

    assert budget.tokens == 100 - 14


def test_when_it_is_empty_the_error_is_raised_at_once_and_says_so(kind, clock, flaky):
    policy = Retry(budget=RetryBudget(20))
    function = flaky(*(TimeoutError() for _ in range(3)))

    with pytest.raises(TimeoutError) as caught:
        kind.call(policy, function)

    assert function.calls == 2
    assert "the retry budget holds 6 tokens, and a retry takes 14" in caught.value.__notes__[0]
    assert policy.statistics().given_up_for_budget == 1


def test_the_last_tokens_can_be_spent(kind, clock, flaky):
    function = flaky(TimeoutError())

    assert kind.call(Retry(budget=RetryBudget(14)), function) == "answer"


def test_it_never_holds_more_than_its_capacity(kind, clock, flaky):
    budget = RetryBudget(100)
    policy = Retry(budget=budget)

    def function():
        if budget.tokens == 100:
            raise TimeoutError
        budget.tokens = 95  # as if calls of other threads had given back theirs meanwhile

    kind.call(policy, function)

    assert budget.tokens == 100


def test_each_policy_has_a_budget_of_its_own_of_500_tokens():
    assert Retry().budget is not Retry().budget
    assert Retry().statistics().tokens == 500


def test_without_a_budget_nothing_is_counted(kind, clock, flaky):
    policy = Retry(100, budget=None, max_backoff=0)

    assert kind.call(policy, flaky(*(TimeoutError() for _ in range(99)))) == "answer"
    assert policy.statistics().tokens is None


@pytest.mark.parametrize(
    ("capacity", "error"), [(0, ValueError), (-5, ValueError), (1.5, TypeError), (True, TypeError), ("5", TypeError)]
)
def test_bad_capacities_are_refused(capacity, error):
    with pytest.raises(error, match="capacity"):
        RetryBudget(capacity)


@given(
    capacity=st.integers(1, 100),
    calls=st.lists(st.lists(st.sampled_from(["transient", "throttled"]), max_size=4), max_size=30),
)
def test_what_retries_take_never_exceeds_what_it_held_and_was_given(capacity, calls):
    budget = RetryBudget(capacity)
    policy = Retry(5, budget=budget)
    errors = {"transient": TimeoutError, "throttled": Throttled}
    given, retries = 0, 0

    for failures in calls:
        attempts = []

        def function(failures=failures, attempts=attempts):
            attempts.append(1)
            if len(attempts) <= len(failures):
                raise errors[failures[len(attempts) - 1]]

        with FakeClock():
            try:
                policy(function)()
                given += 1 if len(attempts) == 1 else 14
            except (TimeoutError, Throttled):
                pass
        retries += len(attempts) - 1
        assert 0 <= budget.tokens <= capacity

    assert retries * 5 <= capacity + given


def test_threads_that_share_it_take_no_token_twice():
    budget = RetryBudget(14 * 30 + 7)
    policy = Retry(1000, budget=budget, max_backoff=0)
    calls = []

    def function():
        calls.append(1)
        raise TimeoutError

    def work():
        for _ in range(20):
            with pytest.raises(TimeoutError):
                policy(function)()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(calls) == 8 * 20 + 30
    assert budget.tokens == 7
    assert policy.statistics().attempts == len(calls)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_does_not_wait_for_a_thread_that_it_does_not_have():
    held, done = threading.Event(), threading.Event()

    def hold():
        with guard.lock:
            held.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    child = os.fork()
    if child == 0:
        Retry()(lambda: None)()
        os._exit(7)
    done.set()
    thread.join()

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
