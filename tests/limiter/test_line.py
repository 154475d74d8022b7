"""The line before a limiter: first come first served, and no permit is ever lost."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from meantime import handler, tasks, threads
from meantime.deadline import Deadline, deadline_variable
from meantime.errors import DeadlineExceeded, InvocationEnded
from meantime.limiter import Limiter, permits
from meantime.limiter.waiters import TaskWaiter
from meantime.retry import Retry
from meantime.testing import FakeClock, LambdaContext

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


# Where threads and loops run side by side, coverage may wait for its own lock on a loop.
pytestmark = pytest.mark.blocks_the_loop


@pytest.fixture(autouse=True)
def _nobody_is_rescued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that was forgotten stays so: it does not look by itself after a second."""
    monkeypatch.setattr(permits, "_LOOK_AGAIN", 1e6)


@pytest.fixture
def limiter() -> Iterator[Limiter]:
    """A limiter of one; in the end nobody may be in flight or wait."""
    one = Limiter("api", max_concurrency=1)
    yield one
    assert (in_flight(one), waiting(one)) == (0, 0)


def in_flight(limiter: Limiter) -> int:
    return limiter.statistics().in_flight


def waiting(limiter: Limiter) -> int:
    return limiter.statistics().waiting


def test_threads_and_tasks_are_admitted_in_the_order_in_which_they_came(limiter, beside, eventually):
    order: list[int] = []

    def on_thread(number: int) -> None:
        with limiter:
            order.append(number)

    async def on_loop(number: int) -> None:
        async with limiter:
            order.append(number)

    limiter.acquire()
    results = []
    for number in range(0, 12, 2):
        beside.thread(lambda number=number: on_thread(number))
        eventually(lambda number=number: waiting(limiter) == number + 1)
        results.append(beside.task(on_loop(number + 1)))
        eventually(lambda number=number: waiting(limiter) == number + 2)
    limiter.release()
    for result in results:
        result.result(30)
    eventually(lambda: len(order) == 12)
    assert order == list(range(12))


def test_who_comes_newly_does_not_overtake_the_line(limiter):
    order: list[str] = []

    async def call(name: str) -> None:
        async with limiter:
            order.append(name)

    async def main() -> None:
        await limiter.acquire_async()
        first = asyncio.ensure_future(call("first"))
        await asyncio.sleep(0)
        limiter.release()  # to the first, who has not run yet
        await call("second")
        await first

    asyncio.run(main())
    assert order == ["first", "second"]


def test_a_permit_released_by_a_thread_wakes_a_task_and_the_other_way_round(limiter, beside, eventually):
    limiter.acquire()
    result = beside.task(limiter.acquire_async())
    eventually(lambda: waiting(limiter) == 1)
    limiter.release()
    result.result(30)
    thread = beside.thread(limiter.acquire)
    eventually(lambda: waiting(limiter) == 1)
    beside.loop.call_soon_threadsafe(limiter.release)
    thread.join(30)
    limiter.release()


def test_a_cancelled_task_gives_its_place_to_the_next(limiter):
    async def main() -> None:
        await limiter.acquire_async()
        cancelled, next_one = (asyncio.ensure_future(limiter.acquire_async()) for _ in range(2))
        await asyncio.sleep(0)
        assert waiting(limiter) == 2
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        assert waiting(limiter) == 1
        limiter.release()
        await next_one
        limiter.release()

    asyncio.run(main())


def test_a_task_cancelled_just_after_it_was_admitted_gives_the_permit_to_the_next(limiter):
    async def main() -> None:
        await limiter.acquire_async()
        cancelled, next_one = (asyncio.ensure_future(limiter.acquire_async()) for _ in range(2))
        await asyncio.sleep(0)
        limiter.release()  # admits the first
        cancelled.cancel()  # before it could run
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await next_one
        limiter.release()

    asyncio.run(main())
    assert limiter.statistics().admitted == 2


def test_a_task_that_waits_no_longer_than_it_will(limiter):
    async def main() -> None:
        await limiter.acquire_async()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await limiter.acquire_async()
        limiter.release()

    asyncio.run(main())


def test_waiters_of_a_closed_loop_are_dropped(limiter, beside, caplog, eventually):
    limiter.acquire()
    left = [beside.task(limiter.acquire_async()) for _ in range(3)]
    eventually(lambda: waiting(limiter) == 3)
    thread = beside.thread(limiter.acquire)
    eventually(lambda: waiting(limiter) == 4)
    beside.stop_loop()
    beside.loop.close()
    limiter.release()
    thread.join(30)
    assert not thread.is_alive()
    limiter.release()
    assert (in_flight(limiter), waiting(limiter)) == (0, 0)
    with caplog.at_level(logging.CRITICAL, logger="asyncio"):  # "Task was destroyed but it is pending!"
        del left
        gc.collect()
    with limiter:
        assert in_flight(limiter) == 1  # whom the collector ended has given nothing back that was not its own


def test_there_is_nobody_to_wake_on_a_loop_that_is_closed_in_that_moment():
    loop = asyncio.new_event_loop()
    waiter = TaskWaiter(loop)
    loop.close()
    assert not waiter.wake()


def test_waiters_of_a_loop_that_stands_still_are_passed_over_until_it_runs(limiter, beside, eventually):
    limiter.acquire()
    parked = beside.task(limiter.acquire_async())
    eventually(lambda: waiting(limiter) == 1)
    beside.stop_loop()
    limiter.release()
    for _ in range(3):
        with limiter:  # although one waits
            assert waiting(limiter) == 1
    assert in_flight(limiter) == 0
    beside.run_loop_again()
    parked.result(30)
    limiter.release()


def test_an_abandoned_coroutine_gives_back_its_permit_wherever_the_collector_ends_it(limiter):
    class Yields:
        def __await__(self) -> Generator[None, None, None]:
            yield

    async def call() -> None:
        async with limiter:
            await Yields()

    circle: list[Any] = [call()]
    circle[0].send(None)
    circle.append(circle)
    assert in_flight(limiter) == 1
    with limiter._permits._lock:  # in the middle of whatever else this thread does with it
        del circle
        gc.collect()
    assert in_flight(limiter) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_starts_anew(run_python):
    assert "child 0 0 0\nparent 1 0 1" in run_python("""
        import os
        from meantime.limiter import Limiter
        limiter = Limiter("api", max_concurrency=1)
        def tell(who):
            now = limiter.statistics()
            print(who, now.in_flight, now.waiting, now.admitted, flush=True)
        with limiter:
            child = os.fork()
            if child == 0:
                tell("child")
                limiter.acquire()
                limiter.release()
            else:
                _, status = os.waitpid(child, 0)
                assert status == 0
                tell("parent")
        assert limiter.statistics().in_flight == 0
    """)


def test_a_thread_waits_until_the_deadline_and_no_longer(limiter, beside, eventually, within):
    errors: list[DeadlineExceeded] = []
    with FakeClock() as clock:

        def wait() -> None:
            with within(5):
                try:
                    limiter.acquire()
                except DeadlineExceeded as error:
                    errors.append(error)

        limiter.acquire()
        thread = beside.thread(wait)
        eventually(lambda: waiting(limiter) == 1)
        clock.advance(4.9)
        assert thread.is_alive()
        clock.advance(0.1)
        thread.join(30)
        limiter.release()
    assert str(errors[0]) == (
        "the limiter 'api' gave no permit before the deadline of the invocation: 1 of 1 in flight, 1 waiting"
    )
    assert not errors[0].foreseen


def test_a_task_waits_until_the_deadline_and_no_longer(limiter, within):
    async def main() -> None:
        await limiter.acquire_async()
        with FakeClock() as clock, within(5):
            waiter = asyncio.ensure_future(limiter.acquire_async())
            await asyncio.sleep(0)
            clock.advance(4.9)
            await asyncio.sleep(0)
            assert not waiter.done()
            clock.advance(0.1)
            with pytest.raises(DeadlineExceeded, match=r"'api'.*1 of 1 in flight, 1 waiting") as raised:
                await waiter
        assert not raised.value.foreseen
        limiter.release()

    asyncio.run(main())


def test_nobody_begins_to_wait_after_the_deadline(limiter, within):
    with limiter, within(0), pytest.raises(DeadlineExceeded, match="before the deadline"):
        limiter.acquire()


def test_who_was_left_behind_by_an_invocation_begins_nothing_in_the_next(limiter, beside, eventually):
    begun: list[str] = []
    errors: list[Exception] = []
    deadline = Deadline(60)

    def wait() -> None:
        deadline_variable.set(deadline)
        try:
            with limiter:
                begun.append("in the next invocation")
        except DeadlineExceeded as error:
            errors.append(error)

    async def come_after_it() -> None:
        async with limiter:
            begun.append("who came after it")

    limiter.acquire()
    beside.thread(wait)
    eventually(lambda: waiting(limiter) == 1)
    after = beside.task(come_after_it())
    eventually(lambda: waiting(limiter) == 2)
    deadline.end()
    limiter.release()
    after.result(30)
    assert begun == ["who came after it"]
    assert len(errors) == 1


def test_a_call_that_waits_when_its_handler_answers_is_never_made(limiter, eventually):
    begun: list[int] = []
    held = threading.Event()

    def query(item: int) -> None:
        begun.append(item)
        held.wait(30)

    limited = limiter(query)

    def call(item: int) -> None:
        if item == 2:
            eventually(lambda: in_flight(limiter) == 1 == waiting(limiter))
            raise LookupError(item)
        limited(item)

    @handler(reserve=0.1)
    def lambda_handler(_event: object, _context: object) -> None:
        with pytest.raises(LookupError):
            threads.map(call, range(3))

    lambda_handler({}, LambdaContext(timeout=30))
    held.set()  # during the next invocation
    eventually(lambda: in_flight(limiter) == waiting(limiter) == 0)
    assert len(begun) == 1


def test_a_thread_that_was_left_behind_holds_its_permit_as_long_as_its_call_runs(limiter, eventually, within):
    returns, called = threading.Event(), threading.Event()

    def hang(_: int) -> None:
        called.set()
        assert returns.wait(30)

    with within(0.05), pytest.raises(DeadlineExceeded):
        threads.map(hang, [1], limiter=limiter)
    assert called.wait(30)
    assert in_flight(limiter) == 1  # it really is: the downstream works for it
    returns.set()
    eventually(lambda: in_flight(limiter) == 0)


def test_tasks_cut_off_at_the_deadline_give_their_permits_back(within):
    limiter = Limiter("api", max_concurrency=2)

    async def hang(_: int) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with within(0.02), pytest.raises(DeadlineExceeded):
            await tasks.map(hang, range(20), limiter=limiter)

    asyncio.run(main())
    assert (in_flight(limiter), waiting(limiter)) == (0, 0)


@pytest.mark.parametrize("retry", [None, Retry()], ids=["no retry", "retry"])
def test_calls_that_wait_begin_no_more_once_their_verb_has_failed(limiter, retry, eventually):
    called: list[int] = []

    def fail(item: int) -> None:
        called.append(item)
        eventually(lambda: waiting(limiter) == 3)
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        threads.map(fail, range(9), max_concurrency=4, limiter=limiter, retry=retry)
    eventually(lambda: waiting(limiter) == in_flight(limiter) == 0)
    assert called == [0]


def test_who_waits_for_work_that_was_stopped_leaves_the_line_soon(limiter, beside, eventually):
    stopped, errors = threading.Event(), []
    limited = limiter.limited(lambda: None, stopped.is_set)

    def wait() -> None:
        try:
            limited()
        except InvocationEnded as error:
            errors.append(str(error))

    limiter.acquire()
    beside.thread(wait)
    eventually(lambda: waiting(limiter) == 1)
    stopped.set()
    eventually(lambda: errors)
    assert errors == ["the work was stopped while this call waited for the limiter 'api'"]
    limiter.release()


def test_time_spent_waiting_is_told():
    limiter = Limiter("api", max_concurrency=1)

    async def main() -> None:
        with FakeClock() as clock:
            await limiter.acquire_async()
            waiters = [asyncio.ensure_future(limiter.acquire_async()) for _ in range(2)]
            await asyncio.sleep(0)
            for seconds, waiter in zip((2.0, 1.0), waiters, strict=True):
                clock.advance(seconds)
                limiter.release()
                await waiter
            limiter.release()

    asyncio.run(main())
    told = limiter.statistics()
    assert (told.waits, told.wait_time, told.longest_wait, told.admitted) == (2, 5.0, 3.0, 3)
