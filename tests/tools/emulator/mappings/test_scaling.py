"""How many batches of a queue are under way at once, on a clock that the test holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from meantime.testing import FakeClock
from meantime.tools.emulator.mappings.scaling import Scaling

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    with FakeClock() as held:
        yield held


def test_it_starts_with_five_and_stays_there_while_there_are_no_messages(clock: FakeClock) -> None:
    scaling = Scaling(None)

    clock.advance(600)

    assert scaling.allowed == 5


def test_while_there_are_messages_it_grows_by_three_hundred_a_minute(clock: FakeClock) -> None:
    scaling = Scaling(None)
    scaling.found_messages()

    clock.advance(1)
    after_a_second = scaling.allowed
    scaling.found_messages()
    clock.advance(59)

    assert (after_a_second, scaling.allowed) == (10, 305)


def test_it_grows_up_to_a_thousand(clock: FakeClock) -> None:
    scaling = Scaling(None)
    scaling.found_messages()

    clock.advance(10_000)

    assert scaling.allowed == 1_000


@pytest.mark.parametrize(("maximum", "first", "last"), [(2, 2, 2), (5, 5, 5), (8, 5, 8)])
def test_the_mappings_own_maximum_is_never_exceeded(clock: FakeClock, maximum: int, first: int, last: int) -> None:
    scaling = Scaling(maximum)
    scaling.found_messages()
    at_first = scaling.allowed

    clock.advance(60)

    assert (at_first, scaling.allowed) == (first, last)


def test_an_empty_queue_brings_it_back_to_five(clock: FakeClock) -> None:
    scaling = Scaling(None)
    scaling.found_messages()
    clock.advance(60)

    scaling.found_none()
    clock.advance(60)

    assert scaling.allowed == 5


def test_each_failure_takes_one_off_and_growth_goes_on_from_there(clock: FakeClock) -> None:
    scaling = Scaling(None)
    scaling.found_messages()
    clock.advance(2)

    scaling.failed()
    scaling.failed()
    lowered = scaling.allowed
    clock.advance(1)

    assert (lowered, scaling.allowed) == (13, 18)


def test_failures_leave_one(clock: FakeClock) -> None:
    scaling = Scaling(None)

    for _ in range(100):
        scaling.failed()

    assert scaling.allowed == 1
