"""The last resort: code that blocks the main thread is interrupted before Lambda would end the environment."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import threading
import time
from contextvars import Context
from types import FunctionType

import pytest

import meantime
from meantime import DeadlineExceeded, Limiter, sequential, tasks
from meantime.executors.underway import registry
from meantime.frames import current_frames
from meantime.loop import KeptLoop
from meantime.testing import LambdaContext

pytestmark = [
    pytest.mark.blocks_the_loop,
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer"),
]


without_coverage = pytest.mark.skipif(sys.gettrace() is not None, reason="coverage keeps locks within every call")


@pytest.fixture
def leave_it():
    kept = []
    return lambda coroutine: kept.append(asyncio.ensure_future(coroutine))


def test_a_blocking_handler_is_interrupted_where_it_blocks(environment):
    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        time.sleep(60)

    with pytest.raises(DeadlineExceeded, match=r"blocking code in lambda_handler, at .*test_alarm\.py"):
        lambda_handler({}, LambdaContext(0.3))
    assert environment.statistics().deadlines_exceeded == 1


def test_a_sequential_call_is_interrupted_and_named():
    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        sequential.map(time.sleep, [60])

    with pytest.raises(DeadlineExceeded, match=r"sleep|blocking code"):
        lambda_handler({}, LambdaContext(0.3))


def test_blocking_code_on_the_loop_is_interrupted_and_the_loop_retired(environment):
    @meantime.handler(reserve=0.2)
    async def lambda_handler(event, context):
        time.sleep(60)  # noqa: ASYNC251  # the mistake that this test is about

    with pytest.raises(DeadlineExceeded, match=r"blocking code on the event loop in lambda_handler"):
        lambda_handler({}, LambdaContext(0.3))
    assert environment.statistics().loops_retired == 1


def test_blocking_code_in_a_call_of_a_verb_is_interrupted():
    async def call(_):
        time.sleep(60)  # noqa: ASYNC251  # the mistake that this test is about

    @meantime.handler(reserve=0.2)
    async def lambda_handler(event, context):
        await tasks.map(call, [1])

    with pytest.raises(DeadlineExceeded, match="blocking code on the event loop in call"):
        lambda_handler({}, LambdaContext(0.3))


def test_an_except_exception_of_the_users_does_not_swallow_it():
    @meantime.handler(reserve=0.2)
    def lambda_handler(event, context):
        try:
            time.sleep(60)
        except Exception:
            return "swallowed"

    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(0.3))


@pytest.mark.parametrize("policy", ["end", "wait"])
def test_an_alarm_that_finds_the_loop_idle_interrupts_nothing_since_nothing_blocks_it(environment, policy, leave_it):
    main = threading.get_ident()

    def ring_while_the_loop_waits(loop, done):
        while current_frames()[main].f_code.co_name != "select":
            threading.Event().wait(0.001)
        signal.pthread_kill(main, signal.SIGALRM)  # as after the process itself stood still
        loop.call_soon_threadsafe(done.set)

    async def wait_for_the_alarm():
        done = asyncio.Event()
        thread = threading.Thread(target=ring_while_the_loop_waits, args=(asyncio.get_running_loop(), done))
        thread.start()
        await done.wait()
        thread.join()

    @meantime.handler(leftovers=policy)
    async def lambda_handler(event, context):
        if policy == "wait":
            leave_it(wait_for_the_alarm())
        else:
            await wait_for_the_alarm()
        return "answer"

    assert lambda_handler({}, LambdaContext(60)) == "answer"
    assert environment.statistics().loops_retired == 0


def test_an_alarm_that_rings_while_the_deadline_is_told_interrupts_nothing_since_the_loop_was_only_late(
    environment, clock, monkeypatch
):
    def look_for_what_waits(self):
        if not rang:
            rang.append(1)
            signal.raise_signal(signal.SIGALRM)
        return leftover_tasks(self)

    @meantime.handler
    async def lambda_handler(event, context):
        await clock.sleep_async(60)

    rang, leftover_tasks = [], KeptLoop.leftover_tasks
    monkeypatch.setattr(KeptLoop, "leftover_tasks", look_for_what_waits)

    with pytest.raises(DeadlineExceeded, match=r"Still waiting: .*lambda_handler"):
        lambda_handler({}, LambdaContext(5))
    assert rang
    assert environment.statistics().loops_retired == 0


def test_an_alarm_that_rings_while_the_deadline_is_told_too_late_brings_the_loop_back(environment, caplog, monkeypatch):
    def look_for_what_waits(self):
        if not looked:
            looked.append(1)
            time.sleep(60)  # as on a machine that stands still
        return leftover_tasks(self)

    @meantime.handler(reserve=0.5)
    async def lambda_handler(event, context):
        await asyncio.sleep(60)

    looked, leftover_tasks = [], KeptLoop.leftover_tasks
    monkeypatch.setattr(KeptLoop, "leftover_tasks", look_for_what_waits)

    began = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(1))
    assert time.monotonic() - began < 50
    assert [record for record in caplog.records if record.name == "asyncio"] == []
    assert environment.statistics().loops_retired == 1


def test_it_does_not_ring_while_asyncio_itself_is_at_work():
    """What is raised there is lost: asyncio logs it, and the loop goes on without what it was about to do."""

    def feed(fed, signal=signal):
        signal.raise_signal(signal.SIGALRM)
        fed.set()

    feed_of_asyncio = FunctionType(feed.__code__, {"__name__": "asyncio.streams"}, argdefs=feed.__defaults__)

    @meantime.handler
    async def lambda_handler(event, context):
        asyncio.get_running_loop().call_soon(feed_of_asyncio, fed)
        await fed.wait()
        time.sleep(60)  # noqa: ASYNC251  # it is to block

    fed = asyncio.Event()
    with pytest.raises(DeadlineExceeded, match="blocking code on the event loop in lambda_handler"):
        lambda_handler({}, LambdaContext(10))
    assert fed.is_set()


def test_after_an_invocation_no_alarm_is_left():
    @meantime.handler
    async def lambda_handler(event, context):
        await asyncio.sleep(0)

    lambda_handler({}, LambdaContext())

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_function_that_uses_the_signal_itself_keeps_it():
    fired = []
    before = signal.signal(signal.SIGALRM, lambda *_: fired.append(1))
    try:

        @meantime.handler(reserve=0.1)
        def lambda_handler(event, context):
            return signal.getitimer(signal.ITIMER_REAL)

        assert lambda_handler({}, LambdaContext(0.5)) == (0.0, 0.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert fired == []


def test_off_the_main_thread_there_is_no_alarm_and_no_error():
    answers = []

    @meantime.handler
    def lambda_handler(event, context):
        return "answer"

    thread = threading.Thread(target=lambda: answers.append(lambda_handler({}, LambdaContext())))
    thread.start()
    thread.join()

    assert answers == ["answer"]


def test_blocking_code_in_a_task_group_is_a_deadline_that_on_deadline_answers():
    async def block():
        time.sleep(60)  # noqa: ASYNC251  # the mistake that this test is about

    @meantime.handler(reserve=0.2, on_deadline=lambda *_: "answer")
    async def lambda_handler(event, context):
        async with asyncio.TaskGroup() as group:
            group.create_task(block())

    assert lambda_handler({}, LambdaContext(0.4)) == "answer"


def test_the_interrupted_code_has_time_for_its_clean_up(fake_clock):
    cleaned = []

    @meantime.handler(reserve=20)
    def lambda_handler(event, context):
        try:
            fake_clock.sleep(60)
        finally:
            fake_clock.sleep(2)
            cleaned.append("whole")

    with pytest.raises(DeadlineExceeded):
        lambda_handler({}, LambdaContext(40))
    assert cleaned == ["whole"]


def test_an_alarm_that_rings_while_it_is_called_off_is_called_off(monkeypatch):
    rang = []

    def ring_first(which, seconds):
        if seconds == 0.0 and not rang:
            rang.append(1)
            signal.raise_signal(signal.SIGALRM)
        return original(which, seconds)

    original = signal.setitimer
    monkeypatch.setattr(signal, "setitimer", ring_first)

    @meantime.handler
    def lambda_handler(event, context):
        return "answer"

    assert lambda_handler({}, LambdaContext()) == "answer"
    assert rang == [1]
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@without_coverage
def test_it_does_not_ring_in_a_lock_that_meantime_has_just_taken():
    escaped = []

    def enter(escaped, signal=signal):
        try:
            signal.raise_signal(signal.SIGALRM)
        except BaseException as error:
            escaped.append(error)
            raise

    enter_of_a_lock = FunctionType(enter.__code__, {"__name__": "threading"}, argdefs=enter.__defaults__)

    @meantime.handler
    def lambda_handler(event, context):
        sequential.map(enter_of_a_lock, [escaped])
        time.sleep(60)

    with pytest.raises(DeadlineExceeded):  # but as soon as it is back
        lambda_handler({}, LambdaContext(30.0))
    assert escaped == []


def test_it_does_not_ring_while_meantime_loads_a_module_of_its_own(monkeypatch, tmp_path):
    (tmp_path / "loaded.py").write_text("import signal\nsignal.raise_signal(signal.SIGALRM)\nWHOLE = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    load = FunctionType(compile("import loaded", "loading.py", "exec"), {"__name__": "meantime.loading"})

    @meantime.handler
    def lambda_handler(event, context):
        load()
        time.sleep(60)

    with pytest.raises(DeadlineExceeded, match="blocking code in lambda_handler"):  # but as soon as it has it
        lambda_handler({}, LambdaContext(300.0))
    assert sys.modules.pop("loaded").WHOLE


def test_it_does_not_ring_in_a_finalizer_where_nobody_would_hear_of_it():
    class Rings:
        def __del__(self):
            self.end()

        def end(self):
            signal.raise_signal(signal.SIGALRM)

    @meantime.handler
    def lambda_handler(event, context):
        Rings()
        time.sleep(60)

    began = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="blocking code in lambda_handler"):  # but as soon as that is over
        lambda_handler({}, LambdaContext(300.0))
    assert time.monotonic() - began < 50


def test_a_wait_for_a_limiter_that_no_deadline_ends_is_interrupted_and_leaves_the_line():
    limiter = Limiter("queue", max_concurrency=1)
    limiter.acquire()

    @meantime.handler(reserve=0.6)
    def lambda_handler(event, context):
        Context().run(limiter.acquire)

    watchdog = threading.Timer(20, limiter.release)
    watchdog.start()
    with pytest.raises(DeadlineExceeded, match="blocking code in lambda_handler"):
        lambda_handler({}, LambdaContext(1.2))
    watchdog.cancel()

    limiter.release()
    statistics = limiter.statistics()
    assert (statistics.in_flight, statistics.waiting) == (0, 0)


@without_coverage
def test_a_verb_that_no_deadline_ends_is_interrupted_though_meantime_is_always_at_work():
    @meantime.handler(reserve=0.6)
    def lambda_handler(event, context):
        Context().run(sequential.map, int, itertools.repeat("1", 100_000_000))

    with pytest.raises(DeadlineExceeded, match="blocking code in lambda_handler"):
        lambda_handler({}, LambdaContext(1.2))


def test_a_wait_of_the_input_is_interrupted():
    @meantime.handler(reserve=0.6)
    def lambda_handler(event, context):
        sequential.map(str, iter(threading.Event().wait, True))  # its innermost frame is called by Meantime

    with pytest.raises(DeadlineExceeded, match="blocking code in lambda_handler"):
        lambda_handler({}, LambdaContext(1.2))


@without_coverage
def test_an_interruption_cannot_leave_the_registry_locked(monkeypatch):
    def enter(condition):
        pytest.fail("its first line could be interrupted when the lock is held already")

    monkeypatch.setattr(threading.Condition, "__enter__", enter)

    registry.discard_loop(object())

    assert registry.fan_outs() == ()
    assert registry.wait_until_idle(0.0)
