"""How an invocation spends its time is told by its numbers, in a sentence."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.diagnosis import diagnose

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording, run_of


def test_a_function_that_waits_is_told_for_what():
    found = diagnose(run_of(recording([call(i, waits=40.0, computes=1.0) for i in range(12)])))

    assert found.kind == "waits"
    assert found.text.startswith("It waits: 98% of 492 ms, most of it for 12 x GET api.example.")


def test_a_function_that_computes_is_told_that_concurrency_cannot_win_more_than_the_waits():
    found = diagnose(run_of(recording([call(0, waits=20.0)], computes=400.0)))

    assert found.kind == "computes"
    assert "95% of 420 ms" in found.text
    assert "Calls side by side could win no more than the waits" in found.text


def test_one_that_does_both_is_mixed():
    found = diagnose(run_of(recording([call(0, waits=200.0)], computes=200.0)))

    assert found.kind == "mixed"
    assert "waits for 50% of 400 ms and computes for 50%" in found.text


def test_a_fast_one_is_to_be_left_alone():
    found = diagnose(run_of(recording([call(0, waits=8.0)])))

    assert found.kind == "fast_enough"
    assert "nothing to win" in found.text


def test_being_held_up_for_a_share_of_the_cpu_counts_as_computing():
    found = diagnose(run_of(recording([call(0, waits=40.0)], computes=50.0, throttled=350.0, memory_mb=221)))

    assert found.kind == "computes"
    assert "50 ms of CPU, which take 400 ms at 12% of a core" in found.text


def test_being_held_up_by_others_of_the_machine_makes_no_function_with_a_whole_core_compute():
    recorded = recording([call(0, waits=100.0, computes=9.0)], throttled=160.0, memory_mb=1769)

    assert diagnose(run_of(recorded)).kind == "waits"


@pytest.mark.parametrize(("cpu_ms", "kind"), [(5.0, "waits"), (480.0, "computes"), (250.0, "mixed")])
def test_without_a_recording_the_cpu_time_tells(cpu_ms, kind):
    assert diagnose(run_of(None, p50_ms=500.0, cpu_ms=cpu_ms)).kind == kind
