"""What blocks the event loop is named, where it is asked for."""

from __future__ import annotations

import asyncio
import json
import logging
import selectors
import signal
import sys
import threading
import time

import pytest

import meantime
from meantime import Deadline
from meantime.stalls import StallWatch
from meantime.testing import LambdaContext

pytestmark = pytest.mark.blocks_the_loop

BLOCKED = 0.5  # seconds: long enough to be seen by a thread on a busy machine, for a threshold of
THRESHOLD = 0.1


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.WARNING)


@pytest.fixture
def stalls(caplog):
    """Gives what was reported, oldest first."""
    return lambda: [record.stall for record in caplog.records if hasattr(record, "stall")]


def block(seconds=BLOCKED):
    time.sleep(seconds)


@meantime.handler(blocked_after=THRESHOLD)
async def blocking_now_and_then(event, context):
    await asyncio.sleep(0.01)
    if event == "block":
        block()
    await asyncio.sleep(0.01)
    return "answer"


def test_what_blocks_the_loop_is_named_with_its_place_its_stack_and_how_long_it_took(stalls, caplog, environment):
    @meantime.handler(blocked_after=THRESHOLD)
    async def lambda_handler(event, context):
        block()
        await asyncio.sleep(0.01)

    lambda_handler({}, LambdaContext(60))

    (stall,) = stalls()
    assert stall["function"] == "block"
    assert stall["place"].startswith(f"{__file__}:")
    assert THRESHOLD <= stall["seconds"] < 30
    assert [line.rpartition(".")[2].rpartition(" ")[2] for line in stall["stack"]] == ["lambda_handler", "block"]
    assert "The event loop was blocked for at least" in caplog.text
    assert f"in block, at {stall['place']}" in caplog.text
    assert environment.statistics().loop_stalls == 1
    json.dumps(stall)  # Lambda's JSON log format has to


def test_waiting_is_not_blocking(stalls):
    @meantime.handler(blocked_after=THRESHOLD)
    async def lambda_handler(event, context):
        await asyncio.sleep(4 * THRESHOLD)

    lambda_handler({}, LambdaContext(60))

    assert [stall for stall in stalls() if stall["function"]] == []


def test_what_blocks_until_the_answer_is_named_too(stalls):
    @meantime.handler(blocked_after=THRESHOLD)
    async def lambda_handler(event, context):
        await asyncio.sleep(0)
        block()

    lambda_handler({}, LambdaContext(60))

    assert [stall["function"] for stall in stalls()] == ["block"]


def test_what_blocks_without_a_function_of_ones_own_is_named_by_what_called_it(stalls):
    @meantime.handler(blocked_after=THRESHOLD)
    async def lambda_handler(event, context):
        asyncio.get_running_loop().call_soon(time.sleep, BLOCKED)
        await asyncio.sleep(0.01)

    lambda_handler({}, LambdaContext(60))

    assert [stall["function"] for stall in stalls()] == ["Handle._run"]


def test_one_line_of_code_is_reported_once_and_each_time_counted(stalls, environment):
    for _ in range(3):
        blocking_now_and_then("block", LambdaContext(60))

    assert len(stalls()) == 1
    assert environment.statistics().loop_stalls == 3


def test_without_it_nothing_is_loaded_and_no_thread_runs(run_python):
    run_python(
        """
        import sys, threading
        import meantime
        from meantime.testing import LambdaContext

        @meantime.handler
        async def lambda_handler(event, context): ...

        lambda_handler({}, LambdaContext())
        assert "meantime.stalls" not in sys.modules
        assert threading.active_count() == 1
        """
    )


def test_the_environment_variable_switches_it_on(monkeypatch, stalls):
    monkeypatch.setenv("MEANTIME_BLOCKED_AFTER", str(THRESHOLD))

    @meantime.handler
    async def lambda_handler(event, context):
        block()

    @meantime.handler
    def blocking_handler(event, context):
        block()

    lambda_handler({}, LambdaContext(60))
    blocking_handler({}, LambdaContext(60))

    assert [stall["function"] for stall in stalls()] == ["block"]


@pytest.mark.parametrize("text", ["", "0", "off"])
def test_the_environment_variable_may_say_that_nothing_is_watched(monkeypatch, stalls, text):
    monkeypatch.setenv("MEANTIME_BLOCKED_AFTER", text)

    @meantime.handler
    async def lambda_handler(event, context):
        block()

    lambda_handler({}, LambdaContext(60))

    assert stalls() == []


@pytest.mark.parametrize("text", ["a second", "-1", "inf", "nan"])
def test_a_slip_in_the_environment_variable_costs_no_function_its_start(monkeypatch, caplog, text):
    monkeypatch.setenv("MEANTIME_BLOCKED_AFTER", text)

    @meantime.handler
    async def lambda_handler(event, context):
        return "answer"

    assert lambda_handler({}, LambdaContext()) == "answer"
    assert f"MEANTIME_BLOCKED_AFTER must be a number of seconds above 0, got {text!r}" in caplog.text


def test_a_blocking_function_has_no_loop_to_watch():
    def lambda_handler(event, context): ...

    with pytest.raises(TypeError, match=r"blocked_after watches the event loop, and .*lambda_handler is a blocking"):
        meantime.handler(blocked_after=1.0)(lambda_handler)


@pytest.mark.parametrize(("value", "error"), [("1", TypeError), (True, TypeError), (0, ValueError), (-1, ValueError)])
def test_a_threshold_that_cannot_be_is_refused(value, error):
    with pytest.raises(error, match="blocked_after must be"):
        meantime.handler(blocked_after=value)


def test_what_the_deadline_interrupts_is_named_as_well(stalls, environment):
    @meantime.handler(blocked_after=THRESHOLD, reserve=0.2)
    async def lambda_handler(event, context):
        block(60)

    with pytest.raises(meantime.DeadlineExceeded, match="blocking code on the event loop in block"):
        lambda_handler({}, LambdaContext(1))

    assert [(stall["function"], stall["still"]) for stall in stalls()] == [("block", False)]
    assert environment.statistics().loop_stalls == 1


def test_what_cannot_be_interrupted_is_named_before_lambda_ends_the_environment(stalls):
    named_meanwhile = []

    @meantime.handler(blocked_after=THRESHOLD, reserve=0.2)
    async def lambda_handler(event, context):
        give_up = time.monotonic() + 30
        while not named_meanwhile and time.monotonic() < give_up:
            time.sleep(0.01)  # noqa: ASYNC251  # the mistake that this test is about
            named_meanwhile.extend(stalls())

    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)  # somebody else's: Meantime leaves it alone
    try:
        lambda_handler({}, LambdaContext(0.5))
    finally:
        signal.signal(signal.SIGALRM, before)

    assert [stall["still"] for stall in named_meanwhile] == [True]


def test_one_thread_watches_all_invocations_and_rests_between_them(stalls):
    @meantime.handler(blocked_after=0.02)
    async def lambda_handler(event, context):
        await asyncio.sleep(0.05)
        if event == "block":
            block()

    before = _watchers()
    for _ in range(3):
        lambda_handler({}, LambdaContext(60))
    (watcher,) = _watchers() - before
    assert _comes_to_stand_in(watcher, "_park"), "it waits without a timer"
    lambda_handler("block", LambdaContext(60))

    assert watcher.daemon
    assert "block" in [stall["function"] for stall in stalls()], "and wakes again"
    assert _watchers() - before == {watcher}


def _watchers():
    return {thread for thread in threading.enumerate() if thread.name == "meantime-stalls"}


def _comes_to_stand_in(thread, function):
    for _ in range(3000):
        if sys._current_frames()[thread.ident].f_code.co_name == function:
            return True
        time.sleep(0.01)
    return False


def test_a_forked_child_has_a_watch_of_its_own(run_python):
    printed = run_python(
        """
        import asyncio, logging, os, sys, time, warnings
        import meantime
        from meantime.testing import LambdaContext

        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
        logging.basicConfig(format="%(message)s", stream=sys.stdout)

        @meantime.handler(blocked_after=0.1)
        async def lambda_handler(event, context):
            if event:
                time.sleep(0.5)

        lambda_handler(False, LambdaContext(60))
        sys.stdout.flush()
        child = os.fork()
        lambda_handler(child == 0, LambdaContext(60))
        sys.stdout.flush()
        if child == 0:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )

    assert printed.count("The event loop was blocked") == 1


def test_a_loop_that_only_did_not_get_to_run_is_not_blamed_on_the_handler(stalls, caplog):
    # Stands for a loop that waits for the interpreter: its selector takes its time, and looks like Python's own.
    source = "def select(self, timeout=None):\n    sleep(0.5 if self.slow else 0.0)\n    return original(self, timeout)"
    names = {"sleep": time.sleep, "original": selectors.DefaultSelector.select}
    exec(compile(source, "<frozen selectors>", "exec"), names)  # noqa: S102  # our own source
    slow = type("SlowSelector", (selectors.DefaultSelector,), {"select": names["select"], "slow": False})()
    loop = asyncio.SelectorEventLoop(slow)
    with meantime.testing.fresh_environment() as environment:
        environment.adopts_loop = True
        asyncio.set_event_loop(loop)

        @meantime.handler(blocked_after=THRESHOLD)
        async def lambda_handler(event, context):
            slow.slow = True
            await asyncio.sleep(0.01)
            slow.slow = False

        lambda_handler({}, LambdaContext(60))

    assert [(stall["function"], stall["place"]) for stall in stalls()] == [("", "")]
    assert "did not get to run" in caplog.text
    loop.close()


def test_a_loop_that_has_just_been_closed_ends_no_watch(stalls, environment):
    watch, closed = StallWatch(0.02), asyncio.new_event_loop()
    closed.close()
    before = _watchers()
    watch.begin(closed, Deadline(60.0), environment)
    (watcher,) = _watchers() - before
    while watch._run.question is None:  # it has not yet asked
        time.sleep(0.01)
    watch.end()

    assert _comes_to_stand_in(watcher, "_park")
    assert stalls() == []


def test_it_works_on_uvloop(stalls):
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed here")
    loop = uvloop.new_event_loop()
    with meantime.testing.fresh_environment() as environment:
        environment.adopts_loop = True
        asyncio.set_event_loop(loop)

        @meantime.handler(blocked_after=THRESHOLD)
        async def lambda_handler(event, context):
            for _ in range(20):  # where the whole process stands still, the watch sees no stall
                await asyncio.sleep(4 * THRESHOLD)
                block()
                await asyncio.sleep(0.01)
                if stalls():
                    break
            return type(asyncio.get_running_loop()).__module__

        assert lambda_handler({}, LambdaContext(60)) == "uvloop"

    assert "block" in [stall["function"] for stall in stalls()]
    loop.close()


def test_a_short_invocation_wakes_no_thread():
    """Its cost is two assignments: the watch sleeps for half of the threshold before it looks at all."""

    @meantime.handler(blocked_after=3600)
    async def lambda_handler(event, context): ...

    before = _watchers()
    for _ in range(100):
        lambda_handler({}, LambdaContext(60))
    (watcher,) = _watchers() - before

    assert _comes_to_stand_in(watcher, "_serve")
