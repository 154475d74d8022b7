"""When a request is taken and when it is one too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.downstream import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_limits_everything_is_taken() -> None:
    throttle = Throttle()

    assert [throttle.enter() for _ in range(1000)] == [None] * 1000


def test_a_request_above_max_concurrency_is_not_taken_until_another_left() -> None:
    throttle = Throttle(max_concurrency=2)
    assert throttle.enter() is None
    assert throttle.enter() is None

    excess = throttle.enter()
    assert excess is not None
    assert (excess.limit, excess.allowed, str(excess)) == ("max_concurrency", 2, "max_concurrency=2")

    throttle.leave()
    assert throttle.enter() is None


def test_a_request_above_the_rate_is_not_taken_and_told_when_to_come_again() -> None:
    clock = Clock()
    throttle = Throttle(rate=2, clock=clock)
    throttle.enter()
    clock.now += 0.25
    throttle.enter()
    clock.now += 0.25

    excess = throttle.enter()
    assert excess is not None
    assert excess.limit == "rate"
    assert excess.retry_after == pytest.approx(0.5)

    clock.now += excess.retry_after
    assert throttle.enter() is None
    assert throttle.enter() is not None


def test_a_rate_below_one_is_one_request_in_several_seconds() -> None:
    clock = Clock()
    throttle = Throttle(rate=0.5, clock=clock)
    assert throttle.enter() is None
    clock.now += 1.9
    assert throttle.enter() is not None
    clock.now += 0.1
    assert throttle.enter() is None


def test_a_request_that_was_not_taken_costs_nothing_of_the_rate() -> None:
    clock = Clock()
    throttle = Throttle(max_concurrency=1, rate=2, clock=clock)
    throttle.enter()
    for _ in range(5):
        throttle.enter()
    throttle.leave()

    assert throttle.enter() is None


@given(
    rate=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 0.5, allow_nan=False), min_size=1, max_size=200),
)
def test_no_second_sees_more_than_the_rate(rate: int, pauses: list[float]) -> None:
    clock = Clock()
    throttle = Throttle(rate=rate, clock=clock)
    taken = []
    for pause in pauses:
        clock.now += pause
        if throttle.enter() is None:
            taken.append(clock.now)

    for start in taken:
        assert sum(start <= time < start + 0.999 for time in taken) <= rate


@pytest.mark.parametrize("limits", [{"max_concurrency": 0}, {"rate": 0}, {"rate": -1}, {"rate": float("nan")}])
def test_a_limit_that_lets_nothing_through_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        Throttle(**limits)  # type: ignore[arg-type]
