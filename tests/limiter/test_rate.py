"""A rate: never above it in any span of time, and never idle below it; on a clock that is held."""

from __future__ import annotations

import asyncio
import threading
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meantime.errors import DeadlineExceeded
from meantime.limiter import Limiter
from meantime.limiter.schedule import Schedule
from meantime.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUNDING = 1e-6  # seconds


def check_every_window(times: Sequence[float], rate: float, burst: int) -> None:
    for first, last in combinations(range(len(times)), 2):
        assert last - first + 1 <= rate * (times[last] - times[first] + ROUNDING) + burst


rates = st.floats(0.01, 20_000)
bursts = st.integers(1, 20)
# Mostly close together, sometimes at the same moment, sometimes after a rest.
pauses = st.one_of(st.just(0.0), st.floats(0, 0.01), st.floats(0, 100))


@settings(deadline=None)
@given(rate=rates, burst=bursts, waits=st.lists(pauses, min_size=1, max_size=60))
def test_in_no_window_begin_more_than_the_rate_and_the_burst_allow(rate, burst, waits):
    schedule, now, begun = Schedule(1 / rate, burst), 1000.0, []
    for wait in waits:
        now += wait
        if schedule.take(now):
            begun.append(now)
    check_every_window(begun, rate, burst)


@settings(deadline=None)
@given(rate=rates, burst=bursts, waits=st.lists(pauses, min_size=1, max_size=40), unused=st.sets(st.integers(0, 39)))
def test_nor_if_some_slots_are_put_back(rate, burst, waits, unused):
    schedule, now, begun = Schedule(1 / rate, burst), 1000.0, []
    for number, wait in enumerate(waits):
        now += wait
        if schedule.take(now):
            if number in unused:
                schedule.put_back(schedule.slot())
            else:
                begun.append(now)
    check_every_window(begun, rate, burst)


@settings(deadline=None)
@given(rate=rates, burst=bursts, number=st.integers(1, 60))
def test_who_comes_as_early_as_it_may_gets_the_whole_rate(rate, burst, number):
    schedule, now = Schedule(1 / rate, burst), 1000.0
    for _ in range(number):
        now = max(now, schedule.ready_at(now))
        assert schedule.take(now)
    assert now - 1000.0 == pytest.approx(max(0, number - burst) / rate, abs=1e-6)


@pytest.mark.blocks_the_loop  # coverage may wait for its own lock
@settings(max_examples=25, deadline=None)
@given(
    rate=st.floats(1, 2000),
    burst=st.integers(1, 5),
    on_threads=st.lists(st.integers(1, 6), max_size=3),
    on_tasks=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    max_concurrency=st.none() | st.integers(1, 3),
)
def test_threads_and_tasks_together_keep_the_rate(rate, burst, on_threads, on_tasks, max_concurrency):
    limiter = Limiter("api", rate=rate, burst=burst, max_concurrency=max_concurrency)
    times: list[float] = []
    schedule = limiter._permits._schedule
    assert schedule is not None

    class Noting(Schedule):
        """Notes the moment of every admission: by the time a call runs, another may have let time pass."""

        __slots__ = ()

        def take(self, now: float) -> bool:
            taken = super().take(now)
            if taken:
                times.append(now)
            return taken

    schedule.__class__ = Noting

    def thread(calls: int) -> None:
        for _ in range(calls):
            with limiter:
                pass

    async def task(calls: int) -> None:
        for _ in range(calls):
            async with limiter:
                await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*(task(calls) for calls in on_tasks))

    with FakeClock():
        running = [threading.Thread(target=thread, args=(calls,)) for calls in on_threads]
        for each in running:
            each.start()
        asyncio.run(main())
        for each in running:
            each.join(30)
            assert not each.is_alive()
    total = sum(on_threads) + sum(on_tasks)
    assert len(times) == total
    check_every_window(times, rate, burst)
    assert (limiter.statistics().in_flight, limiter.statistics().admitted) == (0, total)


def begin(limiter: Limiter, calls: int, clock: FakeClock) -> list[float]:
    """When each of so many calls begins, one after another, in seconds from now."""
    start, begun = clock.monotonic(), []
    for _ in range(calls):
        with limiter:
            begun.append(clock.monotonic() - start)
    return begun


def test_a_rate_is_so_many_in_a_period(clock):
    assert begin(Limiter("api", rate=100, per=60, burst=1), 4, clock) == pytest.approx([0.0, 0.6, 1.2, 1.8])


def test_a_burst_begins_at_once_after_a_rest(clock):
    limiter = Limiter("api", rate=10, burst=3)
    assert begin(limiter, 5, clock) == pytest.approx([0, 0, 0, 0.1, 0.2])
    clock.advance(100)
    assert begin(limiter, 5, clock) == pytest.approx([0, 0, 0, 0.1, 0.2])


@pytest.mark.parametrize(("rate", "burst"), [(10, 1), (49, 1), (50, 2), (100, 3), (20_000, 401)])
def test_by_default_a_burst_is_what_comes_due_in_twenty_milliseconds(rate, burst, clock):
    assert begin(Limiter("api", rate=rate), burst + 1, clock).count(0.0) == burst


def test_calls_that_are_late_are_made_good_within_the_burst(clock):
    limiter = Limiter("api", rate=10, burst=3)
    begin(limiter, 3, clock)
    clock.advance(0.25)
    assert begin(limiter, 3, clock) == pytest.approx([0, 0, 0.05])


def test_tasks_wait_for_the_rate_too(clock):
    limiter = Limiter("api", rate=10, burst=1)

    async def call(start: float) -> float:
        async with limiter:
            return clock.monotonic() - start

    async def main() -> list[float]:
        return await asyncio.gather(*(call(clock.monotonic()) for _ in range(4)))

    assert asyncio.run(main()) == pytest.approx([0, 0.1, 0.2, 0.3])


def test_both_limits_hold_together(clock):
    limiter = Limiter("api", rate=10, burst=2, max_concurrency=1)
    with limiter:
        assert begin(Limiter("another", rate=10, burst=2), 3, clock) == pytest.approx([0, 0, 0.1])
    assert begin(limiter, 3, clock) == pytest.approx([0, 0, 0.1])


def test_a_slot_that_its_task_did_not_use_goes_to_the_next(clock):
    limiter = Limiter("api", rate=1, burst=1, max_concurrency=1)

    async def main() -> None:
        await limiter.acquire_async()
        clock.advance(1)
        cancelled = asyncio.ensure_future(limiter.acquire_async())
        await asyncio.sleep(0)
        limiter.release()  # admits it
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled

    asyncio.run(main())
    assert begin(limiter, 1, clock) == [0.0]


def test_a_cancelled_task_leaves_its_place_in_time_to_the_next():
    with FakeClock(passes=False) as clock:
        limiter = Limiter("api", rate=1, burst=1)

        async def main() -> None:
            await limiter.acquire_async()
            first, second = (asyncio.ensure_future(limiter.acquire_async()) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            await asyncio.sleep(0)
            clock.advance(1)
            await asyncio.wait_for(second, 30)

        asyncio.run(main())


def test_a_slot_that_comes_after_the_deadline_is_refused_at_once(clock, within):
    limiter = Limiter("dynamodb", rate=1, burst=1)
    start = clock.monotonic()
    with within(0.5), limiter, pytest.raises(DeadlineExceeded, match=r"'dynamodb'.*in 1 s.*in 0\.5 s") as raised:
        limiter.acquire()
    assert raised.value.foreseen
    assert clock.monotonic() == start
    assert begin(limiter, 1, clock) == [1.0]  # the refused one has taken nothing


def test_those_who_wait_before_count_for_the_slot(clock, within):
    limiter = Limiter("api", rate=1, burst=1)
    start = clock.monotonic()

    async def begins() -> float:
        async with limiter:
            return clock.monotonic() - start

    async def main() -> list[object]:
        with within(2.5):
            return await asyncio.gather(*(foreseen_or_begun() for _ in range(5)))

    async def foreseen_or_begun() -> object:
        try:
            return await begins()
        except DeadlineExceeded as error:
            return f"refused at {clock.monotonic() - start:g}" if error.foreseen else "too late"

    assert asyncio.run(main()) == [0, 1, 2, "refused at 0", "refused at 0"]


def test_who_comes_newly_does_not_take_a_slot_that_somebody_waits_for():
    limiter, order = Limiter("api", rate=1, burst=1), []

    async def call(name: str) -> None:
        async with limiter:
            order.append(name)

    async def main() -> None:
        with FakeClock(passes=False) as clock:
            await call("before")
            first = asyncio.ensure_future(call("first"))
            await asyncio.sleep(0)
            clock.advance(1)  # it is due, and has not noticed yet
            second = call("second")
            second_step = asyncio.ensure_future(second)
            await first
            clock.advance(1)
            await second_step

    asyncio.run(main())
    assert order == ["before", "first", "second"]


def test_a_clock_that_jumped_on_gives_no_more_than_a_burst(clock):
    limiter = Limiter("api", rate=10, burst=2)
    begin(limiter, 10, clock)
    clock.advance(86_400)
    assert begin(limiter, 3, clock) == pytest.approx([0, 0, 0.1])


def test_a_clock_that_was_set_back_makes_nobody_wait_long():
    schedule = Schedule(0.1, 2)
    for _ in range(2):
        assert schedule.take(1_000_000.0)
    assert schedule.ready_at(5.0) <= 5.1  # a snapshot, restored on a machine that has just started


def test_twenty_thousand_a_second_hold_on_tasks():
    """Without a bound on the clock on the wall: by the count of calls that the clock allows, none is wasted."""
    with FakeClock() as clock:
        limiter = Limiter("api", rate=20_000)
        start = clock.monotonic()

        async def call() -> None:
            async with limiter:
                pass

        async def main() -> None:
            await asyncio.gather(*(call() for _ in range(2401)))

        asyncio.run(main())
        assert clock.monotonic() - start == pytest.approx(0.1)
