"""How time passes on a held clock: from moment to moment, and at each everybody does first what they do then."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from heapq import heapreplace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import meantime
from meantime import CallTimeout, Limiter, Retry, sequential, tasks, threads
from meantime import clock as clock_in_use
from meantime.retry import retried_call
from meantime.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


class OnThreads:
    def map(self, function: Callable[[Any], Any], items, **keywords):
        return threads.map(function, items, **keywords)

    def settle(self, function: Callable[[Any], Any], items, **keywords):
        return threads.settle(function, items, **keywords)

    def sleeping(self, seconds: float, then: Callable[[Any], Any]):
        def call(item):
            clock_in_use.sleep(seconds if seconds >= 0 else item)
            return then(item)

        return call


class OnTasks:
    def map(self, function: Callable[[Any], Any], items, **keywords):
        return asyncio.run(self._run(tasks.map, function, items, keywords))

    def settle(self, function: Callable[[Any], Any], items, **keywords):
        return asyncio.run(self._run(tasks.settle, function, items, keywords))

    async def _run(self, verb, function, items, keywords):
        return await verb(function, items, **keywords)

    def sleeping(self, seconds: float, then: Callable[[Any], Any]):
        async def call(item):
            await clock_in_use.sleep_async(seconds if seconds >= 0 else item)
            return then(item)

        return call


class InThreads(OnTasks):
    """Tasks whose calls are on threads."""

    def sleeping(self, seconds: float, then: Callable[[Any], Any]):
        return meantime.in_thread(OnThreads().sleeping(seconds, then))


WAYS: dict[str, Any] = {"threads": OnThreads(), "tasks": OnTasks(), "tasks in threads": InThreads()}


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


ITS_OWN = -1.0  # seconds: as many as the item says


def ends(durations: list[int], width: int) -> list[float]:
    """When each of these calls ends, if so many go on at once."""
    free, moments = [0.0] * width, []
    for duration in durations:
        moments.append(free[0] + duration)
        heapreplace(free, moments[-1])
    return moments


@given(way=st.sampled_from(list(WAYS)), durations=st.lists(st.integers(0, 4), max_size=10), width=st.integers(1, 4))
def test_what_sleeps_at_the_same_time_takes_its_time_together(way, durations, width):
    with FakeClock() as clock:
        began = clock.monotonic()
        sleeping = WAYS[way].sleeping(ITS_OWN, lambda _: clock.monotonic() - began)

        assert WAYS[way].map(sleeping, durations, max_concurrency=width) == ends(durations, width)
        assert clock.monotonic() - began == max(ends(durations, width), default=0)


def test_so_do_calls_that_tasks_make_on_threads_time_and_again():
    """Between the end of one call and the beginning of the next nobody waits, and nobody can be seen to work either."""
    for _ in range(40):
        with FakeClock() as clock:
            began, durations = clock.monotonic(), [4, 4, 0, 4, 4, 4, 3, 1, 4]
            sleeping = WAYS["tasks in threads"].sleeping(ITS_OWN, lambda _: clock.monotonic() - began)  # noqa: B023  # called in here

            assert WAYS["tasks in threads"].map(sleeping, durations, max_concurrency=3) == ends(durations, 3)


def test_ten_calls_of_a_second_five_at_once_take_two_seconds(way, clock):
    began = clock.monotonic()
    way.map(way.sleeping(1, str), range(10), max_concurrency=5)

    assert clock.monotonic() - began == 2


def test_a_consumer_has_each_outcome_at_its_moment(clock):
    began = clock.monotonic()
    came = [
        (outcome.item, clock.monotonic() - began)
        for outcome in threads.as_completed(clock.sleep, [3, 1, 2, 1], max_concurrency=2)
    ]

    assert came == [(1, 1), (3, 3), (2, 3), (1, 4)]


def test_threads_that_advance_it_do_so_together(clock):
    began = clock.monotonic()
    threads.map(lambda _: clock.advance(1), range(4), max_concurrency=4)

    assert clock.monotonic() - began == 1


def test_a_call_that_takes_longer_than_its_timeout_is_over_at_the_timeout(way, clock):
    began = clock.monotonic()
    outcomes = way.settle(way.sleeping(ITS_OWN, lambda item: item), [1, 5, 2], timeout=2, max_concurrency=3)

    assert outcomes.results == [1]
    assert [(outcome.item, type(outcome.error)) for outcome in outcomes.failed] == [(5, CallTimeout), (2, CallTimeout)]
    assert clock.monotonic() - began == 2


def test_so_is_one_that_advances_the_clock_past_it(clock):
    def slow(item):
        clock.advance(5)
        return item

    with pytest.raises(CallTimeout, match="timeout of 2 s"):
        threads.map(slow, [1], timeout=2)
    with pytest.raises(CallTimeout, match="timeout of 2 s"):
        sequential.map(slow, [1], timeout=2)


def test_retries_side_by_side_wait_side_by_side(way, clock, monkeypatch):
    monkeypatch.setattr(retried_call, "fraction", lambda: 1.0)  # the longest wait there may be
    failed, began = set(), clock.monotonic()

    def fail_once(item):
        if item not in failed:
            failed.add(item)
            raise TimeoutError
        return clock.monotonic() - began

    retry = Retry(initial_backoff=2, max_backoff=2)

    assert way.map(way.sleeping(1, fail_once), range(8), max_concurrency=8, retry=retry) == [1 + 2 + 1] * 8


def test_a_rate_is_kept(way, clock):
    began = clock.monotonic()
    limiter = Limiter("downstream", rate=2, burst=1)
    begun = []

    way.map(way.sleeping(0, lambda _: begun.append(clock.monotonic() - began)), range(6), limiter=limiter)

    assert begun == [0, 0.5, 1, 1.5, 2, 2.5]


def test_a_limiter_that_threads_and_tasks_share_makes_both_wait(clock):
    began = clock.monotonic()
    limiter = Limiter("downstream", rate=1, burst=1)
    begun = []

    async def main():
        async def on_loop(_):
            async with limiter:
                begun.append(clock.monotonic() - began)

        def on_thread(_):
            with limiter:
                begun.append(clock.monotonic() - began)

        await asyncio.gather(
            tasks.map(on_loop, range(3)), tasks.map(meantime.in_thread(on_thread), range(3), max_concurrency=3)
        )

    asyncio.run(main())

    assert sorted(begun) == [0, 1, 2, 3, 4, 5]


def test_tasks_wake_in_the_order_of_their_moments(clock):
    woken = []

    async def sleep(seconds):
        await clock.sleep_async(seconds)
        woken.append(seconds)

    async def main():
        await asyncio.gather(*(sleep(seconds) for seconds in (0.3, 0.1, 0.2, 0, 0.1)))

    asyncio.run(main())

    assert woken == [0, 0.1, 0.1, 0.2, 0.3]


def test_a_task_that_is_cancelled_in_its_sleep_makes_no_time_pass(clock):
    began = clock.monotonic()

    async def main():
        sleeper = asyncio.create_task(clock.sleep_async(1000))
        await asyncio.sleep(0)
        sleeper.cancel()
        await clock.sleep_async(1)
        assert sleeper.cancelled()

    asyncio.run(main())

    assert clock.monotonic() - began == 1


def test_a_coroutine_that_advances_it_lets_the_others_go_on_when_it_awaits(clock):
    woken = []

    async def sleep():
        await clock.sleep_async(1)
        woken.append(1)

    async def main():
        sleeper = asyncio.create_task(sleep())
        await asyncio.sleep(0)
        clock.advance(2)
        assert woken == []
        await sleeper

    asyncio.run(main())

    assert woken == [1]


def test_a_coroutine_that_advances_it_waits_for_what_threads_do_meanwhile(clock):
    woken = []

    def sleep():
        clock.sleep(1)
        woken.append(clock.monotonic() - began)

    async def main():
        thread = threading.Thread(target=sleep)
        thread.start()
        clock.advance(2)
        assert woken == [1]
        thread.join()

    began = clock.monotonic()
    asyncio.run(main())


def test_what_is_called_back_has_the_context_of_who_asked_for_it(clock):
    variable = ContextVar("variable", default="unset")
    seen = []

    async def main():
        variable.set("set")
        clock_in_use.call_at(asyncio.get_running_loop(), clock.monotonic() + 1, lambda: seen.append(variable.get()))
        await clock.sleep_async(1)

    asyncio.run(main())

    assert seen == ["set"]


def test_one_clock_serves_many_loops_one_after_another(clock):
    began = clock.monotonic()

    async def main():
        clock_in_use.call_at(asyncio.get_running_loop(), clock.monotonic() + 1.5, pytest.fail)
        await clock.sleep_async(1)

    for _ in range(3):
        asyncio.run(main())  # what was to be called back on a closed loop is not

    assert clock.monotonic() - began == 3


def test_and_loops_on_several_threads_at_once(clock):
    async def main(seconds):
        for _ in range(3):
            await clock.sleep_async(seconds)
        return clock.monotonic() - began

    began = clock.monotonic()

    assert threads.map(lambda seconds: asyncio.run(main(seconds)), [1, 3, 2], max_concurrency=3) == [3, 9, 6]


def test_a_loop_of_another_kind_will_do(clock):
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed here")
    durations = [2, 1, 3, 1]

    async def main():
        async def call(seconds):
            await clock.sleep_async(seconds)
            await meantime.in_thread(clock.sleep)(seconds)
            return clock.monotonic() - began

        return await tasks.map(call, durations, max_concurrency=2)

    began = clock.monotonic()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == ends([2 * seconds for seconds in durations], 2)


class TestBlocked:
    """A thread that waits for something that the clock knows nothing of."""

    def test_does_not_keep_time_from_passing(self, clock):
        release, began = threading.Event(), clock.monotonic()
        hanging = threading.Thread(target=release.wait, args=[30])
        hanging.start()
        try:
            threads.map(clock.sleep, [1, 2], max_concurrency=2)
            assert clock.monotonic() - began == 2
        finally:
            release.set()
            hanging.join(30)

    def test_counts_again_when_it_uses_the_clock(self, clock):
        release, back, began, seen = threading.Event(), threading.Event(), clock.monotonic(), []

        def work():
            release.wait(30)
            clock.monotonic()
            back.set()
            threading.Event().wait(0.01)  # it works
            for _ in range(3):
                clock.sleep(1)
                seen.append(clock.monotonic() - began)

        thread = threading.Thread(target=work)
        thread.start()
        clock.sleep(10)  # it is left out of account
        release.set()
        assert back.wait(30)
        clock.sleep(10)
        thread.join(30)

        assert seen == [11, 12, 13]

    def test_is_waited_for_as_long_as_it_is_given_work(self, clock):
        """A loop that the clock has not met answers a thread only after a while."""
        began = clock.monotonic()

        async def main():
            loop = asyncio.get_running_loop()
            for _ in range(3):
                await loop.run_in_executor(None, clock.sleep, 1)

        async def twice():
            await asyncio.gather(main(), main())

        asyncio.run(twice())

        assert clock.monotonic() - began == 3
