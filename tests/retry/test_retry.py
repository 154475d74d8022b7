"""What a policy does with a call that fails: how often, for which errors, after which waits."""

from __future__ import annotations

import asyncio
import functools
import inspect
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime import CallTimeout, DeadlineExceeded
from meantime.deadline import Deadline, deadline_variable
from meantime.limiter import Limiter
from meantime.retry import Retry, RetryBudget, retried_call
from meantime.testing import FakeClock


class HTTPError(Exception):
    """Of the shape that requests and httpx give it."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"HTTP {status}")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = SimpleNamespace(status_code=status, headers=headers)


def test_a_call_that_succeeds_is_made_once(kind, clock, flaky):
    function = flaky()

    assert kind.call(Retry(), function) == "answer"
    assert function.calls == 1
    assert clock.monotonic() == int(clock.monotonic())  # nothing waited


def test_a_transient_error_is_tried_again(kind, clock, flaky):
    function = flaky(TimeoutError(), ConnectionResetError())

    assert kind.call(Retry(attempts=3), function) == "answer"
    assert function.calls == 3


def test_the_arguments_are_those_of_the_first_attempt_each_time(kind, clock):
    seen = []

    def function(*args, **keywords):
        seen.append((args, keywords))
        if len(seen) < 3:
            raise TimeoutError

    kind.call(Retry(), function, 1, key="value")

    assert seen == [((1,), {"key": "value"})] * 3


def test_the_last_error_is_raised_itself_and_says_how_often_it_was_tried(kind, clock, flaky, longest_waits):
    errors = [TimeoutError(number) for number in range(3)]

    with pytest.raises(TimeoutError) as caught:
        kind.call(Retry(attempts=3), flaky(*errors))

    assert caught.value is errors[2]
    assert caught.value.__notes__ == ["Meantime: flaky: attempt 3 of 3, 0.150 s in all"]


def test_its_traceback_leads_to_where_the_function_raised_it(kind, clock):
    def function():
        raise TimeoutError

    with pytest.raises(TimeoutError) as caught:
        kind.call(Retry(), function)

    assert caught.traceback[-1].name == "function"
    assert caught.value.__context__ is None


def test_an_error_that_a_repeat_would_not_mend_is_raised_at_once_and_as_it_is(kind, clock, flaky):
    function = flaky(ValueError("wrong"))

    with pytest.raises(ValueError, match="wrong") as caught:
        kind.call(Retry(), function)

    assert function.calls == 1
    assert not hasattr(caught.value, "__notes__")


def test_such_an_error_after_another_attempt_says_so(kind, clock, flaky):
    with pytest.raises(ValueError, match="wrong") as caught:
        kind.call(Retry(), flaky(TimeoutError("too slow"), ValueError("wrong")))

    assert "attempt 2 of 3" in caught.value.__notes__[0]
    assert "it is not one to be retried; before it, TimeoutError: too slow" in caught.value.__notes__[0]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_what_asks_for_an_end_is_never_retried(ending, clock):
    calls = []

    def function():
        calls.append(1)
        raise ending

    with pytest.raises(ending):
        Retry()(function)()
    assert len(calls) == 1


def test_a_cancelled_error_is_never_retried(kind, clock):
    calls = []

    def function():
        calls.append(1)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        kind.call(Retry(), function)
    assert len(calls) == 1


def test_what_meantime_itself_raises_is_not_retried_whatever_the_policy_says(kind, clock, flaky):
    function = flaky(DeadlineExceeded("it has passed"))

    with pytest.raises(DeadlineExceeded):
        kind.call(Retry(on=Exception), function)
    assert function.calls == 1


@pytest.mark.parametrize(
    ("on", "retried", "not_retried"),
    [
        (KeyError, KeyError("x"), TimeoutError()),
        ((KeyError, OSError), TimeoutError(), ValueError()),
        ([KeyError], KeyError("x"), TimeoutError()),
        (lambda error: "again" in str(error), ValueError("again"), ValueError("never")),
        (
            lambda error: isinstance(error, HTTPError) and error.response.status_code == 409,
            HTTPError(409),
            HTTPError(404),
        ),
    ],
    ids=["type", "types", "list", "predicate", "predicate of the response"],
)
@pytest.mark.usefixtures("clock")
def test_which_errors_are_retried_can_be_said(on, retried, not_retried, kind, flaky):
    function = flaky(retried, not_retried)

    with pytest.raises(type(not_retried)) as caught:
        kind.call(Retry(on=on), function)
    assert caught.value is not_retried
    assert function.calls == 2


@pytest.mark.parametrize(("status", "calls"), [(429, 3), (503, 3), (500, 3), (404, 1), (400, 1)])
def test_by_default_http_errors_are_retried_by_what_their_status_means(status, calls, kind, clock, flaky):
    function = flaky(*(HTTPError(status) for _ in range(3)))

    with pytest.raises(HTTPError):
        kind.call(Retry(), function)
    assert function.calls == calls


def test_an_answer_is_retried_where_it_is_said_which(kind, clock):
    answers = [SimpleNamespace(status_code=503), SimpleNamespace(status_code=200)]
    policy = Retry(on_result=lambda response: response.status_code == 503)

    answer = kind.call(policy, lambda: answers.pop(0))

    assert answer.status_code == 200


def test_after_the_last_attempt_such_an_answer_is_returned(kind, clock):
    policy = Retry(attempts=2, on_result=lambda answer: answer == "busy")

    assert kind.call(policy, lambda: "busy") == "busy"

    statistics = policy.statistics()
    assert (statistics.attempts, statistics.successes, statistics.failures) == (2, 0, 1)


def test_the_wait_before_each_retry_doubles_up_to_the_maximum(kind, clock, flaky, longest_waits):
    function = flaky(*(TimeoutError() for _ in range(5)), clock=clock)

    kind.call(Retry(attempts=6, initial_backoff=1, max_backoff=5), function)

    assert function.waits() == [1, 2, 4, 5, 5]


def test_a_throttled_call_waits_longer(kind, clock, flaky, longest_waits):
    function = flaky(HTTPError(429), HTTPError(429), TimeoutError(), clock=clock)

    kind.call(Retry(attempts=4, initial_backoff=0.25, throttled_backoff=2), function)

    assert function.waits() == [2, 4, 1]


def test_the_wait_is_never_shorter_than_the_server_asks_for(kind, clock, flaky, longest_waits):
    function = flaky(HTTPError(429, retry_after="7"), clock=clock)

    kind.call(Retry(throttled_backoff=0.5), function)

    assert function.waits() == [7.5]  # jitter above it, so that those who were sent away together do not come together


def test_a_server_that_asks_for_longer_than_the_longest_wait_gets_no_further_attempt(kind, clock, flaky):
    function = flaky(HTTPError(429, retry_after="120"))

    with pytest.raises(HTTPError) as caught:
        kind.call(policy := Retry(max_backoff=20), function)

    assert function.calls == 1
    assert "asks to wait 120 s, longer than max_backoff=20" in caught.value.__notes__[0]
    assert policy.statistics().given_up_for_retry_after == 1


@given(
    failures=st.lists(st.sampled_from(["transient", "throttled", "asks"]), min_size=1, max_size=12),
    initial=st.floats(0, 10),
    throttled=st.floats(0, 10),
    maximum=st.floats(0, 30),
    asked=st.integers(0, 30),
)
def test_waits_keep_to_their_bounds(failures, initial, throttled, maximum, asked):
    policy = Retry(
        len(failures) + 1,
        initial_backoff=initial,
        throttled_backoff=throttled,
        max_backoff=maximum,
        budget=None,
    )
    errors = {"transient": TimeoutError(), "throttled": HTTPError(429), "asks": HTTPError(503, retry_after=str(asked))}
    times = []

    def function():
        times.append(clock.monotonic())
        if len(times) <= len(failures):
            raise errors[failures[len(times) - 1]]

    with FakeClock() as clock:
        try:
            policy(function)()
        except HTTPError:
            assert asked > maximum
            assert failures[len(times) - 1] == "asks"
    for number, (begin, end) in enumerate(pairwise(times)):
        base = initial if failures[number] == "transient" else throttled
        least = asked if failures[number] == "asks" else 0
        assert least - 1e-6 <= end - begin <= min(maximum, least + base * 2**number) + 1e-6


def test_a_wait_after_very_many_attempts_is_still_the_longest_one(clock, flaky, longest_waits):
    function = flaky(*(TimeoutError() for _ in range(1100)), clock=clock)

    Retry(attempts=1101, max_backoff=1, budget=None)(function)()

    assert function.waits()[-1] == 1


def test_jitter_is_drawn_from_the_whole_range():
    drawn = [retried_call.fraction() for _ in range(1000)]

    assert 0 <= min(drawn) < 0.1
    assert 0.9 < max(drawn) < 1


def test_one_error_object_raised_again_and_again_bears_one_note(clock):
    error = TimeoutError()

    def function():
        raise error

    for _ in range(3):
        with pytest.raises(TimeoutError):
            Retry()(function)()

    assert len(error.__notes__) == 1


def test_an_error_that_takes_no_notes_is_raised_all_the_same(clock):
    class Proud(TimeoutError):
        def add_note(self, note: str) -> None:
            raise TypeError

    def function():
        raise Proud

    with pytest.raises(Proud):
        Retry()(function)()


def test_the_decorated_function_looks_like_the_original():
    policy = Retry()

    @policy
    def get_order(number: int, *, quick: bool = False) -> str:
        """An order."""
        return f"{number}{quick}"

    @policy
    async def get_user(name: str) -> str:
        return name

    assert get_order.__name__ == "get_order"
    assert get_order.__doc__ == "An order."
    assert inspect.signature(get_order) == inspect.signature(inspect.unwrap(get_order))
    assert inspect.iscoroutinefunction(get_user)


def test_methods_can_be_decorated(clock):
    class Client:
        def __init__(self) -> None:
            self.calls = 0

        @Retry()
        def get(self, item: str) -> str:
            self.calls += 1
            if self.calls < 2:
                raise TimeoutError
            return item

        @staticmethod
        @Retry()
        def constant() -> int:
            return 1

    client = Client()
    assert (client.get("a"), client.calls, Client.constant()) == ("a", 2, 1)


def test_partials_and_bound_methods_can_be_retried(clock):
    assert Retry()(functools.partial(int, base=2))("11") == 3
    assert Retry()("a,b".split)(",") == ["a", "b"]


@pytest.mark.parametrize("plain", [False, True], ids=["lambda", "plain wrapper"])
def test_a_function_that_gives_a_coroutine_after_all_is_retried_like_an_async_one(plain, clock):
    calls = []

    async def fetch():
        calls.append(1)
        if len(calls) < 3:
            raise TimeoutError
        return "answer"

    def wrapper():
        return fetch()

    async def main():
        return await Retry()(wrapper if plain else lambda: fetch())()

    assert asyncio.run(main()) == "answer"
    assert len(calls) == 3


def test_a_generator_is_refused_since_its_errors_come_later():
    def rows():
        yield 1

    async def pages():
        yield 1

    for function in (rows, pages):
        with pytest.raises(TypeError, match=r"generator.*retry the calls inside it"):
            Retry()(function)


def test_a_policy_for_functions_without_end_still_works(clock, flaky):
    policy = Retry(budget=None)
    for number in range(1100):
        function = flaky(TimeoutError())
        function.__name__ = function.__qualname__ = f"made_{number}"
        assert policy(function)() == "answer"

    assert policy.statistics().retries == 1100
    assert len(policy._durations) == 1000  # what it remembers is bounded


def test_each_attempt_passes_the_limiter(kind, clock, flaky):
    limiter = Limiter("downstream", max_concurrency=1)

    kind.as_verbs_do(Retry(), flaky(TimeoutError(), TimeoutError()), limiter=limiter)

    assert limiter.statistics().admitted == 3


@pytest.mark.parametrize("policy", [Retry(timeout=30), Retry(hedge_after=30)], ids=["timed", "hedged"])
def test_so_does_each_attempt_in_a_time_of_its_own(policy, kind, flaky):
    limiter = Limiter("downstream", max_concurrency=1)

    kind.as_verbs_do(policy, flaky(TimeoutError()), limiter=limiter)

    assert limiter.statistics().admitted == 2


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="expected a function to retry, got str"):
        Retry()("get_order")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"attempts": 0}, ValueError, "attempts must be at least 1"),
        ({"attempts": 2.0}, TypeError, "attempts must be a whole number"),
        ({"attempts": True}, TypeError, "attempts must be a whole number"),
        ({"on": KeyboardInterrupt}, TypeError, "types of Exception"),
        ({"on": (KeyError, asyncio.CancelledError)}, TypeError, "types of Exception"),
        ({"on": ()}, ValueError, "nothing could ever be retried"),
        ({"on": 5}, TypeError, "on must be exception types"),
        ({"on": ValueError("x")}, TypeError, "on must be exception types"),
        ({"on": ["TimeoutError"]}, TypeError, "'TimeoutError' is a text"),
        ({"on": "TimeoutError"}, TypeError, "'TimeoutError' is a text: leave the quotation marks out"),
        ({"attempts": asyncio.sleep}, TypeError, r"write `@Retry\(\)`"),  # as does @Retry
        ({"on_result": 503}, TypeError, "on_result must be a function"),
        ({"initial_backoff": -1}, ValueError, "initial_backoff must be at least 0"),
        ({"initial_backoff": float("nan")}, ValueError, "initial_backoff"),
        ({"throttled_backoff": "1"}, TypeError, "throttled_backoff must be a number"),
        ({"max_backoff": float("inf")}, ValueError, "max_backoff must be at least 0 seconds and finite"),
        ({"timeout": 0}, ValueError, "timeout must be above 0"),
        ({"budget": 100}, TypeError, r"RetryBudget\(capacity="),
        ({"hedge_after": 0}, ValueError, "hedge_after must be above 0"),
        ({"hedge_after": "95"}, ValueError, "percentile"),
        ({"hedge_after": "p100"}, ValueError, "percentile"),
        ({"hedge_after": "pfast"}, ValueError, "percentile"),
        ({"hedge_after": True}, TypeError, "hedge_after must be a number"),
        ({"hedge_after": 1, "hedge_budget": 0}, ValueError, "hedge_budget must be above 0"),
        ({"hedge_after": 1, "hedge_budget": 1.5}, ValueError, "at most 1"),
        ({"hedge_after": 1, "hedge_budget": "10%"}, TypeError, "hedge_budget must be a share"),
    ],
)
def test_bad_input_is_refused(keywords, error, match):
    with pytest.raises(error, match=match):
        Retry(**keywords)


def test_an_async_predicate_is_refused():
    async def predicate(error: Exception) -> bool:
        return True

    with pytest.raises(TypeError, match="on must be a plain function, got the async function"):
        Retry(on=predicate)  # type: ignore[arg-type]  # the mistake under test


def test_a_policy_says_what_it_is():
    policy = Retry(4, timeout=2, hedge_after="p95", budget=RetryBudget(50))

    assert repr(policy) == (
        "Retry(attempts=4, initial_backoff=0.05, throttled_backoff=1, max_backoff=20, timeout=2, hedge_after='p95', "
        "budget=RetryBudget(50 of 50 tokens))"
    )


def test_statistics_account_for_every_attempt(kind, clock, flaky, longest_waits):
    policy = Retry()
    kind.call(policy, flaky())
    kind.call(policy, flaky(TimeoutError()))
    with pytest.raises(TimeoutError):
        kind.call(policy, flaky(*(TimeoutError() for _ in range(3))))

    statistics = policy.statistics()

    assert (statistics.calls, statistics.successes, statistics.failures) == (3, 2, 1)
    assert (statistics.attempts, statistics.retries) == (6, 3)
    assert statistics.waited == pytest.approx(0.05 + 0.05 + 0.1)
    assert statistics.tokens == 500 - 2 * 14
    assert "retries=3" in repr(statistics)


def test_statistics_are_a_copy(clock, flaky):
    policy = Retry()
    before = policy.statistics()

    policy(flaky())()

    assert (before.calls, policy.statistics().calls) == (0, 1)


def test_importing_it_loads_none_of_what_it_may_never_need(run_python):
    run_python("""
        import sys
        import meantime.retry
        meantime.retry.Retry(timeout=1, hedge_after="p95")(print)
        loaded = {"asyncio", "random", "logging", "typing", "inspect", "dataclasses", "statistics"} & set(sys.modules)
        assert not loaded, loaded
    """)


def test_an_attempt_over_its_timeout_is_retried_whatever_the_policy_says(kind, clock):
    calls = []

    def function():
        calls.append(1)
        if len(calls) < 2:
            raise CallTimeout("function", None, "", 1.0)
        return "answer"

    assert kind.call(Retry(on=KeyError), function) == "answer"


def test_a_call_after_the_deadline_is_not_begun(kind, clock, flaky):
    function = flaky()
    token = deadline_variable.set(Deadline(0.0))
    try:
        with pytest.raises(DeadlineExceeded, match="flaky was not begun"):
            kind.call(Retry(), function)
    finally:
        deadline_variable.reset(token)
    assert function.calls == 0
