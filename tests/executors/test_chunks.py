"""How many items go to a child in one message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from meantime.executors.children.chunks import Chunks


def test_items_that_take_no_time_go_in_messages_that_double():
    chunks = Chunks(None, 100_000, 2)
    sizes = []
    for _ in range(9):
        sizes.append(chunks.next_size(0))
        chunks.note(sizes[-1], 0.0)

    assert sizes == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_items_that_take_long_go_one_by_one():
    chunks = Chunks(None, 100_000, 2)
    for _ in range(5):
        chunks.note(chunks.next_size(0), 0.0)
    chunks.note(32, 32 * 0.5)

    assert chunks.next_size(0) == 1


def test_the_last_items_are_shared_out():
    chunks = Chunks(None, 100, 2)
    for _ in range(7):
        chunks.note(chunks.next_size(0), 0.0)

    assert [chunks.next_size(drawn) for drawn in (0, 60, 90, 99)] == [25, 10, 2, 1]


def test_a_size_that_was_asked_for_is_the_size():
    chunks = Chunks(7, None, 2)
    chunks.note(7, 100.0)

    assert chunks.next_size(1000) == 7


def test_of_an_input_of_unknown_length_only_what_is_at_hand_is_sent():
    assert Chunks(None, None, 2).next_size(0) == 1


@given(known=st.integers(1, 500), width=st.integers(1, 6), seconds=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_all_items_are_sent_and_never_more_than_there_are(known, width, seconds):
    chunks, drawn, turn = Chunks(None, known, width), 0, 0
    while drawn < known:
        size = chunks.next_size(drawn)
        assert 1 <= size <= min(64, known - drawn)
        drawn += size
        chunks.note(size, seconds[turn % len(seconds)])
        turn += 1

    assert drawn == known
