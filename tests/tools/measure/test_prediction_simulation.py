"""The simulation: list scheduling, one interpreter, switching threads; exact cases, and what always holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.measure.model.quota import Quota
from meantime.tools.measure.model.work import InLine, SideBySide, computing_ms, waiting_ms
from meantime.tools.measure.simulation import simulate

PIECES = st.lists(
    st.lists(st.tuples(st.floats(0, 8), st.floats(0, 50), st.just(0.0)), max_size=4).map(tuple),
    min_size=1,
    max_size=25,
)
WIDTHS = st.integers(1, 30)
SHARES = st.floats(0.05, 1.0)


def waits(*lengths):
    return tuple(((0.0, length, 0.0),) for length in lengths)


def computes(*lengths):
    return tuple(((length, 0.0, 0.0),) for length in lengths)


def side_by_side(pieces, width, share=1.0, **keywords):
    return simulate((SideBySide(tuple(pieces), width, **keywords),), Quota(share))


def test_what_stands_in_line_takes_the_sum():
    assert simulate((InLine(((1.0, 10.0, 0.0), (2.0, 20.0, 0.0))), InLine(((3.0, 0.0, 0.0),))), Quota(1.0)) == 36.0


def test_workers_draw_the_next_wait_when_they_are_done_with_one():
    assert side_by_side(waits(3, 1, 1, 1, 2), 2) == 5  # one has 3, 2; the other 1, 1, 1


def test_as_many_workers_as_waits_take_the_longest():
    assert side_by_side(waits(3, 7, 5), 3) == 7


def test_more_workers_than_waits_change_nothing():
    assert side_by_side(waits(3, 7, 5), 64) == 7


def test_one_interpreter_computes_one_thing_at_a_time():
    assert side_by_side(computes(1, 2, 3, 4), 4) == 10


def test_computing_passes_while_others_wait():
    assert side_by_side([((1.0, 10.0, 0.0), (1.0, 0.0, 0.0))] * 3, 3) == 14  # 3 starts, the first 10 pass meanwhile


def test_only_computing_takes_the_sum_by_the_share():
    assert side_by_side(computes(*[2.0] * 100), 10, 0.25) == pytest.approx(200 / 0.25 - 15)  # the last period's pause


def test_a_short_burst_in_a_small_function_is_not_held_up():
    assert side_by_side([((0.2, 30.0, 0.0),)] * 4, 4, 0.0724) == pytest.approx(30.8)


def test_a_thread_that_computes_long_hands_the_interpreter_over():
    long, short = ((50.0, 0.0, 0.0),), ((0.0, 1.0, 0.0), (1.0, 100.0, 0.0))

    assert side_by_side([long, short], 2) == 112  # has it at 5 to begin, asks again at 6, has it at 11 for 1
    assert side_by_side([long, short], 2, is_threads=False) == 152


def test_a_thread_computes_longer_while_another_waits_for_its_turn():
    assert side_by_side(computes(1, 1, 1), 3, contended=0.5) == 4.0  # nobody waits for the last
    assert side_by_side(computes(1, 1, 1), 3, contended=0.5, is_threads=False) == 3.0


def test_pieces_that_begin_together_search_a_pool_once_for_each_other():
    assert side_by_side(computes(1, 1, 1), 3, crowding_ms=0.1) == pytest.approx(3 + 0.1 * 3 * (2 + 1))


def test_each_worker_opens_its_connection_once():
    assert side_by_side(waits(*[10] * 6), 2, first=((0.0, 5.0, 0.0),)) == 35


def test_nothing_side_by_side_takes_no_time():
    assert side_by_side([], 3) == 0


def test_calls_that_do_nothing_take_no_time():
    assert side_by_side([(), (), ()], 2) == 0


@given(pieces=PIECES, width=WIDTHS, share=SHARES)
def test_never_below_the_longest_piece_nor_below_the_computing_by_the_share(pieces, width, share):
    found = side_by_side(pieces, width, share)

    assert found >= max(computing_ms(piece) + waiting_ms(piece) for piece in pieces) - 1e-6
    assert found >= sum(map(computing_ms, pieces)) / share - 20 - 1e-6  # one period's budget is there at the start


@given(pieces=PIECES, width=WIDTHS)
def test_never_above_one_after_the_other(pieces, width):
    in_line = simulate(tuple(map(InLine, map(tuple, pieces))), Quota(1.0))

    assert side_by_side(pieces, width) <= in_line + 1e-6


@given(lengths=st.lists(st.floats(0, 100), min_size=1, max_size=40), width=WIDTHS)
def test_wider_is_never_slower_for_waits_of_equal_length_nor_beyond_the_bound_of_list_scheduling(lengths, width):
    found = side_by_side(waits(*lengths), width)
    equal = waits(*[lengths[0]] * len(lengths))

    assert side_by_side(equal, width + 1) <= side_by_side(equal, width) + 1e-9
    # Graham 1969: no more than the mean load and the longest.
    assert found <= sum(lengths) / width + max(lengths) + 1e-6


@given(pieces=PIECES, share=st.floats(0.05, 0.9), more=st.floats(0.01, 0.1))
def test_more_cpu_is_never_slower_by_more_than_a_turn(pieces, share, more):
    # Who is ready first may change, and with it who draws what: that is at most one piece's length.
    slack = max(computing_ms(piece) / share + waiting_ms(piece) for piece in pieces) + 20

    assert side_by_side(pieces, 4, share + more) <= side_by_side(pieces, 4, share) + slack


@given(piece=PIECES.map(lambda pieces: pieces[0]), count=st.integers(1, 30), width=WIDTHS, share=SHARES)
def test_more_cpu_is_never_slower_for_equal_calls_without_waits(piece, count, width, share):
    computing = tuple((each, 0.0, 0.0) for each, _, _ in piece)

    less, more = (side_by_side([computing] * count, width, each) for each in (share, min(1.0, share + 0.1)))

    assert more <= less + 1e-6
