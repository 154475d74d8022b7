"""Warm resources over a SnapStart snapshot, in the real runtime client, which runs the real hooks."""

from __future__ import annotations

import textwrap

import pytest

from meantime.tools.emulator import Emulator, Function


@pytest.fixture
def emulate(tmp_path):
    """Starts an emulator for a SnapStart function given as source text."""

    def start(source: str, *, snap_start: bool = True) -> Emulator:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return Emulator(Function("app.lambda_handler", tmp_path, memory_mb=512, timeout=10.0, snap_start=snap_start))

    return start


SOURCE = """
    import asyncio, meantime

    events = []
    made = {"blocking": 0, "async": 0}

    def make(kind):
        made[kind] += 1
        events.append(f"{kind} {made[kind]} made")
        return made[kind]

    @meantime.warm
    def blocking():
        number = make("blocking")
        yield number
        events.append(f"blocking {number} closed")

    @meantime.warm
    async def on_loop():
        number = make("async")
        yield number
        await asyncio.sleep(0)
        events.append(f"async {number} closed")

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    blocking()
    loop.run_until_complete(on_loop())

    @meantime.handler
    async def lambda_handler(event, context):
        return blocking(), await on_loop(), asyncio.get_running_loop() is loop, events
"""


def test_what_was_made_before_the_snapshot_is_closed_before_it_newest_first_and_made_anew_after_the_restore(emulate):
    with emulate(SOURCE) as lambda_:
        first, second = lambda_.invoke(), lambda_.invoke()

    assert first.error is None, first.log
    blocking, on_loop, is_same_loop, events = first.payload
    assert (blocking, on_loop) == (2, 2)
    assert events == [
        "blocking 1 made",
        "async 1 made",
        "async 1 closed",
        "blocking 1 closed",
        "blocking 2 made",
        "async 2 made",
    ]
    assert is_same_loop
    assert second.payload[:2] == [2, 2]
    assert "Restore Duration: " in first.log
    assert "Init Duration: " not in first.log


def test_without_snapstart_it_is_kept_from_initialisation_on(emulate):
    with emulate(SOURCE, snap_start=False) as lambda_:
        assert lambda_.invoke().payload[:2] == [1, 1]


def test_without_snapstart_the_hooks_library_is_not_even_loaded(emulate):
    source = """
        import sys, meantime

        @meantime.warm
        def table(): ...

        @meantime.handler
        def lambda_handler(event, context):
            table()
            return "snapshot_restore_py" in sys.modules
    """
    with emulate(source, snap_start=False) as lambda_:
        assert lambda_.invoke().payload is False
    with emulate(source) as lambda_:
        assert lambda_.invoke().payload is True


def test_what_a_hook_that_ran_after_ours_has_made_is_discarded_after_the_restore(emulate):
    source = """
        from snapshot_restore_py import register_before_snapshot

        register_before_snapshot(lambda: events.append(f"hook got {connection()}"))  # before ours, so it runs after it

        import meantime

        events = []

        @meantime.warm
        def connection():
            events.append("made")
            yield len(events)
            events.append("closed")

        @meantime.handler
        def lambda_handler(event, context):
            return connection(), events
    """
    with emulate(source) as lambda_:
        assert lambda_.invoke().payload == [4, ["made", "hook got 1", "closed", "made"]]


def test_a_hook_after_the_restore_gets_what_was_made_after_it(emulate):
    source = """
        from snapshot_restore_py import register_after_restore
        import meantime

        made = []

        @meantime.warm
        def connection():
            made.append(1)
            return len(made)

        connection()
        register_after_restore(connection)

        @meantime.handler
        def lambda_handler(event, context):
            return connection(), len(made)
    """
    with emulate(source) as lambda_:
        assert lambda_.invoke().payload == [2, 2]


def test_a_failure_to_close_before_the_snapshot_is_logged_and_the_function_starts(emulate):
    source = """
        import meantime

        @meantime.warm
        def connection():
            yield "connection"
            raise OSError("the server is gone")

        connection()

        @meantime.handler
        def lambda_handler(event, context):
            return connection()
    """
    with emulate(source) as lambda_:
        result = lambda_.invoke()

    assert result.payload == "connection"
    assert "The warm resource connection failed to close" in result.log


def test_a_hook_that_fails_after_the_restore_fails_the_invocation_with_its_error(emulate):
    source = """
        from snapshot_restore_py import register_after_restore

        def renew():
            raise RuntimeError("no token to be had")

        register_after_restore(renew)

        def lambda_handler(event, context): ...
    """
    with emulate(source) as lambda_:
        result = lambda_.invoke()

    assert result.error.message == "no token to be had"
