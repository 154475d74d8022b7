"""The machine's clock behind `meantime.clock`, and how another takes its place. (One to hold: tests/testing.)"""

from __future__ import annotations

import asyncio
import threading
import time
from math import inf, nan

import pytest

from meantime import clock


@pytest.fixture(params=[threading.Lock, threading.Semaphore], ids=["lock", "semaphore"])
def gate(request):
    """A gate that is shut."""
    gate = request.param()
    gate.acquire()
    return gate


@pytest.mark.parametrize("timeout", [None, 30, inf])
def test_a_gate_is_waited_for_until_it_opens(gate, timeout):
    threading.Timer(0.01, gate.release).start()

    assert clock.acquire(gate, timeout)


@pytest.mark.parametrize("timeout", [0.01, 0, -1, nan])
def test_or_until_time_is_up(gate, timeout):
    assert not clock.acquire(gate, timeout)


def test_it_tells_the_machines_time():
    assert time.monotonic() <= clock.monotonic() <= time.monotonic()
    assert time.time() <= clock.wall() <= time.time()


def test_sleeping_takes_time():
    began = time.monotonic()
    clock.sleep(0.01)
    asyncio.run(clock.sleep_async(0.01))

    assert time.monotonic() - began >= 0.019


def test_a_call_comes_at_its_moment_and_not_if_it_was_called_off():
    async def main():
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        clock.call_at(loop, clock.monotonic() + 0.01, lambda: pytest.fail("it was called off")).cancel()
        clock.call_at(loop, clock.monotonic() + 0.02, called.set)
        assert not called.is_set()
        await asyncio.wait_for(called.wait(), 30)
        past = asyncio.Event()
        clock.call_at(loop, clock.monotonic() - 1000, past.set)
        await asyncio.wait_for(past.wait(), 30)

    asyncio.run(main())


def test_another_clock_takes_the_place_of_the_one_before():
    class Later(clock.MachineClock):
        monotonic = staticmethod(lambda: time.monotonic() + 1000)

    before = clock.replace(Later())
    try:
        assert clock.monotonic() > time.monotonic() + 999
    finally:
        later = clock.replace(before)
    assert isinstance(later, Later)
    assert clock.monotonic is time.monotonic
