"""One batch at a time for each message group, also when the queue has given a message out again meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.emulator.mappings.groups import Groups

BATCHES = st.lists(st.frozensets(st.sampled_from("abcd"), min_size=1), max_size=12)


@given(BATCHES)
def test_batches_that_share_a_group_are_never_under_way_together(batches: list[frozenset[str]]) -> None:
    under_way: Counter[str] = Counter()
    done = []

    async def process(groups: Groups, batch: frozenset[str]) -> None:
        async with groups.alone(batch):
            under_way.update(batch)
            assert all(under_way[group] == 1 for group in batch)
            await asyncio.sleep(0)
            under_way.subtract(batch)
        done.append(batch)

    async def process_all() -> None:
        groups = Groups()
        await asyncio.gather(*(process(groups, batch) for batch in batches))

    asyncio.run(process_all())

    assert len(done) == len(batches)


def test_batches_without_a_common_group_do_not_wait_for_each_other() -> None:
    async def both_at_once() -> bool:
        groups = Groups()
        async with groups.alone(frozenset("a")), asyncio.timeout(10), groups.alone(frozenset("b")):
            return True

    assert asyncio.run(both_at_once())


def test_a_batch_that_fails_frees_its_groups() -> None:
    async def fail(groups: Groups) -> None:
        async with groups.alone(frozenset("a")):
            raise LookupError

    async def fail_and_go_on() -> bool:
        groups = Groups()
        with pytest.raises(LookupError):
            await fail(groups)
        async with asyncio.timeout(10), groups.alone(frozenset("a")):
            return True

    assert asyncio.run(fail_and_go_on())
