"""Meantime's verbs in a recording: each item is a call with the line that handed it over, each fan-out is told of."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import as_completed as futures_as_completed
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from tests.measure.patience import patient

from meantime import CallCancelled, Limiter, Retry, in_thread, processes, sequential, tasks, threads
from meantime.executors import task_fan_out, thread_fan_out
from meantime.measure.boundaries import Description, boundary_async
from meantime.measure.recorder import recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.measure.recorder import Recorder


def recorded(work: Callable[[], object]) -> Recorder:
    with recording() as recorder:
        work()
    return recorder


def items(recorder: Recorder) -> list[dict[str, Any]]:
    return [call for call in recorder.calls if call["kind"] == "item"]


def observed(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    return [each for each in recorder.document["observations"] if each["kind"] == kind]


def pause(_: object) -> None:
    time.sleep(0.02)


async def pause_async(_: object) -> None:
    await asyncio.sleep(0.02)


def on_threads() -> None:
    threads.map(pause, range(4), max_concurrency=2)


def in_sequence() -> None:
    sequential.map(pause, range(4), max_concurrency=2)


def settled() -> None:
    assert len(threads.settle(pause, range(4), max_concurrency=2).succeeded) == 4


def as_completed() -> None:
    assert len(list(threads.as_completed(pause, range(4), max_concurrency=2))) == 4


def on_tasks() -> None:
    async def work() -> None:
        await tasks.map(pause_async, range(4), max_concurrency=2)

    asyncio.run(work())


@pytest.mark.parametrize("work", [on_threads, settled, as_completed, on_tasks, in_sequence])
@patient
def test_each_item_is_a_call_with_its_sleep_in_it(work: Callable[[], None]) -> None:
    recorder = recorded(work)

    calls = items(recorder)
    assert {call["name"] for call in calls} == {"pause_async" if work is on_tasks else "pause"}
    assert len(calls) == 4
    for call in calls:
        assert "test_verbs_recorded.py" in call["line"]
        assert call["waiting_ms"] >= 19
    assert {call["parent"] for call in recorder.calls if call["kind"] == "sleep"} == {call["id"] for call in calls}


@pytest.mark.parametrize(
    ("work", "text", "width"),
    [
        (on_threads, "threads.map", 2),
        (settled, "threads.settle", 2),
        (as_completed, "threads.as_completed", 2),
        (on_tasks, "tasks.map", 2),
        (in_sequence, "sequential.map", 1),
    ],
)
def test_a_fan_out_is_told_of(work: Callable[[], None], text: str, width: int) -> None:
    (fan_out,) = observed(recorded(work), "fan_out")

    assert fan_out["text"] == text
    assert fan_out["numbers"]["max_concurrency"] == width
    assert "test_verbs_recorded.py" in fan_out["line"]


@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@patient
def test_items_in_child_processes_are_calls(chunk_size: int | None) -> None:
    recorder = recorded(lambda: processes.map(pause, range(4), max_concurrency=2, chunk_size=chunk_size))

    calls = items(recorder)
    assert [(call["name"], call["library"]) for call in calls] == [("pause", "meantime.processes")] * 4
    assert sum(call["waiting_ms"] for call in calls) >= 4 * 15
    assert all("test_verbs_recorded.py" in call["line"] for call in calls)


def test_the_calls_of_a_gather_have_their_own_names() -> None:
    def get_user() -> int:
        return 1

    def get_orders() -> int:
        return 2

    async def get_prices() -> int:
        return 3

    async def work() -> list[int]:
        return await tasks.gather(get_prices(), get_prices)

    calls = items(recorded(lambda: threads.gather(get_user, get_orders)))

    assert {call["name"].rpartition(".")[2] for call in calls} == {"get_user", "get_orders"}
    assert len(items(recorded(lambda: asyncio.run(work())))) == 2


def left_to_the_pool() -> None:
    with ThreadPoolExecutor(2) as pool:
        pool.submit(pause, 1)


def asked_for_results() -> None:
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(pause, number) for number in range(3)]:
            future.result()


def mapped_by_the_pool() -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(pause, range(3)))


def waited_for() -> None:
    with ThreadPoolExecutor(2) as pool:
        wait([pool.submit(pause, number) for number in range(3)])


def taken_as_they_come() -> None:
    with ThreadPoolExecutor(2) as pool:
        for future in futures_as_completed([pool.submit(pause, number) for number in range(3)]):
            future.result()


def handed_to_a_thread() -> None:
    asyncio.run(asyncio.to_thread(pause, 1))


def joined() -> None:
    thread = Thread(target=pause, args=(1,))
    thread.start()
    thread.join()


def in_processes() -> None:
    processes.map(pause, range(4), max_concurrency=2)


@pytest.mark.parametrize(
    "work",
    [
        on_threads, settled, as_completed, left_to_the_pool, asked_for_results, mapped_by_the_pool, waited_for,
        taken_as_they_come, handed_to_a_thread, joined, in_processes,
    ],
)  # fmt: skip
@patient
def test_what_the_items_tell_is_not_told_again_by_who_waits_for_them(work: Callable[[], None]) -> None:
    recorder = recorded(work)

    assert {call["kind"] for call in recorder.calls} <= {"item", "sleep"}
    assert recorder.document["waits"]


def compute(_: object) -> None:
    until = time.thread_time() + 0.03
    while time.thread_time() < until:
        pass


@pytest.mark.parametrize("hand_over", [asyncio.to_thread, lambda job, item: in_thread(job)(item)])
def test_what_a_thread_computes_for_an_awaited_call_is_no_waiting_of_it(hand_over: Callable[..., Any]) -> None:
    async def call() -> None:
        await hand_over(compute, 1)

    noted = boundary_async(call, lambda *_: Description("an operation", "aws"))

    recorder = recorded(lambda: asyncio.run(noted()))

    outer = recorder.calls[0]
    assert outer["computing_ms"] >= 28
    assert outer["waiting_ms"] < outer["end_ms"] - outer["start_ms"] - 28
    assert outer["waiting_ms"] < 28
    assert all(wait["computed_before_ms"] < 60 for wait in recorder.document["waits"])


def test_a_wait_of_a_thread_for_an_awaited_call_is_one_wait() -> None:
    async def call() -> None:
        await asyncio.to_thread(time.sleep, 0.1)

    noted = boundary_async(call, lambda *_: Description("an operation", "aws"))

    recorder = recorded(lambda: asyncio.run(noted()))

    assert recorder.calls[0]["waiting_ms"] >= 50
    assert recorder.accounting["waiting_together_ms"] < 50


def test_waiting_for_what_nobody_tells_of_is_a_call() -> None:
    future: Future[int] = Future()

    def answer() -> None:
        time.sleep(0.02)
        future.set_result(1)

    def work() -> None:
        Thread(target=answer).start()
        future.result()

    assert [call["name"] for call in recorded(work).calls if call["kind"] == "lock"] == ["Future.result"]


def test_results_and_failures_stay_what_they_are() -> None:
    def fail(number: int) -> int:
        if number == 2:
            raise ValueError(number)
        return number * 2

    async def fail_async(number: int) -> int:
        return fail(number)

    async def cancel_itself(_: int) -> None:
        raise asyncio.CancelledError

    def work() -> None:
        assert threads.map(lambda number: number * 2, [1, 2, 3]) == [2, 4, 6]
        with pytest.raises(ValueError, match="2"):
            threads.map(fail, range(4))
        outcomes = threads.settle(fail, range(4))
        assert (len(outcomes.succeeded), len(outcomes.failed)) == (3, 1)
        with pytest.raises(ValueError, match="2"):
            asyncio.run(_awaited(lambda: tasks.map(fail_async, range(4))))
        with pytest.raises(CallCancelled):
            asyncio.run(_awaited(lambda: tasks.map(cancel_itself, range(2))))
        with pytest.raises(TypeError, match="nothing to await"):
            asyncio.run(_awaited(lambda: tasks.map(lambda number: number, range(2))))  # type: ignore[arg-type, return-value]

    recorder = recorded(work)

    assert {"ValueError", "CancelledError"} <= {call["error"] for call in items(recorder)}


async def _awaited(make: Callable[[], Any]) -> Any:
    return await make()


def test_a_blocking_function_made_awaitable_is_a_call() -> None:
    async def work() -> None:
        await in_thread(pause)(1)

    (call,) = items(recorded(lambda: asyncio.run(work())))

    assert (call["name"], call["library"]) == ("pause", "meantime.in_thread")
    assert "test_verbs_recorded.py" in call["line"]


@patient
def test_jobs_of_a_thread_pool_are_calls_and_their_queue_is_told_of() -> None:
    def work() -> None:
        with ThreadPoolExecutor(1) as pool:
            for future in [pool.submit(pause, number) for number in range(3)]:
                assert future.result() is None

    recorder = recorded(work)

    assert [call["name"] for call in items(recorder)] == ["pause"] * 3
    (fan_out,) = observed(recorder, "fan_out")
    numbers = fan_out["numbers"]
    assert (fan_out["text"], numbers["max_concurrency"], numbers["items"]) == ("ThreadPoolExecutor", 1, 3)
    assert numbers["longest_queued_ms"] >= 35  # the third waits for two
    assert "test_verbs_recorded.py" in fan_out["line"]


def test_a_function_given_to_asyncios_threads_has_its_own_name() -> None:
    async def work() -> None:
        await asyncio.to_thread(pause, 1)

    assert [call["name"] for call in items(recorded(lambda: asyncio.run(work())))] == ["pause"]


def test_how_wide_asyncios_gather_is_is_told() -> None:
    async def work() -> None:
        await asyncio.gather(*(pause_async(number) for number in range(7)))

    (fan_out,) = observed(recorded(lambda: asyncio.run(work())), "fan_out")

    assert (fan_out["text"], fan_out["numbers"]["items"]) == ("asyncio.gather", 7)


def test_how_many_tasks_a_group_has_is_told() -> None:
    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(5):
                group.create_task(pause_async(number))

    (fan_out,) = observed(recorded(lambda: asyncio.run(work())), "fan_out")

    assert (fan_out["text"], fan_out["numbers"]) == ("asyncio.TaskGroup", {"max_concurrency": 5.0, "items": 5.0})
    assert "test_verbs_recorded.py" in fan_out["line"]


def test_a_gather_of_a_library_is_its_own_affair() -> None:
    namespace: dict[str, Any] = {"asyncio": asyncio, "pause": pause_async}
    code = compile("async def work(): await asyncio.gather(pause(1), pause(2))", "/x/site-packages/library.py", "exec")
    exec(code, namespace)  # noqa: S102  # the code of a library

    recorder = recorded(lambda: asyncio.run(namespace["work"]()))

    assert observed(recorder, "fan_out") == []


@patient
def test_who_waits_for_a_limiter_says_so() -> None:
    limiter = Limiter("orders", max_concurrency=1)

    recorder = recorded(lambda: threads.map(pause, range(3), max_concurrency=3, limiter=limiter))

    waits = [call for call in recorder.calls if call["name"] == "limiter orders"]
    assert [call["kind"] for call in waits] == ["lock"] * 2
    assert sum(call["waiting_ms"] for call in waits) >= 55
    (told,) = observed(recorder, "limiter")
    assert (told["text"], told["numbers"]["max_concurrency"], told["numbers"]["count"]) == ("orders", 1, 2)
    assert told["numbers"]["waiting_ms"] >= 55


def test_awaiting_a_limiter_says_so() -> None:
    limiter = Limiter("orders", max_concurrency=1)

    async def work() -> None:
        await tasks.map(pause_async, range(3), max_concurrency=3, limiter=limiter)

    recorder = recorded(lambda: asyncio.run(work()))

    waits = [call for call in recorder.calls if call["name"] == "limiter orders"]
    assert len(waits) == 2
    assert all(call["is_async"] for call in waits)


def test_attempts_of_a_retry_are_counted() -> None:
    tried: list[int] = []

    def fail_twice(number: int) -> int:
        tried.append(number)
        if len(tried) < 3:
            raise ConnectionError
        return number

    recorder = recorded(lambda: threads.map(fail_twice, [1], retry=Retry(attempts=5, initial_backoff=0.001)))

    (call,) = items(recorder)
    assert call["attempts"] == 3


def test_after_a_recording_nothing_is_left_of_it() -> None:
    def replaced() -> tuple[object, ...]:
        return (
            ThreadPoolExecutor.submit,
            asyncio.gather,
            thread_fan_out.ThreadFanOut.caller,
            vars(task_fan_out)["async_attempts"],
        )

    before = replaced()

    recorded(on_threads)

    assert replaced() == before
