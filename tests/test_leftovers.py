"""Nothing outlives the invocation unseen: tasks, calls on threads, and threads of the function's own."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import meantime
from meantime import in_thread, threads
from meantime.executors.underway import registry
from meantime.loop import kept_loop_of
from meantime.testing import LambdaContext


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.WARNING)


def test_a_task_left_behind_is_cancelled_reported_and_never_runs_again(environment, caplog):
    ran = []

    @meantime.handler
    async def lambda_handler(event, context):
        async def background():
            await asyncio.sleep(0.01)
            ran.append(event)

        if event == 1:
            asyncio.create_task(background())  # noqa: RUF006  # the mistake that this test is about
        else:
            await asyncio.sleep(0.05)

    lambda_handler(1, LambdaContext())
    lambda_handler(2, LambdaContext())

    assert ran == []
    assert "cancelled: task" in caplog.text
    assert "background, started at" in caplog.text
    assert "test_leftovers.py" in caplog.text
    assert environment.statistics().leftover_tasks == 1


def test_the_siblings_that_asyncio_gather_leaves_behind_are_ended():
    ended = []

    async def sibling():
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("sibling")

    async def fail():
        raise LookupError

    @meantime.handler
    async def lambda_handler(event, context):
        await asyncio.gather(sibling(), fail())

    with pytest.raises(LookupError):
        lambda_handler({}, LambdaContext())
    assert ended == ["sibling"]


def test_a_task_that_starts_another_on_its_way_out_leaves_nothing(environment):
    async def outlive():
        await asyncio.sleep(60)

    async def background(keep):
        try:
            await asyncio.sleep(60)
        finally:
            keep.append(asyncio.create_task(outlive()))

    @meantime.handler
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(background(event)))
        await asyncio.sleep(0)

    kept = []
    lambda_handler(kept, LambdaContext())

    assert len(kept) == 2
    assert all(task.cancelled() for task in kept)
    assert environment.statistics().loops_retired == 0


def test_a_task_that_will_not_end_costs_the_loop(environment, caplog):
    async def stubborn():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    @meantime.handler(reserve=0.2)
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        return "answer"

    assert lambda_handler([], LambdaContext()) == "answer"
    assert "not to be cancelled" in caplog.text
    assert environment.statistics().loops_retired == 1


def test_a_task_factory_of_the_functions_own_does_not_hide_a_task(environment):
    @meantime.handler
    async def lambda_handler(event, context):
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coroutine, **options: asyncio.Task(coroutine, loop=loop, **options))
        event.append(asyncio.create_task(asyncio.sleep(60)))

    kept = []
    lambda_handler(kept, LambdaContext())
    lambda_handler(kept, LambdaContext())

    assert all(task.cancelled() for task in kept)
    assert environment.statistics().leftover_tasks == 2


def test_a_call_on_a_thread_that_ends_within_the_reserve_is_waited_for(environment, caplog):
    finished = []
    begun = threading.Event()

    def slow(_):
        begun.set()
        threading.Event().wait(0.05)
        finished.append(True)

    @meantime.handler(reserve=5)
    async def lambda_handler(event, context):
        task = asyncio.create_task(in_thread(slow)(1))
        await in_thread(begun.wait)(30)
        task.cancel()

    lambda_handler({}, LambdaContext(60))

    assert finished == [True]
    assert environment.statistics().leftover_threads == 0
    assert "still running" not in caplog.text


def test_a_call_on_a_thread_that_outlasts_the_reserve_is_reported_with_its_place(environment, caplog):
    release = threading.Event()

    def hang(_):
        assert release.wait(30)

    @meantime.handler(reserve=0.1)
    def lambda_handler(event, context):
        try:
            threads.map(hang, ["x"], timeout=0.05)
        except meantime.CallTimeout:
            return "answer"

    assert lambda_handler({}, LambdaContext(10)) == "answer"
    release.set()

    assert "still running: call " in caplog.text
    assert "hang('x')" in caplog.text
    assert "test_leftovers.py" in caplog.text
    assert environment.statistics().leftover_threads == 1


def test_queued_thread_work_is_dropped(environment):
    begun, release = [], threading.Event()

    def call(item):
        begun.append(item)
        assert release.wait(30)

    @meantime.handler(reserve=0.1)
    def lambda_handler(event, context):
        try:
            threads.map(call, range(100), max_concurrency=2, timeout=0.05)
        except meantime.CallTimeout:
            return "answer"

    lambda_handler({}, LambdaContext(10))
    release.set()

    assert len(begun) <= 2


def test_a_thread_of_the_functions_own_is_reported_once_with_its_place(environment, caplog):
    release = threading.Event()

    def send_metrics():
        release.wait(30)

    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context):
        if event == 1:
            threading.Thread(target=send_metrics, name="metrics", daemon=True).start()

    lambda_handler(1, LambdaContext())
    lambda_handler(2, LambdaContext())
    release.set()

    assert caplog.text.count("thread 'metrics'") == 1
    assert "running " in caplog.text
    assert "send_metrics, started at" in caplog.text
    assert "test_leftovers.py" in caplog.text
    assert environment.statistics().leftover_threads == 1


def test_an_idle_pool_of_the_functions_own_is_no_leftover(environment, caplog):
    pool = ThreadPoolExecutor(2)

    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context):
        return list(pool.map(str, [1, 2]))

    lambda_handler({}, LambdaContext())
    pool.shutdown()

    assert "still running" not in caplog.text
    assert environment.statistics().leftover_threads == 0


def test_work_submitted_to_a_pool_and_not_awaited_is_a_leftover(environment, caplog):
    pool, release = ThreadPoolExecutor(1), threading.Event()

    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context):
        pool.submit(release.wait, 30)

    lambda_handler({}, LambdaContext())
    release.set()
    pool.shutdown()

    assert "still running: thread" in caplog.text
    assert environment.statistics().leftover_threads == 1


def test_a_thread_started_before_the_invocation_is_nobodys_leftover(environment, caplog):
    release = threading.Event()
    thread = threading.Thread(target=release.wait, args=(30,))

    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context): ...

    thread.start()
    lambda_handler({}, LambdaContext())
    lambda_handler({}, LambdaContext())
    release.set()
    thread.join()

    assert caplog.text.count("still running") <= 1


def test_work_left_on_a_warm_pool_is_a_leftover_in_every_invocation(environment, caplog):
    pool, release = ThreadPoolExecutor(1), threading.Event()

    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context):
        if event == "leave":
            pool.submit(release.wait, 30)
        else:
            pool.submit(str).result()

    lambda_handler("good", LambdaContext())
    assert environment.statistics().leftover_threads == 0
    lambda_handler("leave", LambdaContext())
    assert environment.statistics().leftover_threads == 1
    release.set()
    lambda_handler("good", LambdaContext())
    pool.shutdown()

    assert caplog.text.count("still running") == 1


def test_the_clean_up_of_an_async_generator_happens_in_its_own_invocation():
    log = []

    async def numbers(invocation):
        try:
            for number in range(5):
                yield number
        finally:
            await asyncio.sleep(0)
            log.append(f"cleaned up after {invocation}, in {current[0]}")

    @meantime.handler
    async def lambda_handler(event, context):
        async for number in numbers(event):
            return number
        return None

    current = [0]
    for invocation in (1, 2):
        current[0] = invocation
        assert lambda_handler(invocation, LambdaContext()) == 0

    assert log == ["cleaned up after 1, in 1", "cleaned up after 2, in 2"]


def test_what_was_called_soon_does_not_start_a_task_in_the_next_invocation():
    ran = []

    async def background(invocation):
        await asyncio.sleep(0.01)
        ran.append(invocation)

    @meantime.handler
    async def lambda_handler(event, context):
        loop = asyncio.get_running_loop()
        if event == 1:
            loop.call_soon(lambda: event_tasks.append(loop.create_task(background(event))))
        else:
            await asyncio.sleep(0.05)

    event_tasks = []
    lambda_handler(1, LambdaContext())
    lambda_handler(2, LambdaContext())

    assert ran == []


def test_a_task_made_without_the_loop_is_noticed_too(environment):
    @meantime.handler
    async def lambda_handler(event, context):
        event.append(asyncio.Task(asyncio.sleep(60), loop=asyncio.get_running_loop()))

    kept = []
    lambda_handler(kept, LambdaContext())

    assert kept[0].cancelled()
    assert environment.statistics().leftover_tasks == 1


def test_a_task_left_on_the_loop_by_a_blocking_handler_is_noticed_too(environment):
    ran = []

    async def background(invocation):
        await asyncio.sleep(0.01)
        ran.append(invocation)

    async def main(invocation):
        kept.append(asyncio.create_task(background(invocation)))

    @meantime.handler
    def lambda_handler(event, context):
        environment.kept_loop.ready().run_until_complete(main(event) if event == 1 else asyncio.sleep(0.05))

    kept = []
    kept_loop_of(environment)
    lambda_handler(1, LambdaContext())
    lambda_handler(2, LambdaContext())

    assert ran == []
    assert environment.statistics().leftover_tasks == 1


def test_threads_are_watched_even_after_another_tool_has_wrapped_thread_start(run_python):
    run_python(
        """
        import threading, time
        from meantime import handler, current_environment
        from meantime.testing import LambdaContext

        original = threading.Thread.start
        threading.Thread.start = lambda thread: original(thread)

        @handler(reserve=0.05)
        def lambda_handler(event, context):
            threading.Thread(target=time.sleep, args=(2,), daemon=True).start()

        lambda_handler({}, LambdaContext())
        assert current_environment().statistics().leftover_threads == 1
        """
    )


def test_a_fan_out_of_another_thread_is_not_cut_short_by_the_end_of_an_invocation():
    results, begun, go_on = [], threading.Event(), threading.Event()

    def call(number):
        begun.set()
        assert go_on.wait(30)
        return number

    thread = threading.Thread(target=lambda: results.append(threads.map(call, range(20), max_concurrency=2)))

    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context): ...

    thread.start()
    assert begun.wait(30)
    lambda_handler({}, LambdaContext())
    go_on.set()
    thread.join()

    assert results == [list(range(20))]


def test_a_fan_out_of_the_invocation_that_is_dropped_says_so_and_never_gives_a_part_for_the_whole():
    errors, begun, release = [], threading.Event(), threading.Event()

    def call(number):
        begun.set()
        assert release.wait(30)
        return number

    def run():
        try:
            threads.map(call, range(20), max_concurrency=2)
        except meantime.InvocationEnded as error:
            errors.append(str(error))

    @meantime.handler(reserve=0.05)
    async def lambda_handler(event, context):
        task = asyncio.create_task(in_thread(run)())
        await in_thread(begun.wait)(30)
        task.cancel()

    lambda_handler({}, LambdaContext())
    release.set()
    assert registry.wait_until_idle(30)

    assert errors == ["threads.map was still under way when its invocation ended"]


@pytest.mark.blocks_the_loop
def test_clean_up_that_blocks_does_not_overrun_the_invocation(environment):
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            time.sleep(30)  # noqa: ASYNC251  # the mistake that this test is about

    @meantime.handler(reserve=0.4)
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        return "answer"

    began = time.monotonic()
    assert lambda_handler([], LambdaContext(2)) == "answer"
    assert time.monotonic() - began < 10
    assert environment.statistics().loops_retired == 1


def test_a_system_exit_in_a_leftovers_clean_up_costs_the_loop_and_nothing_else(environment):
    async def leave():
        try:
            await asyncio.sleep(60)
        finally:
            raise SystemExit(3)

    @meantime.handler
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(leave()))
        await asyncio.sleep(0)
        return "answer"

    assert lambda_handler([], LambdaContext()) == "answer"
    assert environment.statistics().loops_retired == 1
    assert environment.busy.acquire(blocking=False)


def test_calls_that_hang_on_from_earlier_invocations_are_counted_in_the_report(caplog):
    release = threading.Event()

    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        try:
            threads.map(lambda _: release.wait(30), range(3), max_concurrency=3)
        except meantime.DeadlineExceeded:
            return "answer"

    for _ in range(2):
        lambda_handler({}, LambdaContext(0.6))
    release.set()

    assert re.search(r"[1-3] calls of earlier invocations that still run; give their clients a timeout", caplog.text)
