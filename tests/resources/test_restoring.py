"""What the hooks do with warm resources; tests/on_the_emulator has them run by the real runtime client."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

import meantime
from meantime.resources.restoring import close_before_snapshot, discard_after_restore, register_hooks
from meantime.testing import LambdaContext


def test_before_the_snapshot_both_kinds_are_closed_newest_first_and_the_loop_stays(environment):
    events = []

    @meantime.warm
    def blocking():
        events.append("blocking made")
        yield
        events.append("blocking closed")

    @meantime.warm
    async def on_loop():
        events.append("async made")
        yield
        await asyncio.sleep(0)
        events.append("async closed")

    @meantime.handler
    async def lambda_handler(event, context):
        blocking()
        await on_loop()
        return asyncio.get_running_loop()

    before = lambda_handler({}, LambdaContext())
    close_before_snapshot()
    assert environment.resources == []
    assert events == ["blocking made", "async made", "async closed", "blocking closed"]
    discard_after_restore()

    assert lambda_handler({}, LambdaContext()) is before
    assert events[4:] == ["blocking made", "async made"]


def test_what_was_made_since_is_discarded_after_the_restore():
    numbers = []

    @meantime.warm
    async def on_loop():
        numbers.append(len(numbers))
        yield numbers[-1]

    @meantime.handler
    async def lambda_handler(event, context):
        return await on_loop()

    assert lambda_handler({}, LambdaContext()) == 0
    discard_after_restore()
    assert lambda_handler({}, LambdaContext()) == 1


def test_a_resource_on_a_loop_that_runs_on_another_thread_is_told_to_close():
    loop = asyncio.new_event_loop()
    closed = threading.Event()

    @meantime.warm
    async def on_loop():
        yield
        closed.set()

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(on_loop(), loop).result(30)

    close_before_snapshot()

    assert closed.wait(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_hooks_are_registered_with_the_runtimes_library():
    library = pytest.importorskip("snapshot_restore_py", reason="the hooks' library is not installed here")
    before, after = library.get_before_snapshot(), library.get_after_restore()
    count = len(before), len(after)

    register_hooks()

    assert (before.pop()[0], after.pop()[0]) == (close_before_snapshot, discard_after_restore)
    assert (len(before), len(after)) == count


def test_without_the_runtimes_library_there_is_nothing_to_register(monkeypatch):
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", None)

    register_hooks()
