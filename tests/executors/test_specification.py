"""What `map` and `gather` promise, asked of every executor alike."""

from __future__ import annotations

import contextvars
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meantime import CallTimeout, Deadline, DeadlineExceeded, current_deadline, processes, sequential, tasks, threads
from meantime.deadline import deadline_variable

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def deadline() -> Any:
    """Sets the deadline that the code of a test runs under."""
    tokens = []

    def set_deadline(timeout: float) -> None:
        tokens.append(deadline_variable.set(Deadline(timeout)))

    yield set_deadline
    for token in reversed(tokens):
        deadline_variable.reset(token)


class Peak:
    """Counts the calls under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = 0
        self.highest = 0

    def __enter__(self) -> None:
        with self.lock:
            self.now += 1
            self.highest = max(self.highest, self.now)

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.now -= 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(st.integers(), max_size=40), width=st.integers(1, 12))
def test_map_calls_each_item_once_and_keeps_the_order(executor, items, width):
    seen = []

    def double(item: int) -> int:
        seen.append(item)
        return item * 2

    results = executor.map(double, items, max_concurrency=width)

    assert results == [item * 2 for item in items]
    assert sorted(seen) == sorted(items)


def test_map_accepts_a_lazy_input_of_unknown_length(executor):
    assert executor.map(str, (number for number in range(25))) == [str(number) for number in range(25)]


def test_map_of_nothing_is_nothing(executor):
    assert executor.map(str, []) == []
    assert executor.map(str, iter(())) == []
    assert executor.gather() == []


def test_gather_gives_different_results_in_the_order_of_the_calls(executor):
    assert executor.gather(lambda: "a", lambda: 2, lambda: None) == ["a", 2, None]


def test_calls_run_side_by_side_up_to_max_concurrency(concurrent_executor):
    assert concurrent_executor.map(concurrent_executor.meeting(7), range(7), max_concurrency=7) == list(range(7))


def test_a_lazy_input_runs_as_wide_as_a_known_one(concurrent_executor):
    assert concurrent_executor.map(concurrent_executor.meeting(7), iter(range(7)), max_concurrency=7) == list(range(7))


@pytest.mark.parametrize("width", [1, 3])
def test_never_more_calls_than_max_concurrency_are_under_way(executor, width):
    peak = Peak()

    def call(_: int) -> None:
        with peak:
            threading.Event().is_set()

    executor.map(call, range(50), max_concurrency=width)

    assert 1 <= peak.highest <= width


def test_no_more_items_are_drawn_than_may_run(concurrent_executor):
    drawn = []

    def items() -> Any:
        for number in range(100):
            drawn.append(number)
            yield number

    def fail(_: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        concurrent_executor.map(fail, items(), max_concurrency=4)

    assert len(drawn) <= 8


def test_the_first_failure_is_raised_as_it_was_and_stops_the_rest(executor):
    begun = []

    def call(number: int) -> None:
        begun.append(number)
        if number == 3:
            raise LookupError("three")

    with pytest.raises(LookupError, match="three"):
        executor.map(call, range(1000), max_concurrency=1)

    assert begun == [0, 1, 2, 3]


def test_a_failing_call_of_gather_is_raised(executor):
    def fail() -> None:
        raise LookupError("one")

    with pytest.raises(LookupError, match="one"):
        executor.gather(lambda: 1, fail, lambda: 3)


def test_a_failing_iterator_is_raised(executor):
    def items() -> Any:
        yield 1
        raise LookupError("input")

    with pytest.raises(LookupError, match="input"):
        executor.map(str, items())


def test_every_call_sees_the_callers_context_variables(executor):
    if not executor.context_travels:
        pytest.skip("context variables stay in their process")
    token = variable.set("set by the caller")
    try:
        assert executor.map(lambda _: variable.get(), range(5), max_concurrency=2) == ["set by the caller"] * 5
    finally:
        variable.reset(token)


def test_no_call_sees_what_another_call_set(executor):
    def call(item: int) -> str:
        before = variable.get()
        variable.set(f"set by {item}")
        return before

    assert executor.map(call, range(20), max_concurrency=2) == ["unset"] * 20
    assert variable.get() == "unset"


def test_a_call_over_its_timeout_is_an_error_that_names_it(concurrent_executor, clock):
    with pytest.raises(CallTimeout, match=r"take.*'slow'.* 2\.5 s") as caught:
        concurrent_executor.map(concurrent_executor.taking(60), ["slow"], timeout=2.5)

    assert caught.value.timeout == 2.5


def test_a_timeout_that_is_not_reached_changes_nothing(executor):
    assert executor.map(lambda item: item, range(30), timeout=60, max_concurrency=3) == list(range(30))


def test_at_the_deadline_the_caller_learns_what_was_waiting(concurrent_executor, clock, deadline):
    deadline(3)

    with pytest.raises(DeadlineExceeded) as caught:
        concurrent_executor.map(concurrent_executor.taking(60), ["x", "y"], max_concurrency=2)

    assert {waiting.item: waiting.seconds for waiting in caught.value.waiting} == {"x": 3, "y": 3}
    assert "test_specification.py" in caught.value.waiting[0].place or "conftest.py" in caught.value.waiting[0].place


def test_nothing_begins_after_the_deadline(executor, deadline):
    begun = []
    deadline(-1.0)

    with pytest.raises(DeadlineExceeded):
        executor.map(begun.append, [1, 2, 3])

    assert begun == []


def test_a_deadline_passing_between_two_calls_lets_no_further_call_begin(executor, deadline):
    begun = []
    executor.map(abs, [1], max_concurrency=1)  # what works on it is there: a child takes longer to start than it has
    deadline(0.3)

    def outlast_the_deadline(item: int) -> None:
        begun.append(item)
        passed = threading.Event()
        while current_deadline().remaining() > 0:
            passed.is_set()

    with pytest.raises(DeadlineExceeded):
        executor.map(outlast_the_deadline, [1, 2, 3], max_concurrency=1)

    assert begun == [1]


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"max_concurrency": 0}, ValueError, "max_concurrency must be at least 1"),
        ({"max_concurrency": -1}, ValueError, "max_concurrency must be at least 1"),
        ({"max_concurrency": 1.5}, TypeError, "max_concurrency must be a whole number"),
        ({"max_concurrency": True}, TypeError, "max_concurrency must be a whole number"),
        ({"timeout": 0}, ValueError, "timeout must be above 0"),
        ({"timeout": -1}, ValueError, "timeout must be above 0"),
        ({"timeout": float("nan")}, ValueError, "timeout must be above 0"),
        ({"timeout": "1"}, TypeError, "timeout must be a number of seconds"),
    ],
)
def test_bad_limits_are_refused_before_any_call(executor, keywords, error, words):
    begun = []

    with pytest.raises(error, match=words):
        executor.map(begun.append, [1], **keywords)
    with pytest.raises(error, match=words):
        executor.gather(lambda: begun.append(1), **keywords)

    assert begun == []


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (5, "items must be an iterable, got int: 5"),
        (None, "items must be an iterable, got NoneType"),
        ("abc", "items is one str, 'abc', and would be taken apart"),
        (b"abc", "items is one bytes"),
    ],
)
def test_items_that_are_no_items_are_refused_before_any_call(executor, items, words):
    with pytest.raises(TypeError, match=words):
        executor.map(str, items)


@pytest.mark.parametrize("module", [sequential, threads])
def test_blocking_executors_refuse_an_async_iterable(module):
    async def items() -> Any:
        yield 1

    with pytest.raises(TypeError, match="async iterable async_generator: use tasks"):
        module.map(str, items())


@pytest.mark.parametrize("module", [sequential, threads, tasks])
def test_something_not_callable_is_refused(module):
    with pytest.raises(TypeError, match="expected a function to call, got int: 5"):
        module.map(5, [1])
    with pytest.raises(TypeError, match="expected a function to call, got int: 5"):
        module.gather(5)


@pytest.mark.parametrize("module", [sequential, threads, processes])
def test_a_list_of_calls_is_refused_with_how_to_unpack_it(module):
    async def fetch() -> None: ...

    with pytest.raises(TypeError, match=rf"got a list: .* `{module.__name__.rpartition('.')[2]}\.gather\(\*calls\)`"):
        module.gather([fetch(), fetch()])
    with pytest.raises(TypeError, match=r"expected a function to call, got a list$"):
        module.map([str], [1])


def test_a_verb_may_be_used_inside_a_call_of_a_verb(executor):
    def inner(number: int) -> list[str]:
        return sequential.map(str, range(number))

    assert executor.map(inner, [1, 2], max_concurrency=2) == [["0"], ["0", "1"]]
