"""Closing, however it is interrupted and by however many it is asked for."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.tools.emulator.conftest import descendants
from tests.tools.emulator.test_emulator_cleanup import left_by

from meantime.tools.emulator import AsyncEmulator, ClosedError, Emulator
from meantime.tools.emulator.engine import Engine
from meantime.tools.emulator.ground import Ground

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

ECHO = """
    def handler(event, context):
        return event
"""


class HeldClosing:
    """Lets the closing get as far as removing what was made, and no further until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Event()
        self.released = threading.Event()
        close = Ground.close

        def held(ground: Ground) -> None:
            self.begun.set()
            assert self.released.wait(20)
            close(ground)

        monkeypatch.setattr(Ground, "close", held)


@pytest.fixture
def held_closing(monkeypatch: pytest.MonkeyPatch) -> HeldClosing:
    return HeldClosing(monkeypatch)


def test_a_cancelled_close_goes_on_and_the_next_one_waits_for_its_end(deploy: Deploy, held_closing) -> None:
    before = descendants(os.getpid())
    function = deploy(ECHO)

    async def run() -> None:
        emulator = await AsyncEmulator(function).__aenter__()
        await emulator.invoke()
        closing = asyncio.create_task(emulator.close())
        await asyncio.to_thread(held_closing.begun.wait, 20)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        held_closing.released.set()
        await emulator.close()

    asyncio.run(run())
    assert left_by(os.getpid(), descendants(os.getpid()) - before) == []


def test_an_interrupted_close_goes_on_and_the_next_one_waits_for_its_end(deploy: Deploy, held_closing) -> None:
    before = descendants(os.getpid())
    main = threading.get_ident()
    emulator = Emulator(deploy(ECHO)).__enter__()
    emulator.invoke()

    def interrupt() -> None:
        assert held_closing.begun.wait(20)
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        emulator.close()
    held_closing.released.set()
    emulator.close()
    assert left_by(os.getpid(), descendants(os.getpid()) - before) == []


def test_many_threads_may_close_at_once(deploy: Deploy) -> None:
    before = descendants(os.getpid())
    emulator = Emulator(deploy(ECHO)).__enter__()
    emulator.invoke()
    together = threading.Barrier(8)

    def close() -> list[object]:
        together.wait(20)
        emulator.close()
        return left_by(os.getpid(), descendants(os.getpid()) - before)

    with ThreadPoolExecutor(8) as threads:
        closings = [threads.submit(close) for _ in range(8)]
        assert [closing.result(30) for closing in closings] == [[]] * 8


def test_an_invocation_during_the_closing_is_refused(deploy: Deploy, held_closing) -> None:
    emulator = Emulator(deploy(ECHO)).__enter__()
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(emulator.close)
        held_closing.begun.wait(20)
        with pytest.raises(ClosedError):
            emulator.invoke()
        held_closing.released.set()
        closing.result(30)


async def nothing() -> None:
    """Work that is done at once."""


async def block(running: threading.Event, going_on: threading.Event) -> None:
    running.set()
    going_on.wait(20)


def test_work_that_waits_to_begin_when_the_engine_finishes_fails_or_is_done() -> None:
    engine, running, going_on = Engine(), threading.Event(), threading.Event()
    engine.submit(block(running, going_on))
    running.wait(20)
    queued = engine.submit(asyncio.sleep(600))
    ended = engine.finish(nothing)
    going_on.set()
    with pytest.raises(ClosedError):
        queued.result(20)
    ended.result(20)


def test_a_finished_engine_takes_no_work() -> None:
    engine = Engine()
    engine.finish(nothing).result(20)
    with pytest.raises(ClosedError):
        engine.submit(nothing())
