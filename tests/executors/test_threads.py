"""What is true of threads alone."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from meantime import CallTimeout, LoopRunning, threads
from meantime.executors.pool import ThreadPool
from meantime.executors.underway import registry


def test_threads_are_kept_and_used_again():
    barrier = threading.Barrier(4)

    def name(_: int) -> str:
        barrier.wait(30)
        return threading.current_thread().name

    first = set(threads.map(name, range(4), max_concurrency=4))
    assert registry.wait_until_idle(30)
    started = threading.active_count()
    for _ in range(10):
        threads.map(name, range(4), max_concurrency=4)

    assert len(first) == 4
    assert threading.active_count() <= started + 1  # a worker may still be on its way back when the next call comes


def test_an_async_function_is_refused_before_anything_runs():
    async def fetch(url: str) -> None: ...

    with pytest.raises(TypeError, match=r"fetch is an async function.*await tasks\.map"):
        threads.map(fetch, ["a"])


def test_a_coroutine_is_refused_with_what_to_use_instead():
    async def fetch() -> None: ...

    coroutine = fetch()
    with pytest.raises(TypeError, match="takes functions, not coroutines"):
        threads.gather(coroutine)  # type: ignore[arg-type]  # the mistake under test
    coroutine.close()


def test_a_lambda_that_turns_out_to_give_a_coroutine_is_an_error():
    async def fetch(url: str) -> None: ...

    with pytest.raises(TypeError, match="returned a coroutine"):
        threads.map(lambda url: fetch(url), ["a"])


def test_on_a_running_loop_it_says_what_to_use_instead():
    async def main() -> None:
        threads.map(str, [1])

    with pytest.raises(LoopRunning, match=r"await tasks\.map.*in_thread"):
        asyncio.run(main())


def test_a_system_exit_in_a_call_reaches_the_caller():
    def leave(_: int) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        threads.map(leave, [1])


def test_after_a_failure_the_caller_goes_on_at_once_and_the_running_call_stays_known():
    release, hanging = threading.Event(), threading.Event()

    def call(name: str) -> None:
        if name == "hang":
            hanging.set()
            assert release.wait(30)
        else:
            assert hanging.wait(30)
            raise LookupError

    with pytest.raises(LookupError):
        threads.map(call, ["hang", "fail"], max_concurrency=2)

    assert [waiting.item for waiting in registry.waiting()] == ["'hang'"]
    release.set()
    assert registry.wait_until_idle(30)
    assert registry.waiting() == []


def test_the_oldest_call_is_the_one_that_times_out():
    release = threading.Event()

    def call(name: str) -> None:
        if name == "slow":
            assert release.wait(30)

    with pytest.raises(CallTimeout) as caught:
        threads.map(call, ["quick", "slow", "quick"], timeout=0.1, max_concurrency=1)
    release.set()

    assert caught.value.item == "'slow'"


def test_results_are_let_go_when_the_caller_lets_them_go():
    class Large:
        pass

    results = threads.map(lambda _: Large(), range(3))
    assert registry.wait_until_idle(30)
    references = [weakref.ref(result) for result in results]
    del results
    gc.collect()

    assert [reference() for reference in references] == [None] * 3


def test_beyond_its_widest_the_pool_lets_jobs_wait_for_a_thread():
    pool, release, done = ThreadPool(max_threads=2), threading.Event(), threading.Semaphore(0)

    def job() -> None:
        release.wait(30)
        done.release()

    for _ in range(6):
        pool.start(job)
    assert pool.threads == 2
    release.set()

    assert all(done.acquire(timeout=30) for _ in range(6))
    assert pool.threads == 2


def test_a_machine_that_gives_no_more_threads_gets_the_work_done_on_fewer(monkeypatch):
    pool, started = ThreadPool(), []
    original = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        original(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    done = threading.Semaphore(0)
    for _ in range(3):
        pool.start(done.release)

    assert all(done.acquire(timeout=30) for _ in range(3))


def test_a_machine_that_gives_no_thread_at_all_is_an_error(monkeypatch):
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("meantime.executors.threads.pool", ThreadPool())
    monkeypatch.setattr(threading.Thread, "start", start)

    with pytest.raises(RuntimeError, match="no thread can be started"):
        threads.map(str, [1])
    assert not registry
