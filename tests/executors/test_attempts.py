"""What `limiter=` and `retry=` promise of every verb, asked of every executor of this process alike."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from meantime import CallTimeout, DeadlineExceeded, Limiter, Retry, tasks, threads
from meantime.deadline import Deadline, deadline_variable
from meantime.testing import FakeClock


class Flaky:
    """Fails this often for each item, then answers."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.attempts: dict[Any, int] = {}
        self.lock = threading.Lock()

    def __call__(self, item: Any) -> Any:
        with self.lock:
            self.attempts[item] = self.attempts.get(item, 0) + 1
            attempt = self.attempts[item]
        if attempt <= self.failures:
            raise ConnectionError(f"{item}, attempt {attempt}")
        return item


def quick(**keywords: Any) -> Retry:
    return Retry(initial_backoff=0.0001, **keywords)


def test_a_limiter_narrower_than_the_verb_decides(concurrent_executor):
    limiter = Limiter("narrow", max_concurrency=2)
    meet = concurrent_executor.meeting(2)

    results = concurrent_executor.map(meet, range(20), max_concurrency=10, limiter=limiter)

    assert results == list(range(20))
    assert limiter.statistics().peak_in_flight == 2
    assert limiter.statistics().admitted == 20
    assert limiter.statistics().in_flight == 0


def test_every_verb_passes_the_limiter(executor):
    limiter = Limiter("all", max_concurrency=3)

    executor.map(str, range(4), limiter=limiter)
    executor.settle(str, range(4), limiter=limiter)
    executor.as_completed(str, range(4), limiter=limiter)
    executor.gather(lambda: 1, lambda: 2, limiter=limiter)

    assert limiter.statistics().admitted == 14
    assert limiter.statistics().in_flight == 0


def test_waiting_for_the_limiter_is_no_part_of_the_timeout(concurrent_executor, clock):
    limiter = Limiter("one", max_concurrency=1)
    slow = concurrent_executor.taking(2)

    def call(number: int) -> Any:
        return number if number == 1 else slow(number)

    outcomes = concurrent_executor.settle(call, [0, 1, 2], max_concurrency=3, limiter=limiter, timeout=3)
    assert outcomes.results == [0, 1, 2]

    timed = concurrent_executor.settle(call, [0, 1, 2], max_concurrency=3, limiter=limiter, timeout=1.5)

    assert [type(outcome.error) for outcome in timed] == [CallTimeout, type(None), CallTimeout]


def test_a_failing_call_gives_its_permit_back(executor):
    limiter = Limiter("failing", max_concurrency=1)

    outcomes = executor.settle(Flaky(9), range(5), limiter=limiter)

    assert outcomes.failure_count == 5
    assert limiter.statistics().in_flight == 0


def test_at_the_deadline_the_limiter_is_named(concurrent_executor, clock):
    limiter = Limiter("dynamodb", max_concurrency=1)
    token = deadline_variable.set(Deadline(3))

    try:
        with pytest.raises(DeadlineExceeded) as caught:
            concurrent_executor.map(concurrent_executor.taking(60), ["a", "b"], max_concurrency=2, limiter=limiter)
    finally:
        deadline_variable.reset(token)

    assert "dynamodb" in str(caught.value)


def test_a_failed_call_is_made_again(executor):
    flaky = Flaky(2)

    assert executor.map(flaky, range(5), retry=quick(attempts=3)) == list(range(5))
    assert set(flaky.attempts.values()) == {3}


def test_the_error_of_the_last_attempt_is_the_calls(executor):
    outcomes = executor.settle(Flaky(9), [7], retry=quick(attempts=2))

    assert str(outcomes[0].error) == "7, attempt 2"


def test_every_verb_takes_a_retry(executor):
    retry = quick(attempts=2)

    assert executor.map(Flaky(1), [1], retry=retry) == [1]
    assert executor.settle(Flaky(1), [1], retry=retry).results == [1]
    assert [outcome.result for outcome in executor.as_completed(Flaky(1), [1], retry=retry)] == [1]
    assert retry.statistics().retries == 3


def test_functions_given_to_gather_are_retried_each_by_itself(executor):
    first, second = Flaky(1), Flaky(0)

    results = executor.gather_functions(lambda: first("a"), lambda: second("b"), retry=quick(attempts=2))

    assert results == ["a", "b"]
    assert first.attempts == {"a": 2}
    assert second.attempts == {"b": 1}


def test_a_coroutine_runs_once_and_so_gather_refuses_to_retry_it():
    async def call() -> None: ...

    with pytest.raises(TypeError, match="takes functions, since a coroutine runs only once"):
        _ = tasks.gather(call(), retry=Retry())


def test_every_attempt_passes_the_limiter(executor):
    limiter = Limiter("attempts", max_concurrency=1)

    executor.map(Flaky(1), range(4), retry=quick(attempts=2), limiter=limiter)

    assert limiter.statistics().admitted == 8


def test_with_a_retry_each_attempt_has_the_timeout(concurrent_executor, clock):
    slow = concurrent_executor.taking(60)
    flaky = Flaky(1)

    def slow_at_first(item: Any) -> Any:
        try:
            return flaky(item)
        except ConnectionError:
            return slow(item)

    results = concurrent_executor.map(slow_at_first, ["x"], timeout=3, retry=quick(attempts=2))

    assert results == ["x"]
    assert flaky.attempts == {"x": 2}


def test_no_attempt_begins_whose_backoff_ends_after_the_deadline(executor):
    with FakeClock():
        token = deadline_variable.set(Deadline(1.0))
        flaky = Flaky(9)
        try:
            outcomes = executor.settle(flaky, ["x"], retry=Retry(attempts=50, initial_backoff=0.2, budget=None))
        finally:
            deadline_variable.reset(token)

    assert isinstance(outcomes[0].error, ConnectionError)
    assert 1 <= flaky.attempts["x"] < 50


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"limiter": 5}, r"limiter must be a meantime\.Limiter, as in limiter=Limiter\('orders', .*\); got 5"),
        ({"limiter": Limiter}, r"limiter must be a meantime\.Limiter, as in .*; got <class"),
        ({"retry": Retry}, r"retry must be a meantime\.Retry, as in retry=Retry\(attempts=3\); got <class"),
        ({"retry": 3}, r"retry must be a meantime\.Retry, as in retry=Retry\(attempts=3\); got 3"),
    ],
)
def test_what_is_no_limiter_and_no_retry_is_refused(executor, keywords, words):
    with pytest.raises(TypeError, match=words):
        executor.map(str, [1], **keywords)


@pytest.mark.parametrize(
    ("form", "admitted"),
    [
        (lambda f, api, retry: threads.map(f, [1], limiter=api, retry=retry), 3),
        (lambda f, api, retry: threads.map(retry(api(f)), [1]), 3),
        (lambda f, api, retry: threads.map(api(f), [1], retry=retry), 3),
        (lambda f, api, retry: threads.map(api(retry(f)), [1]), 1),
        (lambda f, api, retry: threads.map(retry(f), [1], limiter=api), 1),
        (lambda f, api, retry: threads.map(api(f), [1], limiter=api), 2),
    ],
    ids=[
        "keywords",
        "retry over limiter",
        "limited function",
        "limiter over retry",
        "retried function",
        "both limited",
    ],
)
def test_what_a_limiter_admits_where_it_meets_a_retry(form, admitted):
    api, flaky = Limiter("api", max_concurrency=2), Flaky(0 if admitted == 2 else 2)

    form(flaky, api, Retry(attempts=3, initial_backoff=0))

    assert api.statistics().admitted == admitted


@pytest.mark.parametrize("limits", [{"max_concurrency": 1}, {"rate": 1, "per": 60, "burst": 1}], ids=str)
def test_what_the_limiter_did_not_let_through_before_the_deadline_is_unfinished_and_never_began(
    concurrent_executor, limits
):
    limiter = Limiter("slow", **limits)
    release = threading.Event()
    hang = concurrent_executor.hanging(release)
    token = deadline_variable.set(Deadline(0.3))

    try:
        outcomes = concurrent_executor.settle(hang, range(6), max_concurrency=3, limiter=limiter)
    finally:
        deadline_variable.reset(token)
        release.set()

    assert "".join(outcome.status[0] for outcome in outcomes) == "UUUUUU"
    assert [outcome.started for outcome in outcomes] == [True, False, False, False, False, False]
    assert {type(outcome.error) for outcome in outcomes} == {DeadlineExceeded}
    assert outcomes.reason == "DEADLINE_EXCEEDED"


def test_with_a_retry_too_what_the_deadline_cut_off_is_unfinished(concurrent_executor):
    release = threading.Event()
    hang = concurrent_executor.hanging(release)
    token = deadline_variable.set(Deadline(0.3))

    try:
        outcomes = concurrent_executor.settle(hang, range(3), retry=quick(attempts=3), timeout=60)
    finally:
        deadline_variable.reset(token)
        release.set()

    assert "".join(outcome.status[0] for outcome in outcomes) == "UUU"
    assert outcomes.reason == "DEADLINE_EXCEEDED"
