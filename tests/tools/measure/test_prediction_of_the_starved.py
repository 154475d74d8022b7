"""What a process without CPU waited for is predicted as it would be with enough.

It stands still right after a request is sent, and waits only for what is left to the answer.
"""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.prediction import predict

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording


def predicted(calls):
    starved = recording(calls, memory_mb=128)
    return predict(starved, executor="threads", max_concurrency=1, memory_mb=1769, groups=()).value


def seen(number, *, waits, held_up=0.0):
    return call(number, waits=waits, computes=1.0, start=number * 25.0, held_up_ms=held_up)


def test_waits_that_a_standstill_hid_are_as_long_as_those_of_calls_that_were_not_held_up():
    calls = [seen(n, waits=20.0) if n % 2 == 0 else seen(n, waits=6.0, held_up=15.0) for n in range(20)]

    assert predicted(calls) == pytest.approx(20 * 21.0, rel=0.05)


def test_where_all_were_held_up_the_longest_waits_count():
    calls = [seen(n, waits=(20.0, 19.0, 3.0, 6.0, 5.0)[n % 5], held_up=17.0) for n in range(20)]

    assert predicted(calls) == pytest.approx(20 * 21.0, rel=0.1)


def test_no_wait_was_longer_than_the_call_was_held_up_besides():
    calls = [seen(n, waits=20.0) if n % 2 == 0 else seen(n, waits=6.0, held_up=4.0) for n in range(20)]

    assert predicted(calls) == pytest.approx(10 * 21.0 + 10 * 11.0, rel=0.05)
