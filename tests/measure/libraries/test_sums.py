"""Observations add up, one for each pool; a recording holds so many of them, and the function never notices."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from meantime import measure
from meantime.measure.boundaries import observe
from meantime.measure.session import OBSERVATIONS


def test_a_pool_works_when_a_recording_holds_no_more_observations() -> None:
    """Its sums are then told to nobody."""

    async def answer() -> int:
        return 5

    async def in_group() -> int:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(answer())
        return task.result()

    with measure.recording() as recorder:
        for number in range(OBSERVATIONS):
            observe("leftover", str(number))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(int, "5").result() == 5
        assert asyncio.run(in_group()) == 5

    assert len(recorder.document["observations"]) == OBSERVATIONS
