"""What a recording says of CPU time is held against invocations that were not recorded."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.calibration import calibrated
from meantime.tools.measure.prediction import predict

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording, run_of


def as_it_is(recorded, memory_mb):
    return predict(list(recorded), executor="threads", max_concurrency=1, memory_mb=memory_mb, groups=()).value


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.4])
def test_the_function_as_it_is_computes_what_was_measured(factor):
    recorded = recording([call(number, waits=20.0, computes=3.0) for number in range(20)], memory_mb=1769)

    found = calibrated([recorded], [run_of(recorded, cpu_ms=60.0 * factor)])

    waits = 20 * 20.0
    assert as_it_is(found, 1769) == pytest.approx(waits + 60.0 * factor, rel=0.03)


def test_what_is_measured_at_one_size_says_nothing_of_a_recording_at_another():
    recorded = recording([call(0, waits=20.0, computes=3.0)], memory_mb=512)

    assert calibrated([recorded], [run_of(recorded, memory_mb=1769, cpu_ms=9.0)]) == (recorded,)


def test_a_wild_difference_is_not_believed():
    recorded = recording([call(0, waits=20.0, computes=30.0)], memory_mb=1769)

    (found,) = calibrated([recorded], [run_of(recorded, cpu_ms=3000.0)])

    assert found.cpu_ms <= 2 * recorded.cpu_ms
