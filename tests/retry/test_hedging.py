"""Hedging: a second attempt beside a slow first, the first answer counts. What is asked of tasks and threads alike."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime import CallTimeout, DeadlineExceeded
from meantime.deadline import Deadline, deadline_variable
from meantime.executors.underway import registry
from meantime.retry import Retry, RetryBudget
from meantime.retry.durations import WINDOW, Durations
from meantime.retry.hedging import Hedging
from meantime.testing import FakeClock


class Attempts:
    """A function whose attempts each do as they are told.

    Each is a list of steps: seconds that pass; an error to raise; "hang" until all is over; "decided", "begun" and
    "failed" wait until it is decided whether there is a second attempt, until that has begun, until one has failed;
    the last step is the answer.
    """

    def __init__(self, clock, *scripts):
        self.clock = clock
        self.scripts = list(scripts)
        self.calls = 0
        self.moments = {name: threading.Event() for name in ("hang", "begun", "failed")}
        self.moments["decided"] = DECIDED
        DECIDED.clear()

    def next_script(self):
        self.calls += 1
        if self.calls > 1:
            self.moments["begun"].set()
        return self.scripts[self.calls - 1]

    def step(self, step):
        if isinstance(step, Exception):
            self.moments["failed"].set()
            raise step
        if isinstance(step, (int, float)):
            self.clock.advance(step)


DECIDED = threading.Event()


@pytest.fixture(autouse=True)
def _tells_when_it_has_decided(monkeypatch):
    original = Hedging.may_begin

    def may_begin(*arguments):
        may = original(*arguments)
        DECIDED.set()
        return may

    monkeypatch.setattr(Hedging, "may_begin", may_begin)


class OnThreads:
    def call(self, policy, attempts, *args):
        def get(*args):
            script = attempts.next_script()
            for step in script:
                if step in attempts.moments:
                    assert attempts.moments[step].wait(30)
                attempts.step(step)
            return script[-1]

        try:
            return policy(get)(*args)
        finally:
            attempts.moments["hang"].set()
            assert registry.wait_until_idle(30)


class OnTasks:
    def call(self, policy, attempts, *args):
        async def get(*args):
            script = attempts.next_script()
            for step in script:
                while step in attempts.moments and not attempts.moments[step].is_set():  # noqa: ASYNC110  # the threads' events
                    await asyncio.sleep(0.001)
                attempts.step(step)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            return script[-1]

        async def main():
            try:
                return await policy(get)(*args)
            finally:
                assert asyncio.all_tasks() == {asyncio.current_task()}
                assert not registry

        return asyncio.run(main())


@pytest.fixture(params=[OnThreads(), OnTasks()], ids=["threads", "tasks"])
def way(request):
    return request.param


def test_a_call_that_answers_in_time_is_made_once(way, clock):
    policy = Retry(hedge_after=1)
    attempts = Attempts(clock, [0.5, "first"])

    assert way.call(policy, attempts) == "first"
    assert (attempts.calls, policy.statistics().hedges) == (1, 0)


def test_a_slow_call_gets_a_second_attempt_and_its_answer_counts_if_it_comes_first(way, clock):
    policy = Retry(hedge_after=1)
    attempts = Attempts(clock, [1, "hang", "first"], ["second"])

    assert way.call(policy, attempts) == "second"

    statistics = policy.statistics()
    assert (statistics.hedges, statistics.hedges_won) == (1, 1)
    assert (statistics.calls, statistics.successes, statistics.retries) == (1, 1, 0)


def test_the_first_may_still_win(way, clock):
    policy = Retry(hedge_after=1)
    attempts = Attempts(clock, [1, "begun", "a", "b", "c", "first"], ["hang"])

    assert way.call(policy, attempts) == "first"
    statistics = policy.statistics()
    assert (statistics.hedges, statistics.hedges_won) == (1, 0)


def test_a_failure_of_the_first_does_not_count_while_the_second_is_under_way(way, clock):
    attempts = Attempts(clock, [1, "begun", "a", "b", TimeoutError()], ["failed", "second"])

    assert way.call(Retry(hedge_after=1), attempts) == "second"
    assert attempts.calls == 2


def test_if_both_fail_the_firsts_error_is_raised_and_tells_of_the_seconds(way, clock):
    error = LookupError("of the first")
    attempts = Attempts(clock, [1, "begun", error], ["failed", ValueError("of the second")])

    with pytest.raises(LookupError) as caught:
        way.call(Retry(hedge_after=1), attempts)

    assert caught.value is error
    assert caught.value.__notes__ == ["Meantime: the hedged attempt failed, too: ValueError: of the second"]


def test_that_the_second_failed_earlier_changes_nothing(way, clock):
    error = LookupError("of the first")
    attempts = Attempts(clock, [1, "failed", error], [ValueError("of the second")])

    with pytest.raises(LookupError) as caught:
        way.call(Retry(hedge_after=1), attempts)

    assert caught.value is error


def test_a_first_attempt_that_fails_before_its_time_is_retried_and_not_hedged(way, clock):
    policy = Retry(hedge_after=1)
    attempts = Attempts(clock, [0.5, TimeoutError()], ["second"])

    assert way.call(policy, attempts) == "second"
    statistics = policy.statistics()
    assert (statistics.hedges, statistics.retries) == (0, 1)


def test_only_the_first_attempt_is_hedged(way, clock):
    policy = Retry(hedge_after=1)
    attempts = Attempts(clock, [TimeoutError()], [5, "second"])

    assert way.call(policy, attempts) == "second"
    assert policy.statistics().hedges == 0


def test_no_hedge_begins_that_could_not_end_before_the_deadline(way, clock):
    policy = Retry(hedge_after=1)
    way.call(policy, Attempts(clock, [0.9, "takes 0.9 s"]))
    attempts = Attempts(clock, [1, "decided", 0.5, "hang"])
    token = deadline_variable.set(Deadline(1.5))
    try:
        with pytest.raises(DeadlineExceeded, match=r"Still waiting: .*get"):
            way.call(policy, attempts)
    finally:
        deadline_variable.reset(token)

    assert attempts.calls == 1


def test_at_the_deadline_the_caller_is_told_who_was_waiting(way, clock):
    attempts = Attempts(clock, [1, "hang"], [9, "hang"])
    token = deadline_variable.set(Deadline(10))
    try:
        with pytest.raises(DeadlineExceeded) as caught:
            way.call(Retry(hedge_after=1), attempts, "key")
    finally:
        deadline_variable.reset(token)

    assert [(each.text, each.seconds) for each in caught.value.waiting] == [("'key'", 10), ("'key'", 9)]


def test_each_attempt_has_its_own_timeout(way, clock):
    policy = Retry(1, timeout=3, hedge_after=2)
    attempts = Attempts(clock, [2, "hang"], [1, 1, "second"])

    assert way.call(policy, attempts) == "second"  # the first was over its time a second before


def test_both_over_their_time_is_a_timeout_of_the_call(way, clock):
    policy = Retry(1, timeout=3, hedge_after=2)

    with pytest.raises(CallTimeout, match="timeout of 3 s"):
        way.call(policy, Attempts(clock, [2, "hang"], [3, "hang"]))


def test_each_attempt_has_its_own_copy_of_the_callers_context(way, clock):
    variable = ContextVar("variable", default="unset")
    variable.set("callers")
    seen = []

    class Changing(Attempts):
        def next_script(self):
            seen.append(variable.get())
            variable.set(f"changed by {self.calls}")
            return super().next_script()

    way.call(Retry(hedge_after=1), Changing(clock, [1, "hang"], ["second"]))

    assert seen == ["callers", "callers"]
    assert variable.get() == "callers"


def test_hedges_are_at_most_their_share_of_the_calls(way, clock):
    policy = Retry(hedge_after=1, hedge_budget=0.1)

    for _ in range(40):
        way.call(policy, Attempts(clock, [1, "decided", "a", "first"], ["second"]))

    assert policy.statistics().hedges == 5  # a tenth of 40, and the one that a cold environment starts with


def test_calls_that_need_no_hedge_save_up_for_three():
    hedging, durations = Hedging(1.0, 0.5, None), Durations("function")
    for _ in range(100):
        hedging.delay(durations)

    assert [hedging.may_begin(0.0, None, durations) for _ in range(5)] == [True, True, True, False, False]


def test_no_hedge_while_the_retry_budget_is_more_than_half_empty(way, clock):
    budget = RetryBudget(100)
    budget.tokens = 49
    policy = Retry(hedge_after=1, budget=budget)

    way.call(policy, Attempts(clock, [1, "decided", "a", "first"]))

    assert policy.statistics().hedges == 0


def test_a_percentile_is_known_once_twenty_calls_were_seen(way, clock):
    policy = Retry(hedge_after="p90")
    slow = [1, 1, 1, "first"]
    for number in range(20):
        way.call(policy, Attempts(clock, slow if number == 0 else [number / 20, "first"]))
    assert policy.statistics().hedges == 0

    way.call(policy, Attempts(clock, [0.85, "first"], ["second"]))  # the 18th of 20 took 0.9 s
    assert policy.statistics().hedges == 0
    way.call(policy, Attempts(clock, [0.91, "hang"], ["second"]))
    assert policy.statistics().hedges == 1


def test_what_a_hedge_answered_first_does_not_make_the_first_look_quick():
    with FakeClock() as clock:
        policy = Retry(hedge_after=1, hedge_budget=1)
        for _ in range(30):
            OnTasks().call(policy, Attempts(clock, [1, "hang"], [0.5, "second"]))

    ((durations),) = policy._durations.values()
    assert durations.percentile(0.01) == pytest.approx(1.5)  # the first attempt took that long, and more


@given(
    ratio=st.floats(0.01, 1),
    slow=st.lists(st.booleans(), max_size=300),
)
def test_hedges_never_exceed_their_budget(ratio, slow):
    hedging, durations = Hedging(1.0, ratio, None), Durations("function")

    for number, is_slow in enumerate(slow, start=1):
        hedging.delay(durations)
        if is_slow:
            hedging.may_begin(0.0, None, durations)
        assert hedging.hedges <= 1 + ratio * number + 1e-6


@given(st.lists(st.floats(0, 100), min_size=20, max_size=600), st.integers(1, 99))
def test_a_percentile_is_one_of_the_newest_durations_above_that_share_of_them(seconds, percent):
    durations = Durations("function")
    for each in seconds:
        durations.keep(each)

    limit = durations.percentile(percent / 100)

    newest = seconds[-WINDOW:]
    assert limit in newest
    assert sum(each <= limit for each in newest) >= percent / 100 * len(newest) - 1e-6
    assert sum(each < limit for each in newest) <= percent / 100 * len(newest) + 1e-6


def test_a_percentile_is_of_the_newest_durations_only():
    durations = Durations("function")
    for seconds in range(1000):
        durations.keep(float(seconds))

    assert durations.percentile(0.01) == 1000 - WINDOW + 2


def test_durations_below_any_clocks_grain_are_durations_too():
    durations = Durations("function")
    durations.note(0.0)

    assert durations.fits(1e-9)
    assert not durations.fits(0.0)
