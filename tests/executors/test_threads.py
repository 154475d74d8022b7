"""What is true of threads alone."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import pickle
import sys
import threading
import time
import weakref
from typing import Any

import pytest

from meantime import CallTimeout, Deadline, DeadlineExceeded, LoopRunning, threads
from meantime.deadline import deadline_variable
from meantime.executors.pool import ThreadPool
from meantime.executors.underway import registry

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


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

    assert [waiting.item for waiting in registry.waiting()] == ["hang"]
    release.set()
    assert registry.wait_until_idle(30)
    assert registry.waiting() == []


def test_the_oldest_call_is_the_one_that_times_out(clock):
    def call(name: str) -> None:
        clock.sleep(60 if name == "slow" else 1)

    with pytest.raises(CallTimeout) as caught:
        threads.map(call, ["quick", "slow", "quick"], timeout=2, max_concurrency=1)

    assert caught.value.item == "slow"


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

    monkeypatch.setattr("meantime.executors.thread_fan_out.pool", ThreadPool())
    monkeypatch.setattr(threading.Thread, "start", start)

    with pytest.raises(RuntimeError, match="no thread can be started"):
        threads.map(str, [1])
    assert not registry


def test_a_failure_is_raised_at_once_even_while_the_input_blocks():
    release = threading.Event()

    def items():
        yield 1
        assert release.wait(30)
        yield 2

    def fail(_: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        threads.map(fail, items())
    release.set()


def test_at_the_deadline_an_input_that_blocks_is_named(clock):
    def items():
        clock.sleep(60)
        yield 1

    token = deadline_variable.set(Deadline(3))
    try:
        with pytest.raises(DeadlineExceeded, match=r"the next item of the input of threads\.map for 3"):
            threads.map(str, items())
    finally:
        deadline_variable.reset(token)


def test_the_body_of_a_lazy_input_sees_the_callers_context_variables():
    token = variable.set("set by the caller")
    try:
        assert threads.map(str, (variable.get() for _ in range(3))) == ["set by the caller"] * 3
    finally:
        variable.reset(token)


def test_verbs_nested_deeper_than_there_are_threads_come_to_an_end(monkeypatch):
    monkeypatch.setattr("meantime.executors.thread_fan_out.pool", ThreadPool(max_threads=4))

    def inner(number: int) -> list[str]:
        return threads.map(str, range(number), max_concurrency=3)

    results = threads.map(inner, [3] * 8, max_concurrency=8)

    assert results == [["0", "1", "2"]] * 8


@pytest.mark.parametrize("items", [range(10**20), iter(range(10**6))], ids=["a range too long for len", "lazy"])
def test_an_input_longer_than_can_be_told_is_drawn_as_it_is_needed(items):
    def call(number: int) -> None:
        if number == 50:
            raise LookupError

    with pytest.raises(LookupError):
        threads.map(call, items, max_concurrency=4)


def test_a_callable_that_answers_every_name_is_called_all_the_same():
    class Proxy:
        def __getattr__(self, name: str) -> Proxy:
            return self

        def __call__(self, item: int) -> int:
            return item

    assert threads.map(Proxy(), [1, 2]) == [1, 2]


def test_a_call_timeout_survives_pickling():
    error = pickle.loads(pickle.dumps(CallTimeout("f", threading.Lock(), "<lock>", 0.5)))  # noqa: S301  # our own

    assert (error.function, error.timeout, str(error)) == ("f", 0.5, "f(<lock>) took longer than its timeout of 0.5 s")


def test_a_call_over_its_timeout_keeps_its_place_until_it_returns():
    release, lock = threading.Event(), threading.Lock()
    under_way, peak, came = 0, 0, []

    def call(number: int) -> int:
        nonlocal under_way, peak
        with lock:
            under_way += 1
            peak = max(peak, under_way)
        if number < 2:
            assert release.wait(30)
        with lock:
            under_way -= 1
        return number

    for outcome in threads.as_completed(call, range(6), max_concurrency=2, timeout=0.05):
        came.append(outcome)
        if len(came) == 2:
            release.set()

    assert [isinstance(outcome.error, CallTimeout) for outcome in came[:2]] == [True, True]
    assert sorted(outcome.get() for outcome in came[2:]) == [2, 3, 4, 5]
    assert peak == 2


def test_where_every_place_is_held_by_a_call_over_its_timeout_the_rest_is_unfinished_at_the_deadline():
    release = threading.Event()
    token = deadline_variable.set(Deadline(0.3))

    try:
        outcomes = threads.settle(lambda _: release.wait(30), range(3), max_concurrency=1, timeout=0.05)
    finally:
        deadline_variable.reset(token)
        release.set()

    assert [outcome.status[0] for outcome in outcomes] == ["F", "U", "U"]
    assert isinstance(outcomes[0].error, CallTimeout)
    assert [outcome.started for outcome in outcomes] == [True, False, False]


def test_what_a_lazy_input_sets_is_no_calls_context():
    def items() -> Any:
        for number in range(6):
            variable.set(f"set by the input for {number}")
            yield number

    seen = threads.map(lambda _: variable.get(), items(), max_concurrency=3)

    assert set(seen) == {"unset"}


def test_a_lazy_input_wider_than_there_are_threads_is_worked_off_by_those_there_are(monkeypatch):
    monkeypatch.setattr("meantime.executors.thread_fan_out.pool", ThreadPool(max_threads=4))

    assert threads.map(abs, iter(range(3000)), max_concurrency=2000) == list(range(3000))


def test_a_stream_within_calls_that_hold_every_thread_comes_to_its_end(monkeypatch):
    monkeypatch.setattr("meantime.executors.thread_fan_out.pool", ThreadPool(max_threads=4))
    meet = threading.Barrier(4)

    def drain(number: int) -> int:
        meet.wait(30)
        return sum(outcome.get() for outcome in threads.as_completed(abs, range(number), max_concurrency=3))

    assert threads.map(drain, [10, 10, 10, 10], max_concurrency=4) == [45, 45, 45, 45]


def test_a_call_timeout_is_told_of_the_call_that_took_too_long():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        outcomes = threads.settle(
            lambda number: time.sleep(0.02 if number % 50 == 7 else 0), range(400), max_concurrency=8, timeout=0.005
        )
    finally:
        sys.setswitchinterval(interval)

    for outcome in outcomes.failed:
        assert isinstance(outcome.error, CallTimeout)
        assert outcome.error.item == outcome.item
