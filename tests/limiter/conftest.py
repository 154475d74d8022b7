"""Threads and a loop beside the test, an invocation's deadline, and waiting for what another thread does."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from meantime.deadline import Deadline, deadline_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

PATIENCE = 30.0


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Waits until another thread has done it."""

    def wait(happens: Callable[[], object]) -> None:
        until = time.monotonic() + PATIENCE
        while not happens():
            assert time.monotonic() < until, f"it did not happen within {PATIENCE:g} s"
            time.sleep(0.001)

    return wait


@pytest.fixture
def within() -> Callable[[float], AbstractContextManager[None]]:
    """Makes a block the code of an invocation that has so many seconds."""

    @contextmanager
    def block(seconds: float) -> Iterator[None]:
        token = deadline_variable.set(Deadline(seconds))
        try:
            yield
        finally:
            deadline_variable.reset(token)

    return block


class Beside:
    """A thread that runs an event loop, and threads that run functions."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._loop_thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._loop_thread.start()
        self._threads: list[threading.Thread] = []

    def task(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run it on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def thread(self, function: Callable[[], object]) -> threading.Thread:
        """Run it on a thread."""
        thread = threading.Thread(target=function, daemon=True)
        thread.start()
        self._threads.append(thread)
        return thread

    def stop_loop(self) -> None:
        """Let the loop stand still, whatever is on it."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._loop_thread.join(PATIENCE)

    def run_loop_again(self) -> None:
        """Let it go on."""
        self._loop_thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._loop_thread.start()

    def close(self) -> None:
        """End all; every thread must have ended."""
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in self._threads), "a thread waits still"
        if not self.loop.is_closed():
            if self._loop_thread.is_alive():
                self.stop_loop()
            self.loop.close()


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Threads and a loop that run beside the test."""
    running = Beside()
    yield running
    running.close()
