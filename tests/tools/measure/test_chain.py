"""The longest chain of waits: what the downstream alone would have kept an invocation."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.measure.chain import longest_chain

WAITS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 10)).map(lambda wait: (wait[0], wait[0] + wait[1])), max_size=8
)


def test_without_waits_there_is_no_chain():
    assert longest_chain([]) == 0


def test_waits_in_a_row_add_up():
    assert longest_chain([(0, 300), (300, 600), (600, 900)]) == 900


def test_waits_side_by_side_count_as_the_longest():
    assert longest_chain([(0, 300), (0, 310), (5, 290)]) == 310


def test_two_rounds_of_two_count_twice():
    assert longest_chain([(0, 20), (1, 21), (22, 42), (23, 44)]) == 20 + 21


@given(WAITS)
def test_it_is_the_best_of_all_selections_that_do_not_overlap(waits):
    selections = (chosen for size in range(len(waits) + 1) for chosen in combinations(waits, size))
    best = max(
        sum(end - start for start, end in chosen)
        for chosen in selections
        if all(first[1] <= second[0] or second[1] <= first[0] for first, second in combinations(chosen, 2))
    )

    assert longest_chain(waits) == best
