"""A clock to hold: what it tells, how it is moved on, and what becomes of those who wait when it is put away."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from math import inf, nan

import pytest

from meantime import clock as clock_in_use
from meantime.testing import FakeClock


def test_time_stands_still_until_it_is_moved_on(clock):
    began = clock_in_use.monotonic()
    threading.Event().wait(0.01)

    assert clock_in_use.monotonic() == began
    clock.advance(1.5)
    assert clock_in_use.monotonic() == began + 1.5


def test_it_begins_with_the_machines_time_at_a_whole_second():
    before = time.monotonic()
    with FakeClock() as clock:
        assert before <= clock.monotonic() <= time.monotonic() + 1
        assert clock.monotonic() == int(clock.monotonic())
        assert abs(clock.wall() - time.time()) < 60


def test_the_wall_has_the_same_time_pass(clock):
    began = clock_in_use.wall()
    clock.advance(60)

    assert clock_in_use.wall() == began + 60


def test_over_a_freeze_only_the_wall_has_time_pass(clock):
    monotonic, wall = clock.monotonic(), clock.wall()
    clock.freeze(600)
    assert (clock.monotonic(), clock.wall()) == (monotonic, wall + 600)

    clock.freeze(-3600)  # it was set back
    assert (clock.monotonic(), clock.wall()) == (monotonic, wall - 3000)


def test_as_much_time_passes_as_anybody_wants(clock):
    began = clock.monotonic()
    for seconds in (900, 0, 86_400 * 365, 0.001):
        clock.advance(seconds)

    assert clock.monotonic() == began + 900 + 86_400 * 365 + 0.001


@pytest.mark.parametrize("seconds", [-0.001, nan, inf])
def test_time_goes_forward_by_a_finite_number_of_seconds(clock, seconds):
    with pytest.raises(ValueError, match="time only goes forward"):
        clock.advance(seconds)
    with pytest.raises(ValueError, match="time only goes forward"):
        clock_in_use.sleep(seconds)


@pytest.mark.parametrize("seconds", [nan, inf])
def test_neither_a_freeze_nor_a_tasks_sleep_is_endless(clock, seconds):
    with pytest.raises(ValueError, match="a freeze lasts a finite number of seconds"):
        clock.freeze(seconds)
    with pytest.raises(ValueError, match="time only goes forward"):
        asyncio.run(clock_in_use.sleep_async(seconds))


def test_who_sleeps_alone_is_awake_at_once_and_later(clock):
    began = clock.monotonic()
    clock_in_use.sleep(7)
    asyncio.run(clock_in_use.sleep_async(3))
    clock_in_use.sleep(0)
    asyncio.run(clock_in_use.sleep_async(-1))  # as asyncio's own

    assert clock.monotonic() == began + 10


def test_after_the_block_the_machines_clock_is_back_after_an_error_too():
    def fail():
        with FakeClock() as clock:
            assert clock_in_use.monotonic == clock.monotonic
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert clock_in_use.monotonic is time.monotonic


def test_of_nested_clocks_the_inner_one_counts_and_goes_on_from_the_outer_ones_time():
    with FakeClock() as outer:
        outer.advance(1000.5)
        with FakeClock() as inner:
            assert 0 <= inner.monotonic() - outer.monotonic() < 1
            assert abs(inner.wall() - outer.wall()) < 1
            clock_in_use.sleep(5)
        clock_in_use.sleep(1)
        assert outer.monotonic() == clock_in_use.monotonic()


def test_one_clock_is_entered_once_at_a_time():
    clock = FakeClock()
    with pytest.raises(RuntimeError, match="left without having been entered"):
        clock.__exit__(None, None, None)
    with clock, pytest.raises(RuntimeError, match="in use already: make another"):
        clock.__enter__()
    with clock:
        clock.advance(1)


def test_clocks_are_left_in_the_reverse_order():
    outer, inner = FakeClock(), FakeClock()
    with outer, inner:
        with pytest.raises(RuntimeError, match="reverse order"):
            outer.__exit__(None, None, None)
        assert clock_in_use.monotonic == inner.monotonic
    assert clock_in_use.monotonic is time.monotonic


def test_a_clock_that_nobody_goes_by_can_be_set_beforehand():
    clock = FakeClock()
    began = clock.monotonic()
    clock.advance(5)
    clock.sleep(5)

    assert clock.monotonic() == began + 10
    with clock:
        assert clock_in_use.monotonic() == began + 10


def test_where_waiting_does_not_make_time_pass_only_advancing_does():
    woken = []

    def sleep(clock):
        clock_in_use.sleep(5)
        woken.append(clock.monotonic() - began)

    with FakeClock(passes=False) as clock:
        began = clock.monotonic()
        thread = threading.Thread(target=sleep, args=[clock])
        thread.start()
        clock.advance(4.5)
        assert woken == []
        clock.advance(1.5)
        assert woken == [5]
        thread.join(30)


def test_nor_does_it_for_tasks():
    async def main(clock):
        began = clock.monotonic()
        sleeper = asyncio.create_task(clock_in_use.sleep_async(5))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not sleeper.done()
        clock.advance(5)
        await sleeper
        return clock.monotonic() - began

    with FakeClock(passes=False) as clock:
        assert asyncio.run(main(clock)) == 5


class TestGates:
    """What a thread waits for until somebody opens it, or time is up."""

    @pytest.fixture(params=[threading.Lock, threading.Semaphore], ids=["lock", "semaphore"])
    def gate(self, request):
        gate = request.param()
        gate.acquire()
        return gate

    def test_an_open_one_is_taken(self, clock, gate):
        gate.release()
        assert clock_in_use.acquire(gate, 1)
        assert not clock_in_use.acquire(gate, 0)

    @pytest.mark.parametrize("timeout", [None, 5, inf])
    def test_one_that_is_opened_is_taken_without_any_time_passing(self, clock, gate, timeout):
        began = clock.monotonic()
        opener = threading.Timer(0.01, gate.release)
        opener.start()

        assert clock_in_use.acquire(gate, timeout)
        assert clock.monotonic() == began
        opener.join(30)

    @pytest.mark.parametrize("timeout", [0, -1, nan])
    def test_who_has_no_time_takes_it_now_or_not_at_all(self, clock, gate, timeout):
        assert not clock_in_use.acquire(gate, timeout)
        gate.release()
        assert clock_in_use.acquire(gate, timeout)

    def test_waiting_for_one_makes_no_time_pass_but_ends_when_it_has(self, clock, gate):
        waits, ended = threading.Event(), []

        def wait():
            waits.set()
            ended.append((clock_in_use.acquire(gate, 5), clock.monotonic() - began))

        began = clock.monotonic()
        thread = threading.Thread(target=wait)
        thread.start()
        assert waits.wait(30)
        clock.advance(4.5)
        assert ended == []
        clock.advance(60)
        assert ended == [(False, 5)]  # it was told at its moment, before time went on
        thread.join(30)

    def test_one_that_is_opened_at_the_moment_when_time_is_up_came_too_late(self, clock, gate):
        def open_it():
            clock_in_use.sleep(5)
            gate.release()

        thread = threading.Thread(target=open_it)
        thread.start()

        assert not clock_in_use.acquire(gate, 5)
        thread.join(30)
        assert clock_in_use.acquire(gate, 5)


class TestPutAway:
    """Nobody is left waiting when the machine's clock is back."""

    def test_a_thread_that_slept_is_woken(self):
        asleep, woken = threading.Event(), threading.Event()

        def sleep():
            asleep.set()
            clock_in_use.sleep(1000)
            woken.set()

        with FakeClock(passes=False) as clock:
            thread = threading.Thread(target=sleep)
            thread.start()
            assert asleep.wait(30)
            clock.advance(1)
        assert woken.wait(30)

    @pytest.mark.parametrize("opens", [True, False])
    def test_a_thread_at_a_gate_goes_on_by_the_machines_clock(self, opens):
        gate, came = threading.Lock(), threading.Event()
        gate.acquire()
        taken = []

        def wait():
            taken.append(clock_in_use.acquire(gate, None if opens else 0.01))
            came.set()

        with FakeClock() as clock:
            thread = threading.Thread(target=wait)
            thread.start()
            clock.advance(0.001)
            assert not came.is_set()
        if opens:
            gate.release()
        assert came.wait(30)
        assert taken == [opens]

    def test_a_task_that_slept_is_woken(self):
        async def main():
            with FakeClock(passes=False):
                sleeper = asyncio.create_task(clock_in_use.sleep_async(1000))
                await asyncio.sleep(0)
            await asyncio.wait_for(sleeper, 30)

        asyncio.run(main())

    def test_what_was_to_be_called_back_is_at_its_moment_by_the_clock_before(self):
        async def main(outer):
            called = asyncio.Event()
            loop = asyncio.get_running_loop()
            with FakeClock() as inner:
                when = inner.monotonic() + 5
                clock_in_use.call_at(loop, when, called.set)
                clock_in_use.call_at(loop, when, lambda: called_off.append(when)).cancel()
            await asyncio.sleep(0.01)
            assert not called.is_set()
            outer.advance(when - outer.monotonic())
            await asyncio.wait_for(called.wait(), 30)

        called_off = []
        with FakeClock() as outer:
            asyncio.run(main(outer))
        assert called_off == []


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_goes_by_the_machine(clock):
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    clock.advance(1000)
    child = os.fork()
    if child == 0:
        os._exit(0 if clock_in_use.monotonic is time.monotonic else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert clock_in_use.monotonic == clock.monotonic
