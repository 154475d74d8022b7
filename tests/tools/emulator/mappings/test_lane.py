"""How a shard's records become batches, with windows of both kinds, on a clock that is held."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.tools.emulator.mappings.test_delivery import STREAM, Setup, fails_on, records

from meantime.testing import FakeClock
from meantime.tools.emulator.mappings.lane import Lane
from meantime.tools.emulator.mappings.settings import StreamSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

START = 1_800_000_000.0


def run(setup: Setup, scenario: Callable[[Lane, FakeClock], Coroutine[Any, Any, None]]) -> None:
    """Run a lane through a scenario, and then to its end."""

    async def run_lane(clock: FakeClock) -> None:
        lane = Lane(setup.delivery(), setup.settings, shard_id="shard", arn=STREAM)
        running = asyncio.create_task(lane.run())
        await scenario(lane, clock)
        lane.close()
        await running

    with FakeClock() as clock:
        clock.freeze(START - clock.wall())
        asyncio.run(run_lane(clock))


async def settled() -> None:
    """Let the lane do all it can do now."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_without_a_window_what_is_there_is_a_batch() -> None:
    setup = Setup(StreamSettings(batch_size=3), fails_on())

    async def scenario(lane: Lane, _clock: FakeClock) -> None:
        lane.add(records("12"))
        await settled()
        lane.add(records("3456"))
        await settled()

    run(setup, scenario)

    assert setup.batches == [["1", "2"], ["3", "4", "5"], ["6"]]


def test_a_batch_window_gathers_until_it_ends_or_the_batch_is_full() -> None:
    setup = Setup(StreamSettings(batch_size=3, batch_window=5), fails_on())
    seen = []

    async def scenario(lane: Lane, clock: FakeClock) -> None:
        for step in (records("1"), records("2"), records("3456")):
            lane.add(step)
            await settled()
            seen.append(len(setup.batches))
            clock.advance(2)
        await settled()
        seen.append(len(setup.batches))
        clock.advance(3)
        await settled()
        seen.append(len(setup.batches))

    run(setup, scenario)

    assert setup.batches == [["1", "2", "3"], ["4", "5", "6"]]
    assert seen == [0, 0, 2, 2, 2]


def test_a_batch_window_ends_by_the_clock() -> None:
    setup = Setup(StreamSettings(batch_size=10, batch_window=5), fails_on())
    seen = []

    async def scenario(lane: Lane, clock: FakeClock) -> None:
        lane.add(records("12"))
        for seconds in (4.9, 0.1):
            await settled()
            clock.advance(seconds)
            await settled()
            seen.append(list(setup.batches))

    run(setup, scenario)

    assert seen == [[], [["1", "2"]]]


def test_its_reader_waits_while_it_has_a_full_batch_waiting() -> None:
    setup = Setup(StreamSettings(batch_size=2, batch_window=5), fails_on())
    had_room = []

    async def scenario(lane: Lane, _clock: FakeClock) -> None:
        lane.add(records("12345"))
        waiting = asyncio.create_task(lane.room())
        had_room.append(waiting.done())
        await settled()
        had_room.append(waiting.done())

    run(setup, scenario)

    assert had_room == [False, True]
    assert setup.batches == [["1", "2"], ["3", "4"], ["5"]]


def counting(numbers: list[str]) -> Any:
    """A function that answers with how many records it got."""
    return {"state": {"count": len(numbers)}}


def kinds(setup: Setup) -> list[tuple[str, int, bool, bool, Any]]:
    return [
        (
            event["window"]["start"][-3:],
            len(event["Records"]),
            event["isFinalInvokeForWindow"],
            event["isWindowTerminatedEarly"],
            event["state"],
        )
        for event in setup.events
    ]


def test_a_batch_is_of_one_tumbling_window_and_each_window_ends_with_an_invocation_of_its_own() -> None:
    setup = Setup(StreamSettings(tumbling_window=10), counting)

    async def scenario(lane: Lane, clock: FakeClock) -> None:
        lane.add([*records("12", arrived=START + 1), *records("3", arrived=START + 12)])
        await settled()
        clock.advance(19.9)
        await settled()
        lane.add(records("4", arrived=START + 19))
        await settled()
        clock.advance(0.1)
        await settled()

    run(setup, scenario)

    assert kinds(setup) == [
        ("00Z", 2, False, False, {}),
        ("00Z", 0, True, False, {"count": 2}),
        ("10Z", 1, False, False, {}),
        ("10Z", 1, False, False, {"count": 1}),
        ("10Z", 0, True, False, {"count": 1}),
    ]


def test_the_end_of_the_shard_ends_its_window() -> None:
    setup = Setup(StreamSettings(tumbling_window=10), counting)

    async def scenario(lane: Lane, _clock: FakeClock) -> None:
        lane.add(records("1", arrived=START))

    run(setup, scenario)

    assert [final for _, _, final, _, _ in kinds(setup)] == [False, True]


def test_the_end_of_a_window_is_tried_until_it_succeeds() -> None:
    answers = iter([{"state": {}}, ValueError(), {}, {"state": {}}])
    setup = Setup(StreamSettings(tumbling_window=10, maximum_retry_attempts=0), lambda _numbers: next(answers))

    async def scenario(lane: Lane, _clock: FakeClock) -> None:
        lane.add(records("1", arrived=START))

    run(setup, scenario)

    assert [final for _, _, final, _, _ in kinds(setup)] == [False, True, True, True]
    assert setup.counters.statistics().failures == 2


def test_a_state_above_a_megabyte_ends_its_window_early() -> None:
    answers = iter([{"state": "x" * 1_048_577}, {"state": {}}, {"state": {"count": 1}}, {"state": {}}])
    setup = Setup(StreamSettings(tumbling_window=10), lambda _numbers: next(answers))

    async def scenario(lane: Lane, _clock: FakeClock) -> None:
        lane.add(records("1", arrived=START))
        await settled()
        lane.add(records("2", arrived=START + 1))
        await settled()

    run(setup, scenario)

    assert [(start, final, early) for start, _, final, early, _ in kinds(setup)] == [
        ("00Z", False, False),
        ("00Z", True, True),
        ("00Z", False, False),
        ("00Z", True, False),
    ]
    assert setup.events[2]["state"] == {}
