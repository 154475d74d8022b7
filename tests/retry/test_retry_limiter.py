"""Blocking attempts behind a limiter: a permit as long as the call runs, none for whom nobody waits for any more."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from meantime import CallTimeout, DeadlineExceeded, InvocationEnded, threads
from meantime.deadline import Deadline, deadline_variable
from meantime.executors.pool import ThreadPool, pool
from meantime.executors.underway import Worker, registry
from meantime.limiter import Limiter
from meantime.retry import Retry, thread_race
from meantime.retry.admission import Admission

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until another thread has done it."""

    def wait(happens: Callable[[], object]) -> None:
        until = time.monotonic() + 30
        while not happens():
            assert time.monotonic() < until, "it did not happen within 30 s"
            time.sleep(0.001)

    return wait


def in_flight(limiter: Limiter) -> int:
    return limiter.statistics().in_flight


def test_a_blocking_attempt_over_its_timeout_keeps_its_permit_until_its_call_returns(clock, eventually):
    limiter = Limiter("downstream", max_concurrency=2)
    release = threading.Event()

    def get() -> str:
        if not release.is_set() and in_flight(limiter) == 1:
            clock.advance(2)
            release.wait(30)
        return "answer"

    try:
        assert Retry(timeout=2).retried(get, limiter=limiter)() == "answer"
        assert in_flight(limiter) == 1  # the first attempt's
        assert limiter.statistics().peak_in_flight == 2
    finally:
        release.set()
    eventually(lambda: in_flight(limiter) == 0)


def test_the_cap_holds_where_attempts_are_given_up(eventually):
    limiter = Limiter("downstream", max_concurrency=2)
    lock, now, peak = threading.Lock(), 0, 0

    def slow(_: int) -> None:
        nonlocal now, peak
        with lock:
            now += 1
            peak = max(peak, now)
        time.sleep(0.05)  # longer than the timeout
        with lock:
            now -= 1

    outcomes = threads.settle(
        slow, range(6), limiter=limiter, retry=Retry(3, initial_backoff=0, budget=None), timeout=0.01
    )

    assert {type(each.error) for each in outcomes} == {CallTimeout}
    assert peak == 2
    eventually(lambda: in_flight(limiter) == 0)


def test_an_adaptive_limiter_learns_from_a_call_that_was_given_up(clock, eventually):
    limiter = Limiter("downstream", adaptive=True)
    release = threading.Event()
    error = OSError()
    error.response = {"Error": {"Code": "SlowDown"}}  # type: ignore[attr-defined]  # as boto3's errors have

    def get() -> None:
        clock.advance(2)
        release.wait(30)
        raise error

    with pytest.raises(CallTimeout):
        Retry(1, timeout=2).retried(get, limiter=limiter)()
    assert limiter.statistics().throttled == 0
    release.set()
    eventually(lambda: in_flight(limiter) == 0)
    assert limiter.statistics().throttled == 1


def test_waiting_for_the_limiter_is_no_part_of_an_attempts_timeout(clock, eventually):
    limiter = Limiter("downstream", max_concurrency=1)
    limiter.acquire()

    def give_back_late() -> None:
        eventually(lambda: limiter.statistics().waiting == 1)
        clock.advance(5)
        limiter.release()

    other = threading.Thread(target=give_back_late)
    other.start()
    assert Retry(1, timeout=2).retried(lambda: "answer", limiter=limiter)() == "answer"
    other.join()


def test_an_attempt_that_was_never_begun_gives_its_permit_back_at_once(clock, eventually, monkeypatch):
    limiter, busy = Limiter("downstream", max_concurrency=1), threading.Event()
    small, begun = ThreadPool(1), []
    monkeypatch.setattr(thread_race, "pool", small)
    small.start(lambda: _wait_for(busy))
    timer = threading.Thread(target=lambda: (eventually(lambda: in_flight(limiter)), clock.advance(2)))
    timer.start()

    with pytest.raises(CallTimeout):
        Retry(1, timeout=2).retried(begun.append, limiter=limiter)(1)

    assert in_flight(limiter) == 0
    busy.set()
    timer.join()
    assert registry.wait_until_idle(30)
    assert (begun, in_flight(limiter)) == ([], 0)


def test_a_machine_that_gives_no_thread_keeps_no_permit(monkeypatch):
    limiter = Limiter("downstream", max_concurrency=1)

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(pool, "start", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        Retry(1, timeout=2).retried(lambda: None, limiter=limiter)()
    assert in_flight(limiter) == 0


def test_a_hedge_that_waits_for_the_limiter_is_not_made_once_the_answer_is_there(clock, eventually):
    limiter = Limiter("downstream", max_concurrency=1)
    calls: list[str] = []

    def get() -> str:
        calls.append("call")
        if len(calls) == 1:
            clock.advance(1)
            eventually(lambda: limiter.statistics().waiting == 1)  # the hedge
        return "answer"

    assert Retry(1, hedge_after=1).retried(get, limiter=limiter)() == "answer"
    assert registry.wait_until_idle(30)
    assert calls == ["call"]
    assert in_flight(limiter) == 0


def test_an_attempt_that_waited_for_the_limiter_over_its_time_is_not_made_later(clock, eventually):
    limiter, calls = Limiter("downstream", max_concurrency=1), []
    limiter.acquire()

    def let_time_pass() -> None:
        eventually(lambda: limiter.statistics().waiting == 1)
        clock.advance(2)

    timer = threading.Thread(target=let_time_pass)
    timer.start()
    with pytest.raises(CallTimeout):
        Retry(1, timeout=2, hedge_after=60).retried(calls.append, limiter=limiter)(1)
    timer.join()
    limiter.release()

    assert registry.wait_until_idle(30)
    assert (calls, in_flight(limiter)) == ([], 0)


def test_a_hedge_is_made_where_the_first_attempt_has_failed_before_it_was_let_through(clock, eventually):
    limiter, calls = Limiter("downstream", max_concurrency=1), []

    def get() -> str:
        calls.append("call")
        if len(calls) == 1:
            clock.advance(1)
            eventually(lambda: limiter.statistics().waiting == 1)
            raise LookupError
        return "answer"

    assert Retry(1, hedge_after=1).retried(get, limiter=limiter)() == "answer"
    assert in_flight(limiter) == 0


def test_attempts_that_wait_for_the_limiter_stop_with_the_work_they_belong_to(eventually):
    limiter, stopped, calls = Limiter("downstream", max_concurrency=1), threading.Event(), []
    limiter.acquire()

    def stop() -> None:
        eventually(lambda: limiter.statistics().waiting == 1)
        stopped.set()

    other = threading.Thread(target=stop)
    other.start()
    with pytest.raises(InvocationEnded, match="the work was stopped while this call waited for the limiter"):
        Retry(1, hedge_after=60).retried(calls.append, limiter=limiter, is_stopped=stopped.is_set)(1)
    other.join()
    limiter.release()
    assert (calls, limiter.statistics().waiting) == ([], 0)


def test_an_attempt_that_waits_for_the_limiter_is_told_as_such(clock, eventually):
    limiter = Limiter("downstream", max_concurrency=1)
    token = deadline_variable.set(Deadline(5))

    def come_to_the_deadline() -> None:
        eventually(lambda: limiter.statistics().waiting == 1)
        clock.advance(5)

    timer = threading.Thread(target=come_to_the_deadline)
    try:
        with limiter:
            timer.start()
            with pytest.raises(DeadlineExceeded, match="the limiter 'downstream'"):
                Retry(1, hedge_after=60).retried(str, limiter=limiter)(1)
    finally:
        deadline_variable.reset(token)
    timer.join()
    assert registry.wait_until_idle(30)
    assert limiter.statistics().waiting == 0


def _wait_for(event: threading.Event) -> None:
    event.wait(30)


def test_a_permit_that_came_as_the_attempt_was_given_up_goes_back():
    limiter = Limiter("downstream", max_concurrency=1)

    assert not Admission(limiter, None).acquire_for(Worker(), lambda: True)
    assert in_flight(limiter) == 0
