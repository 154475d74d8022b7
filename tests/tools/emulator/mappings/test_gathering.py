"""When a batch is complete: by number, by size, by time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meantime.testing import FakeClock
from meantime.tools.emulator.limits import REQUEST_MAX_BYTES
from meantime.tools.emulator.mappings.gathering import Gathering, size_of


@dataclass(frozen=True)
class Item:
    record: Any

    @property
    def size(self) -> int:
        return size_of(self.record)


def test_a_full_batch_is_complete_before_its_window_ends() -> None:
    with FakeClock():
        gathering: Gathering[Item] = Gathering(batch_size=2, window=300)

        gathering.add(Item({}))
        half = gathering.complete
        gathering.add(Item({}))

    assert (half, gathering.complete, gathering.room) == (False, True, 0)


def test_the_window_begins_with_the_first_item() -> None:
    with FakeClock() as clock:
        gathering: Gathering[Item] = Gathering(batch_size=10, window=5)
        clock.advance(100)
        gathering.add(Item({}))

        clock.advance(4.9)
        before = gathering.complete
        clock.advance(0.1)

        assert (before, gathering.complete) == (False, True)


def test_without_a_window_the_first_items_are_a_batch() -> None:
    gathering: Gathering[Item] = Gathering(batch_size=10, window=0)
    assert not gathering.complete

    gathering.add(Item({}))

    assert gathering.complete


@given(st.lists(st.integers(0, 3_000_000), min_size=1, max_size=12))
def test_a_batch_of_more_than_one_is_never_above_the_payload_limit(lengths: list[int]) -> None:
    gathering: Gathering[Item] = Gathering(batch_size=100, window=300)

    added = [item for item in (Item({"body": "x" * length}) for length in lengths) if gathering.add(item)]

    assert gathering.items == added
    assert added[0].record == {"body": "x" * lengths[0]}
    body = json.dumps({"Records": [item.record for item in added]})
    assert len(body) <= REQUEST_MAX_BYTES
    assert len(added) == len(lengths) or gathering.complete
