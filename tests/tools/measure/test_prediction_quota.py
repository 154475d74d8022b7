"""The CPU quota of the model: a budget a period, then a standstill; checked by hand, and for what always holds."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.measure.model.costs import COSTS
from meantime.tools.measure.model.quota import Quota

SHARES = st.floats(0.05, 0.95)
BURSTS = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 60)), min_size=1, max_size=30)


def test_a_whole_core_is_never_held_up():
    assert Quota(1.0).run(5.0, 100.0) == 105.0


def test_a_burst_within_the_budget_runs_at_full_speed():
    assert Quota(0.25).run(0.0, 5.0) == 5.0


def test_what_is_beyond_the_budget_waits_for_the_next_period():
    assert Quota(0.25).run(0.0, 6.0) == 21.0


def test_a_long_burst_gets_its_share_of_each_period():
    assert Quota(0.25).run(0.0, 50.0) == pytest.approx(9 * 20 + 5)


def test_the_budget_of_the_next_period_comes_at_the_boundary_wherever_the_invocation_began():
    assert Quota(0.25, phase_ms=18.0).run(0.0, 6.0) == pytest.approx(6.0)


def test_what_was_not_used_of_a_period_is_lost():
    quota = Quota(0.25)

    quota.run(100.0, 0.1)

    assert quota.run(100.1, 5.0) == pytest.approx(120.1)


def test_a_burst_that_ends_before_the_kernel_looks_overdraws_and_the_next_one_pays():
    quota = Quota(0.05, tick_ms=3.0, overdraws=True)

    assert quota.run(0.0, 2.5) == 2.5
    assert quota.run(10.0, 0.5) == pytest.approx(40.5)  # 1 ms a period: the second period only pays the debt off


def test_a_burst_that_is_still_under_way_when_the_kernel_looks_stands_still():
    assert Quota(0.05, tick_ms=3.0, overdraws=True).run(0.0, 4.0) == pytest.approx(61.0)


def test_after_a_pause_the_core_is_cold():
    quota = Quota(1.0)

    quota.run(0.0, 1.0)

    assert quota.run(31.0, 1.0, 0.5) == pytest.approx(32.0 + 0.5 * COSTS.coldness(30.0))


def test_what_computes_after_a_standstill_computes_longer():
    assert Quota(0.25, lost_ms=0.4).run(0.0, 7.0, 1.0) == pytest.approx(22.0 + 0.4)


def test_a_standstill_never_costs_more_than_half_of_what_computes_then():
    assert Quota(0.25, lost_ms=9.0).run(0.0, 7.0, 1.0) == pytest.approx(22.0 + 1.0)


def test_a_standstill_costs_nothing_where_no_pause_does():
    assert Quota(0.25, lost_ms=0.2).run(0.0, 7.0) == pytest.approx(22.0)


def test_every_thread_that_waits_for_its_turn_wakes_after_a_standstill():
    found = Quota(0.25).run(0.0, 7.0, 1.0, lambda _: 3)

    assert found == pytest.approx(22.0 + 3 * COSTS.waking_ms)


def test_threads_that_wake_never_take_more_than_a_part_of_a_budget():
    found = Quota(0.25).run(0.0, 7.0, 1.0, lambda _: 1000)

    assert found == pytest.approx(22.0 + 5.0 * COSTS.waking_part)


def test_no_share_at_all_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        Quota(0.0)


@given(share=SHARES, bursts=BURSTS, phase=st.floats(0, 19.9))
def test_no_more_than_the_share_and_one_budget_is_ever_had(share, bursts, phase):
    quota = Quota(share, phase_ms=phase)
    now = used = 0.0

    for computing, waiting in bursts:
        now = quota.run(now, computing)
        used += computing
        assert used <= share * (now + 20 + phase) + 1e-6
        now += waiting


@given(share=SHARES, bursts=BURSTS, seed=st.integers(0, 1000))
def test_nothing_computes_faster_than_a_whole_core(share, bursts, seed):
    quota = Quota.drawn(share, Random(seed))
    now = 0.0

    for computing, waiting in bursts:
        end = quota.run(now, computing)
        assert end >= now + computing - 1e-9
        now = end + waiting


@given(share=SHARES, more=st.floats(0.01, 0.5), bursts=BURSTS, phase=st.floats(0, 19.9))
def test_a_larger_share_is_never_slower(share, more, bursts, phase):
    ends = []
    for each in (share, share + more):
        quota = Quota(each, phase_ms=phase)
        now = 0.0
        for computing, waiting in bursts:
            now = quota.run(now, computing) + waiting
        ends.append(now)

    assert ends[1] <= ends[0] + 1e-6
