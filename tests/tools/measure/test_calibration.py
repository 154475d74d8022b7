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


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_the_function_as_it_is_computes_half_way_to_what_was_measured(factor):
    recorded = recording([call(number, waits=20.0, computes=3.0) for number in range(20)], memory_mb=1769)
    before = as_it_is([recorded], 1769)
    measured = (before - 20 * 20.0) * factor

    found = as_it_is(calibrated([recorded], [run_of(recorded, cpu_ms=measured)]), 1769)

    assert (found - before) / (20 * 20.0 + measured - before) == pytest.approx(0.5, abs=0.15)


def test_a_small_difference_is_left_alone():
    recorded = recording([call(number, waits=20.0, computes=3.0) for number in range(20)], memory_mb=1769)
    computed = as_it_is([recorded], 1769) - 20 * 20.0

    assert calibrated([recorded], [run_of(recorded, cpu_ms=computed * 1.08)]) == (recorded,)


def test_what_is_measured_at_one_size_says_nothing_of_a_recording_at_another():
    recorded = recording([call(0, waits=20.0, computes=3.0)], memory_mb=512)

    assert calibrated([recorded], [run_of(recorded, memory_mb=1769, cpu_ms=9.0)]) == (recorded,)


def test_a_wild_difference_is_not_believed():
    recorded = recording([call(0, waits=20.0, computes=30.0)], memory_mb=1769)

    (found,) = calibrated([recorded], [run_of(recorded, cpu_ms=3000.0)])

    assert found.cpu_ms <= 2 * recorded.cpu_ms
