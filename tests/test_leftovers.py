"""Nothing outlives the invocation unseen: tasks, calls on threads, and threads of the function's own."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import math
import pickle
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import meantime
from meantime import in_thread, sequential, tasks, threads
from meantime.executors.underway import FanOut, Worker, registry
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

    @meantime.handler(reserve=0.6)
    def lambda_handler(event, context):
        try:
            threads.map(lambda _: release.wait(30), range(3), max_concurrency=3)
        except meantime.DeadlineExceeded:
            return "answer"

    for _ in range(2):
        lambda_handler({}, LambdaContext(1.2))
    release.set()

    assert re.search(r"[1-3] calls of earlier invocations that still run; give their clients a timeout", caplog.text)


# The policies


def test_by_default_what_is_left_is_ended():
    ran = []

    async def background():
        await asyncio.sleep(0.01)
        ran.append("background")

    @meantime.handler
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(background()))

    lambda_handler([], LambdaContext())

    assert ran == []


def test_with_wait_a_task_may_finish_after_the_answer(environment, caplog):
    ran = []

    async def outlive():
        await asyncio.sleep(0.01)
        ran.append("started by a leftover")

    async def background(keep):
        await asyncio.sleep(0.01)
        keep.append(asyncio.create_task(outlive()))
        ran.append("background")

    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(background(event)))
        return "answer"

    assert lambda_handler([], LambdaContext(60)) == "answer"
    assert ran == ["background", "started by a leftover"]
    assert environment.statistics().leftover_tasks == 0
    assert "Left over" not in caplog.text


def test_with_wait_a_thread_may_need_the_loop(environment):
    ran = []

    async def on_the_loop():
        await asyncio.sleep(0.01)
        return "from the loop"

    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=lambda: ran.append(asyncio.run_coroutine_threadsafe(on_the_loop(), loop).result(30))
        )
        thread.start()

    lambda_handler({}, LambdaContext(60))

    assert ran == ["from the loop"]
    assert environment.statistics().leftover_threads == 0


def test_with_wait_a_fan_out_left_on_a_thread_goes_on_to_its_end():
    results = []

    def call(number):
        time.sleep(0.01)
        return number

    def fan_out():
        results.append(threads.map(call, range(20), max_concurrency=2))

    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(in_thread(fan_out)()))
        await asyncio.sleep(0)

    lambda_handler([], LambdaContext(60))

    assert results == [list(range(20))]


@pytest.mark.parametrize("starts", ["a call of a verb", "a thread of its own"])
def test_with_wait_a_blocking_handlers_threads_may_finish(environment, starts):
    finished, begun = [], threading.Event()

    def slow(_=None):
        begun.set()
        time.sleep(0.3)
        finished.append(True)

    @meantime.handler(leftovers="wait", reserve=0.01)
    def lambda_handler(event, context):
        if starts == "a thread of its own":
            threading.Thread(target=slow).start()
            return "answer"
        try:
            threads.map(slow, [1], timeout=0.05)
        except meantime.CallTimeout:
            return "answer"

    assert lambda_handler({}, LambdaContext(60)) == "answer"
    assert finished == [True]
    assert environment.statistics().leftover_threads == 0


def test_with_wait_a_blocking_handlers_tasks_may_finish(environment):
    ran = []

    async def background():
        await asyncio.sleep(0.01)
        ran.append("background")

    async def main(keep):
        keep.append(asyncio.create_task(background()))

    @meantime.handler(leftovers="wait")
    def lambda_handler(event, context):
        environment.kept_loop.ready().run_until_complete(main(event))

    kept_loop_of(environment)
    lambda_handler([], LambdaContext(60))

    assert ran == ["background"]


def test_with_wait_the_deadline_ends_what_is_not_done_and_the_answer_stands(environment, caplog):
    @meantime.handler(leftovers="wait", reserve=0.2)
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(asyncio.sleep(60)))
        return "answer"

    kept = []
    assert lambda_handler(kept, LambdaContext(0.5)) == "answer"

    assert kept[0].cancelled()
    assert "cancelled: task sleep, started at" in caplog.text
    statistics = environment.statistics()
    assert (statistics.leftover_tasks, statistics.deadlines_exceeded, statistics.loops_retired) == (1, 0, 0)


@pytest.mark.blocks_the_loop
def test_with_wait_a_leftover_that_blocks_does_not_overrun_the_invocation(environment, caplog):
    async def block():
        await asyncio.sleep(0)
        time.sleep(30)  # noqa: ASYNC251  # the mistake that this test is about

    @meantime.handler(leftovers="wait", reserve=0.4)
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(block()))
        return "answer"

    began = time.monotonic()
    assert lambda_handler([], LambdaContext(1)) == "answer"

    assert time.monotonic() - began < 10
    assert "given up" in caplog.text
    assert environment.statistics().loops_retired == 1


def test_with_wait_a_leftovers_system_exit_costs_the_loop_and_nothing_else(environment):
    async def leave():
        await asyncio.sleep(0)
        raise SystemExit(3)

    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(leave()))
        return "answer"

    assert lambda_handler([], LambdaContext()) == "answer"
    assert environment.statistics().loops_retired == 1
    assert environment.busy.acquire(blocking=False)


def test_with_wait_a_handler_that_left_nothing_does_not_wait():
    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        await asyncio.sleep(0)
        return "answer"

    began = time.monotonic()
    assert lambda_handler({}, LambdaContext(600)) == "answer"
    assert time.monotonic() - began < 60


def test_with_fail_work_left_under_way_fails_the_invocation_and_the_environment_stays_clean(environment):
    ran = []

    async def background():
        await asyncio.sleep(0.01)
        ran.append("background")

    @meantime.handler(leftovers="fail")
    async def lambda_handler(event, context):
        if event == "leave":
            kept.append(asyncio.create_task(background()))
        else:
            await asyncio.sleep(0.05)
        return "answer"

    kept = []
    with pytest.raises(meantime.WorkLeftOver) as caught:
        lambda_handler("leave", LambdaContext())

    assert caught.value.answer == "answer"
    (leftover,) = caught.value.leftovers
    assert (leftover.kind, leftover.name.rpartition(".")[2], leftover.state) == ("task", "background", "cancelled")
    assert "test_leftovers.py" in leftover.place
    assert f"background, started at {leftover.place}" in str(caught.value)
    assert lambda_handler("nothing", LambdaContext()) == "answer"
    assert ran == []
    assert environment.statistics().loops_retired == 0


def test_with_fail_a_thread_that_outlasts_the_reserve_fails_the_invocation():
    release = threading.Event()

    @meantime.handler(leftovers="fail", reserve=0.05)
    def lambda_handler(event, context):
        threading.Thread(target=release.wait, args=(30,), daemon=True).start()

    with pytest.raises(meantime.WorkLeftOver, match=r"still running: thread .* started at .*test_leftovers"):
        lambda_handler({}, LambdaContext())
    release.set()


def test_with_fail_what_finishes_within_the_reserve_is_no_failure():
    @meantime.handler(leftovers="fail", reserve=5)
    def lambda_handler(event, context):
        threading.Thread(target=time.sleep, args=(0.05,)).start()
        return "answer"

    assert lambda_handler({}, LambdaContext(60)) == "answer"


def test_with_fail_the_handlers_own_error_is_the_one_that_counts():
    @meantime.handler(leftovers="fail")
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(asyncio.sleep(60)))
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        lambda_handler([], LambdaContext())


def test_with_fail_the_answer_at_the_deadline_stands():
    release = threading.Event()

    @meantime.handler(leftovers="fail", reserve=0.2, on_deadline=lambda *_: "a part")
    def lambda_handler(event, context):
        threads.map(lambda _: release.wait(30), [1])

    assert lambda_handler({}, LambdaContext(0.4)) == "a part"
    release.set()


def test_with_fail_calls_that_hang_on_from_earlier_invocations_fail_no_later_one():
    release = threading.Event()

    @meantime.handler(leftovers="fail", reserve=0.2)
    def lambda_handler(event, context):
        if event == "hang":
            threads.map(lambda _: release.wait(30), [1])
        return "answer"

    with pytest.raises(meantime.DeadlineExceeded):
        lambda_handler("hang", LambdaContext(0.4))
    assert lambda_handler("good", LambdaContext()) == "answer"
    release.set()


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match=r'leftovers must be "end", "wait" or "fail", got \'ignore\''):
        meantime.handler(leftovers="ignore")  # type: ignore[call-overload]  # the mistake under test


def test_the_error_can_be_pickled():
    leftover = meantime.Leftover("task", "send", "cancelled", "app.py:3")
    error = meantime.WorkLeftOver("left", [leftover], object())

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own

    assert (str(copy), copy.answer) == ("left", None)
    assert [str(each) for each in copy.leftovers] == ["task send, started at app.py:3"]


# The report


def test_all_that_is_left_is_one_line_of_the_log_in_words_and_in_fields(caplog):
    release = threading.Event()

    async def background():
        await asyncio.sleep(60)

    @meantime.handler(reserve=0.05)
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(background()))
        threading.Thread(target=release.wait, args=(30,), name="metrics", daemon=True).start()
        await asyncio.sleep(0)

    lambda_handler([], LambdaContext())
    release.set()

    (record,) = [record for record in caplog.records if record.name == "meantime"]
    task, thread = record.leftovers
    assert (task["kind"], task["state"], thread["kind"], thread["state"]) == (
        *("task", "cancelled"),
        *("thread", "still running"),
    )
    assert all("test_leftovers.py" in each["place"] for each in record.leftovers)
    assert record.policy == "end"
    assert re.search(r"cancelled: task .*background, started at .*; still running: thread 'metrics'", record.message)
    json.dumps(record.leftovers)  # Lambda's JSON log format has to


def test_a_task_that_will_not_end_is_told_from_one_that_does(caplog):
    async def stubborn():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    @meantime.handler(reserve=0.8)
    async def lambda_handler(event, context):
        event.extend([asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(60))])
        await asyncio.sleep(0)

    lambda_handler([], LambdaContext())

    given_up, record = [record for record in caplog.records if record.name == "meantime"]
    assert given_up.getMessage().startswith(
        "The event loop is given up, since a task on it did not end; it is number 1 in"
    )
    states = {each["name"].rpartition(".")[2]: each["state"] for each in record.leftovers}
    assert states == {"stubborn": "and not to be cancelled", "sleep": "cancelled"}


def test_a_child_process_that_cannot_be_ended_is_counted_by_itself(environment, caplog):
    # Stands for a child that the kernel does not let go: its worker waits for it.
    @meantime.handler(reserve=0.05)
    def lambda_handler(event, context):
        fan_out, worker = FanOut("processes.map", math.sqrt, None), Worker()
        worker.item = 2
        fan_out.workers.append(worker)
        registry.add(fan_out)
        return fan_out

    fan_out = lambda_handler({}, LambdaContext())
    registry.discard(fan_out)

    assert "still running: call sqrt(2) for" in caplog.text
    statistics = environment.statistics()
    assert (statistics.leftover_processes, statistics.leftover_threads) == (1, 0)


def test_a_hanging_call_is_counted_once_in_the_invocation_that_left_it(environment):
    release = threading.Event()

    @meantime.handler(reserve=0.1)
    def lambda_handler(event, context):
        if event == "hang":
            threads.map(lambda _: release.wait(30), [1], timeout=0.02)

    with pytest.raises(meantime.CallTimeout):
        lambda_handler("hang", LambdaContext(1))
    counted = environment.statistics().leftover_threads
    lambda_handler("good", LambdaContext(1))
    release.set()

    assert (counted, environment.statistics().leftover_threads) == (1, 1)


# Streams that are kept


def blocking_handler_of(verb, kept, options):
    @meantime.handler(**options)
    def lambda_handler(event, context):
        kept.append(verb(str, range(20), max_concurrency=2))
        return next(kept[0]).result

    return lambda_handler


def async_handler_of(count, kept, options):
    @meantime.handler(**options)
    async def lambda_handler(event, context):
        kept.append(tasks.as_completed(echo, range(count), max_concurrency=2))
        return (await anext(kept[0])).result

    return lambda_handler


async def echo(value):
    return value


@pytest.mark.parametrize("policy", ["end", "wait"])
@pytest.mark.parametrize("verb", [sequential.as_completed, threads.as_completed])
def test_a_stream_that_is_kept_costs_its_invocation_no_time(verb, policy, environment):
    kept = []
    lambda_handler = blocking_handler_of(verb, kept, {"leftovers": policy, "reserve": 60.0})

    began = time.monotonic()
    assert lambda_handler({}, LambdaContext(timeout=300)) == "0"

    assert time.monotonic() - began < 20
    assert environment.statistics().leftover_threads == 0


@pytest.mark.parametrize("policy", ["end", "wait"])
@pytest.mark.parametrize("count", [2, 20])
def test_a_stream_on_tasks_that_is_kept_costs_its_invocation_no_time(count, policy, environment):
    kept = []
    lambda_handler = async_handler_of(count, kept, {"leftovers": policy, "reserve": 60.0})

    began = time.monotonic()
    assert lambda_handler({}, LambdaContext(timeout=300)) == 0

    assert time.monotonic() - began < 20
    assert environment.statistics().loops_retired == 0


def test_a_stream_on_tasks_that_was_kept_at_its_very_end_costs_its_invocation_no_time():
    kept = []

    @meantime.handler(reserve=60.0)
    async def lambda_handler(event, context):
        kept.append(tasks.as_completed(echo, range(2), max_concurrency=2))
        return [(await anext(kept[0])).result for _ in range(2)]

    began = time.monotonic()
    assert lambda_handler({}, LambdaContext(timeout=300)) == [0, 1]

    assert time.monotonic() - began < 20


def test_with_wait_the_calls_of_a_stream_that_is_kept_may_finish():
    begun, go_on, finished = threading.Event(), threading.Event(), []

    def call(number):
        if number:
            begun.set()
            assert go_on.wait(30)
            time.sleep(0.2)
            finished.append(number)

    @meantime.handler(leftovers="wait", reserve=0.01)
    def lambda_handler(event, context):
        kept.append(threads.as_completed(call, range(20), max_concurrency=2))
        next(kept[0])
        assert begun.wait(30)
        go_on.set()

    kept = []
    lambda_handler({}, LambdaContext(timeout=60))

    assert finished == [1]


def test_with_wait_a_stream_goes_on_that_a_leftover_draws_from():
    drawn: list[Any] = []

    async def consume():
        async for outcome in tasks.as_completed(echo, range(5), max_concurrency=2):
            await asyncio.sleep(0.03)
            drawn.append(outcome.result)

    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        event.append(asyncio.create_task(consume()))
        await asyncio.sleep(0)

    lambda_handler([], LambdaContext(timeout=60))

    assert sorted(drawn) == [0, 1, 2, 3, 4]


def test_with_wait_a_stream_goes_on_that_a_thread_left_behind_draws_from():
    drawn: list[Any] = []

    def consume():
        for outcome in threads.as_completed(str, range(5), max_concurrency=2):
            time.sleep(0.03)
            drawn.append(outcome.result)

    @meantime.handler(leftovers="wait")
    def lambda_handler(event, context):
        threading.Thread(target=contextvars.copy_context().run, args=(consume,)).start()

    lambda_handler({}, LambdaContext(timeout=60))

    assert sorted(drawn) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("kind", ["async", "blocking"])
def test_a_stream_that_is_resumed_in_a_later_invocation_says_that_its_own_has_ended(kind):
    kept = []

    @meantime.handler
    async def resume(event, context):
        return [outcome.result async for outcome in kept[0]]

    @meantime.handler
    def resume_blocking(event, context):
        return [outcome.result for outcome in kept[0]]

    if kind == "async":
        async_handler_of(20, kept, {})({}, LambdaContext())
    else:
        blocking_handler_of(threads.as_completed, kept, {})({}, LambdaContext())
    with pytest.raises(meantime.InvocationEnded, match="as_completed was still under way when its invocation ended"):
        (resume if kind == "async" else resume_blocking)({}, LambdaContext())


# What `on_deadline` leaves


def test_calls_that_on_deadline_leaves_are_reported_in_its_own_invocation(environment, caplog):
    begun, release, calls = threading.Event(), threading.Event(), []

    def call(number):
        calls.append(number)
        if number:
            begun.set()
            assert release.wait(30)
        assert begun.wait(30)
        return number

    def answer(event, context, error):
        settled = threads.settle(call, range(9), max_concurrency=3, completion=meantime.Completion.first_successful())
        return settled.results

    @meantime.handler(reserve=1.0, on_deadline=answer)
    async def lambda_handler(event, context):
        meantime.current_deadline().at = time.monotonic() + 0.05  # the test need not last that long
        await tasks.map(asyncio.sleep, [60])

    assert lambda_handler({}, LambdaContext(timeout=30)) == [0]
    seen = environment.statistics().leftover_threads
    release.set()
    assert registry.wait_until_idle(30)

    assert "still running: call " in caplog.text
    assert "from before" not in caplog.text
    assert 1 <= seen <= 2
    assert len(calls) <= 3


def test_calls_that_on_deadline_leaves_have_until_the_cut_off_to_finish(environment, clock):
    begun, finished = threading.Event(), []

    def call(number):
        if number:
            begun.set()
            clock.sleep(40)  # to 0.67 of the reserve
            finished.append(number)
        assert begun.wait(30)
        return number

    def answer(event, context, error):
        settled = threads.settle(call, range(2), max_concurrency=2, completion=meantime.Completion.first_successful())
        return settled.results

    @meantime.handler(reserve=60, on_deadline=answer)
    async def lambda_handler(event, context):
        await clock.sleep_async(1000)

    assert lambda_handler({}, LambdaContext(timeout=120)) == [0]

    assert finished == [1]
    assert environment.statistics().leftover_threads == 0


def test_what_sentry_keeps_running_for_good_is_not_waited_for(environment, caplog):
    ended = threading.Event()

    @meantime.handler(leftovers="wait")
    async def lambda_handler(event, context):
        threading.Thread(target=ended.wait, args=(60,), name="sentry.monitor", daemon=True).start()

    began = time.monotonic()
    lambda_handler({}, LambdaContext(timeout=30))
    took = time.monotonic() - began
    ended.set()

    assert took < 20
    assert caplog.text == ""
