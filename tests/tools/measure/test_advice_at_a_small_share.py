"""With a small share of a core neither more memory nor calls side by side help alone: they are advised together."""

import sys
from pathlib import Path

import pytest

from meantime.tools.measure.advice import advise
from meantime.tools.measure.pricing import current_prices

sys.path.insert(0, str(Path(__file__).with_name("fakes")))

from builders import call, recording, run_of

READS = """
def lambda_handler(event, context):
    return [s3.get_object(Bucket="data", Key=key)["Body"].read() for key in event["keys"]]
"""
CPU_MS = 46.0
PER_MS = 1769 / 128  # milliseconds that a millisecond of CPU takes there


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "app.py").write_text(READS)
    return tmp_path


@pytest.fixture
def advice(folder):
    """What 24 reads of 21 ms are told, which take 46 ms of CPU: 640 ms at 128 MB, most of it without CPU."""
    calls = [
        call(
            number,
            waits=21.0 if number % 4 == 0 else 7.0,
            computes=CPU_MS / 24,
            start=number * CPU_MS / 24 * PER_MS,
            held_up_ms=0.0 if number % 4 == 0 else 17.0,
            name="s3 GetObject",
            kind="aws",
            library="boto3",
            stack=("app.py:3 in lambda_handler",),
        )
        for number in range(24)
    ]
    recorded = recording(calls, memory_mb=128)
    run = run_of(recorded, p50_ms=CPU_MS * PER_MS, cpu_ms=CPU_MS)
    return advise([run], folder, prices=current_prices())


def test_both_are_advised_first_and_at_once(advice):
    first = advice[0]

    assert (first.code, first.executor) == ("more-memory", "threads")
    assert 512 <= first.memory_mb <= 1024
    assert 6 <= first.max_concurrency <= 24
    assert "threads.map" in first.change
    assert first.verify.split("--memory ")[1].startswith(f"128,{first.memory_mb}")


def test_they_are_several_times_faster_and_no_dearer(advice):
    first = advice[0]

    assert first.duration_ms.high < first.before_ms / 3
    assert first.cost_per_million_usd.value <= first.before_cost_per_million_usd


def test_no_less_is_promised_than_computing_could_take_there(advice):
    first = advice[0]

    assert first.duration_ms.high >= CPU_MS * 1769 / first.memory_mb


def test_side_by_side_alone_is_not_advised_for_it_would_compute_as_long(advice):
    assert "side-by-side" not in [each.code for each in advice]
    assert "keep-sequential" not in [each.code for each in advice]
