"""How the attempts of a hedged call end: losers, cancellation, and what is left on threads."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

import meantime
from meantime import CallCancelled, CallTimeout, tasks
from meantime.executors.pool import pool
from meantime.executors.underway import registry
from meantime.retry import Retry
from meantime.testing import LambdaContext


def race(clock, first, second):
    """An async function whose first attempt lets the time of the hedge come, and then goes on as `first`."""
    attempts = iter((first, second))

    async def get():
        attempt = next(attempts)
        if attempt is first:
            clock.advance(1)
        return await attempt()

    return Retry(1, hedge_after=1)(get)


async def hang():
    await asyncio.sleep(60)


async def answer():
    return "answer"


def test_the_losing_task_is_cancelled_and_has_ended_when_the_answer_is_there(clock):
    ended = []

    async def slow():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append(1)

    async def main():
        assert await race(clock, slow, answer)() == "answer"
        assert ended == [1]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_what_the_loser_raises_on_its_way_out_is_nobodys_business(clock):
    async def fails_late():
        try:
            await asyncio.sleep(60)
        finally:
            raise LookupError

    assert asyncio.run(race(clock, fails_late, answer)()) == "answer"  # and no "exception was never retrieved"
    gc.collect()


def test_a_loser_that_answers_all_the_same_changes_nothing(clock):
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "late"

    assert asyncio.run(race(clock, stubborn, answer)()) == "answer"


def test_cancelling_the_caller_cancels_both_and_waits_until_they_have_ended_even_when_cancelled_again(clock):
    ended = []

    async def slow():
        begun.release()
        try:
            await asyncio.sleep(60)
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            ended.append(1)

    async def main():
        caller = asyncio.create_task(race(clock, slow, slow)())
        await begun.acquire()
        await begun.acquire()
        caller.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert ended == [1, 1]
        assert not registry

    begun = asyncio.Semaphore(0)
    asyncio.run(main())


def test_an_attempt_that_is_cancelled_by_somebody_else_is_a_failed_attempt(clock):
    async def cancelled():
        raise asyncio.CancelledError

    assert asyncio.run(race(clock, cancelled, answer)()) == "answer"
    with pytest.raises(CallCancelled, match="get was cancelled"):
        asyncio.run(race(clock, cancelled, cancelled)())


def test_a_hedged_call_inside_a_verb_ends_with_it(clock):
    async def main():
        with pytest.raises(LookupError):
            await tasks.map(lambda item: race(clock, hang, hang)() if item else _fail(), [1, 0])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert not registry

    asyncio.run(main())


async def _fail():
    await asyncio.sleep(0.01)
    raise LookupError


def test_at_the_deadline_of_a_handler_its_hedged_calls_are_named(environment):
    async def get(key):
        await asyncio.sleep(60)

    policy = Retry(hedge_after=0.01)

    @meantime.handler(reserve=0.5)
    async def lambda_handler(event, context):
        await policy(get)("key")

    with pytest.raises(meantime.DeadlineExceeded, match=r"get\('key'\)"):
        lambda_handler({}, LambdaContext(timeout=0.7))
    assert environment.counted.loops_retired == 0


def test_a_hedged_call_on_a_loop_that_is_given_up_is_not_waited_for():
    loop = asyncio.new_event_loop()
    try:
        caller = loop.create_task(Retry(hedge_after=1)(hang)())
        loop.run_until_complete(asyncio.sleep(0.01))
        assert registry

        registry.discard_loop(loop)

        assert not registry
        caller.cancel()
        loop.run_until_complete(asyncio.wait([caller]))
    finally:
        loop.close()


def test_what_a_hedged_call_raises_to_end_the_process_reaches_its_caller(clock):
    async def leave():
        await asyncio.sleep(0)
        raise SystemExit(3)

    for first, second in ((leave, hang), (hang, leave)):
        with pytest.raises(SystemExit):
            asyncio.run(race(clock, first, second)())


def test_a_blocking_call_of_which_nothing_is_known_yet_needs_no_thread():
    threads = set()

    @Retry(hedge_after="p95")
    def get():
        threads.add(threading.get_ident())

    for _ in range(20):
        get()

    assert threads == {threading.get_ident()}


def test_the_losing_thread_is_reported_only_if_it_outlives_its_invocation(environment, caplog):
    release, calls = threading.Event(), []
    ends_in_time = [True]

    @Retry(hedge_after=0.01, hedge_budget=1)
    def get():
        calls.append(1)
        if len(calls) % 2:
            release.wait(30)
        return "answer"

    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        answer = get()
        if ends_in_time[0]:
            release.set()
        return answer

    assert lambda_handler({}, LambdaContext(timeout=60)) == "answer"
    assert environment.counted.leftover_threads == 0

    release.clear()
    ends_in_time[0] = False
    assert lambda_handler({}, LambdaContext(timeout=60)) == "answer"
    release.set()
    assert environment.counted.leftover_threads == 1
    assert "get" in caplog.text


def test_what_a_thread_raises_to_end_the_process_reaches_its_caller_while_another_is_under_way(clock):
    begun, release = threading.Event(), threading.Event()
    calls = []

    def get():
        calls.append(1)
        if len(calls) == 2:
            begun.set()
            assert release.wait(30)
            return
        clock.advance(1)
        assert begun.wait(30)
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        Retry(hedge_after=1)(get)()
    assert registry  # it did not wait for the other
    release.set()


def test_an_attempt_that_fails_as_its_time_comes_is_not_hedged(clock):
    calls = []

    async def get():
        calls.append(1)
        clock.advance(1)
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(_called(Retry(hedge_after=1)(get)))
    assert calls == [1]


async def _called(function):
    return await function()


def test_a_machine_that_gives_no_thread_for_the_hedge_leaves_the_first_attempt_alone(clock, monkeypatch):
    start, refused = pool.start, threading.Event()
    started = []

    def start_one(job):
        if started:
            refused.set()
            raise RuntimeError("can't start new thread")
        started.append(1)
        start(job)

    monkeypatch.setattr(pool, "start", start_one)

    def get():
        clock.advance(1)
        assert refused.wait(30)
        return "answer"

    assert Retry(hedge_after=1)(get)() == "answer"
    assert registry.wait_until_idle(30)


def test_no_thread_at_all_is_an_error(monkeypatch):
    def refuse(job):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(pool, "start", refuse)

    with pytest.raises(RuntimeError, match="can't start"):
        Retry(hedge_after=1)(print)()
    assert not registry


class Held:
    """What an answer or an argument may be."""


@pytest.mark.parametrize(
    "policy", [Retry(max_backoff=0), Retry(max_backoff=0, timeout=30)], ids=["plain", "on a thread"]
)
def test_nothing_of_a_failed_call_is_kept_alive(policy):
    held = Held()
    reference = weakref.ref(held)

    def get(item):
        raise TimeoutError

    gc.disable()
    try:
        with pytest.raises(TimeoutError):
            policy(get)(held)
        del held
        assert registry.wait_until_idle(30)
        assert _is_gone(reference)
    finally:
        gc.enable()


def test_nothing_is_kept_alive_of_a_call_that_was_given_up_and_fails_later(clock):
    held = Held()
    reference = weakref.ref(held)
    given_up = threading.Event()

    def get(item):
        clock.advance(1)
        assert given_up.wait(30)
        raise LookupError

    gc.disable()
    try:
        with pytest.raises(CallTimeout):
            Retry(1, timeout=1)(get)(held)
        del held
        given_up.set()
        assert registry.wait_until_idle(30)
        assert _is_gone(reference)
    finally:
        gc.enable()


def test_nothing_of_a_failed_hedged_call_is_kept_alive():
    held = Held()
    reference = weakref.ref(held)
    both = asyncio.Barrier(2)

    async def get(item):
        await both.wait()
        raise LookupError

    async def main(held):
        with pytest.raises(LookupError):
            await Retry(1, hedge_after=0.001)(get)(held)

    gc.disable()
    try:
        with asyncio.Runner() as runner:
            runner.run(main(held))
            del held
            runner.run(asyncio.sleep(0))
            assert _is_gone(reference)
    finally:
        gc.enable()


def _is_gone(reference):
    for _ in range(1000):  # a kept thread lets go of its job a moment after the job has ended
        if reference() is None:
            return True
        threading.Event().wait(0.01)
    return False
