"""The alarm that interrupts the main thread at the deadline costs no permit."""

from __future__ import annotations

import signal
import sys

import pytest

from meantime import alarm
from meantime.limiter import Limiter

in_blocks, in_functions = Limiter("blocks", max_concurrency=1_000), Limiter("functions", max_concurrency=1_000)


def work() -> int:
    return sum(range(100))


def enter_blocks() -> None:
    while True:
        with in_blocks:
            work()


def call_functions() -> None:
    limited = in_functions.limited(work)
    while True:
        limited()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm here")
@pytest.mark.skipif(sys.gettrace() is not None, reason="the alarm would ring within coverage, which keeps its own lock")
@pytest.mark.parametrize(("go_on", "limiter"), [(enter_blocks, in_blocks), (call_functions, in_functions)])
def test_wherever_it_rings_the_permit_is_given_back(go_on, limiter):
    for _ in range(60):
        with pytest.raises(alarm.Interrupted):
            ring_within(go_on)
        alarm.disarm()
    assert limiter.statistics().in_flight == 0
    assert limiter.statistics().admitted > 0


def ring_within(go_on) -> None:
    alarm.arm(0.001, 10.0)  # a second time, should the first be lost on garbage that ends just then
    go_on()
