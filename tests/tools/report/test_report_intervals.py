"""The interval of a median: how often it holds the median, whatever the durations are drawn from."""

from __future__ import annotations

from math import comb, log
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.report.intervals import median_interval, ratio_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

# Name, a draw, and the median that is known.
DISTRIBUTIONS = {
    "uniform": (lambda random: random.uniform(10, 30), 20.0),
    "exponential": (lambda random: random.expovariate(1 / 20), 20 * log(2)),
    "lognormal": (lambda random: random.lognormvariate(3.0, 1.5), 2.718281828459045**3),
}


def interval_of(values: Sequence[float], **keywords: float) -> tuple[float, float]:
    """The interval of enough values to have one."""
    found = median_interval(values, **keywords)
    assert found is not None
    return found


@pytest.mark.parametrize("count", [6, 7, 15, 40])
@pytest.mark.parametrize("name", ["uniform", "exponential", "lognormal"])
def test_it_holds_the_median_nineteen_times_in_twenty_whatever_the_distribution(name, count):
    draw, middle = DISTRIBUTIONS[name]
    random = Random(f"{name} {count}")
    trials = 2000

    held = 0
    for _ in range(trials):
        low, high = interval_of([draw(random) for _ in range(count)])
        held += low <= middle <= high

    assert held / trials >= 0.95 - 0.012  # two and a half standard deviations of the trials themselves


def test_it_is_the_narrowest_that_holds_it_so_often():
    random = Random(15)
    values = [random.random() for _ in range(15)]

    low, high = interval_of(values)

    rank = sorted(values).index(low)  # so many may be below
    assert sorted(values).index(high) == 14 - rank
    assert 1 - 2 * sum(comb(15, k) for k in range(rank + 1)) / 2**15 >= 0.95
    assert 1 - 2 * sum(comb(15, k) for k in range(rank + 2)) / 2**15 < 0.95


@given(st.lists(st.floats(0.001, 1e6), min_size=0, max_size=60))
def test_it_holds_the_middle_of_the_values_or_says_that_they_are_too_few(values):
    if len(values) < 6:
        assert median_interval(values) is None
    else:
        low, high = interval_of(values)
        middle = sorted(values)[len(values) // 2]
        assert low <= middle <= high


@given(st.lists(st.floats(0.001, 1e6), min_size=6, max_size=60), st.sampled_from([0.5, 0.8, 0.9]))
def test_less_confidence_is_never_a_wider_interval(values, confidence):
    low, high = interval_of(values)
    inner_low, inner_high = interval_of(values, confidence=confidence)

    assert low <= inner_low <= inner_high <= high


@pytest.mark.parametrize("confidence", [0, 1, -1, 95])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(ValueError, match="is not between 0 and 1"):
        median_interval([1, 2, 3], confidence=confidence)


def test_pairs_see_a_difference_that_the_machine_hides_from_either_alone():
    random = Random(4)
    machine = [random.uniform(1, 3) for _ in range(9)]  # what else went on in each round
    one = [100 * load for load in machine]
    other = [110 * load * random.uniform(0.99, 1.01) for load in machine]

    interval = ratio_interval(one, other)

    assert interval is not None
    assert 0.89 < interval[0] < interval[1] < 0.93
    assert max(interval_of(one)[0], interval_of(other)[0]) < min(interval_of(one)[1], interval_of(other)[1])


def test_durations_that_are_no_pairs_have_no_ratio():
    assert ratio_interval([1] * 9, [1] * 8) is None
    assert ratio_interval([1] * 9, [0] * 9) is None
