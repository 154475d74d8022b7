"""`make demo`: what it writes, what it says of bad input, and that it leaves nothing behind, whenever it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from meantime.tools.report.results import Results

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


@pytest.fixture
def demo(tmp_path):
    """Starts the demo with a temporary folder of its own, by which whatever it leaves can be found."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        temporary = tmp_path / "temporary"
        temporary.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, str(DEMO), "--output", str(tmp_path / "out"), *arguments],
            env={**os.environ, "TMPDIR": str(temporary), "TERM": "dumb", "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def left(demo: subprocess.Popen[str], temporary: Path) -> list[str]:
    """What there still is of a demo: processes that know its folder, control groups that bear its number, files."""
    found = [f"file {path}" for path in temporary.iterdir()]
    found += [f"group {path}" for path in Path("/sys/fs/cgroup").rglob(f"meantime-{demo.pid}-*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(temporary).encode() in known and int(process.name) != demo.pid:
            found.append(f"process {process.name} {known[:200]!r}")
    return found


def test_it_runs_every_variant_and_writes_the_results_and_the_page(demo, tmp_path):
    twice = ("--example", "several_apis", "--memory", "1769")  # what is asked for twice is run once
    process = demo(*twice, "--example", "thumbnails", *twice, "--invocations", "2")
    output, _ = process.communicate(timeout=100)

    assert process.returncode == 0, output
    results = Results.read(tmp_path / "out" / "results.json")
    page = (tmp_path / "out" / "index.html").read_text()
    assert [(run.example, run.variant, run.memory_mb) for run in results.runs] == [
        (example, variant, 1769)
        for example in ("several_apis", "thumbnails")
        for variant in ("sequential", "threads", "tasks")
    ]
    assert all(len(run.durations_ms) == 2 for run in results.runs)
    assert all(run.recording.calls for run in results.runs)
    assert [run.ideal_ms is None for run in results.runs] == [False] * 3 + [True] * 3
    assert [example.title in output and example.title in page for example in results.examples] == [True, True]
    assert left(process, tmp_path / "temporary") == []


def test_its_machine_readable_result_has_what_the_schema_says(demo, tmp_path):
    process = demo("--example", "dynamodb_queries", "--memory", "512", "--invocations", "2")
    output, _ = process.communicate(timeout=100)

    assert process.returncode == 0, output
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {"machine", "prices", "runs"} <= set(written)
    assert written["prices"]["date"]
    for run in written["runs"]:
        assert {
            "example", "variant", "memory_mb", "durations_ms", "cold_ms", "p50_ms", "p95_ms", "ideal_ms", "billed_ms",
            "cost_per_million_usd", "cpu_ms", "calls",
        } <= set(run)  # fmt: skip
        assert [call["name"] for call in run["calls"]] == ["dynamodb Query"] * 12
        assert run["p50_ms"] >= run["ideal_ms"]


@pytest.mark.parametrize("seconds", [0.2, 0.6, 1.0, 1.4, 1.8, 2.4, 3.2])
def test_ctrl_c_leaves_nothing_whenever_it_comes(demo, tmp_path, seconds):
    process = demo("--memory", "512", "--invocations", "50")
    time.sleep(seconds)  # the moment itself is the input; whatever it hits must be cleaned up
    process.send_signal(signal.SIGINT)
    try:
        output, _ = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:  # Python loses an interrupt that comes in a weakref callback of an import
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)

    assert process.returncode != 0, output
    deadline = time.monotonic() + 20
    while left(process, tmp_path / "temporary") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(process, tmp_path / "temporary") == []


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_it_is_ended_nothing_is_left(demo, tmp_path, ending):
    process = demo("--memory", "512", "--invocations", "50")
    time.sleep(2.5)  # in the middle of its work
    process.send_signal(ending)
    process.communicate(timeout=60)

    deadline = time.monotonic() + 20
    while left(process, tmp_path / "temporary") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(process, tmp_path / "temporary") == []


def test_an_unknown_example_is_refused_with_those_there_are(demo):
    process = demo("--example", "nothing")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "there is no example 'nothing'" in output
    assert "several_apis" in output


def test_a_folder_that_cannot_be_is_refused_before_anything_runs(demo):
    process = demo("--output", "/dev/null")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "/dev/null cannot be the folder for the results" in " ".join(output.split())
