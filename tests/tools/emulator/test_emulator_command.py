"""The command `meantime emulator invoke`, as its user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
from tests.tools.emulator.conftest import descendants, wait_for
from tests.tools.emulator.test_emulator_cleanup import left_by
from typer.testing import CliRunner

from meantime.tools.emulator.command import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy
    from typer.testing import Result

SOURCE = """
    import os, time
    print("loading")
    def handler(event, context):
        print("handling")
        if event == "fail":
            raise KeyError("no")
        if event == "sleep":
            time.sleep(60)
        return {"got": event, "variable": os.environ.get("TABLE"), "memory": context.memory_limit_in_mb}
"""


@pytest.fixture
def code(deploy: Deploy) -> Path:
    return deploy(SOURCE).code


def invoke(code: Path, *arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(app, ["invoke", "app.handler", "--code", str(code), *arguments], input=text)


def test_it_prints_the_log_the_answer_the_report_and_the_mechanisms(code: Path) -> None:
    result = invoke(code, "--event", '{"a": "ü"}', "--memory", "256", "--env", "TABLE=orders=x")
    assert result.exit_code == 0
    assert "loading\nSTART RequestId: " in result.stdout
    assert "\tMemory Size: 256 MB\t" in result.stdout
    answer = {"got": {"a": "ü"}, "variable": "orders=x", "memory": "256"}
    assert json.dumps(answer, indent=2, ensure_ascii=False) in result.stdout
    assert re.search(r"1 +[0-9a-f]{8} +cold +\d+\.\d\d +\d+\.\d\d +\d+ +\d+ +ok", result.stdout)
    assert re.search(r"1 invoked, 1 succeeded, 1 cold; duration p50 \d+\.\d\d ms, p95 \d+\.\d\d ms", result.stdout)
    assert "0.14 of a core at 256 MB by " in result.stdout
    assert "frozen between invocations by " in result.stdout


def test_many_invocations_are_shared_by_as_many_environments_as_run_at_once(code: Path) -> None:
    result = invoke(code, "--count", "7", "--concurrency", "2", "--format", "json")
    document = json.loads(result.stdout)
    assert len(document["invocations"]) == 7
    assert 1 <= len({invocation["environment_id"] for invocation in document["invocations"]}) <= 2
    assert document["summary"]["count"] == document["summary"]["succeeded"] == 7
    assert document["summary"]["p50_ms"] <= document["summary"]["p95_ms"]
    assert set(document["mechanisms"]) == {"freeze", "cpu", "memory"}
    assert result.stderr == ""


@pytest.mark.parametrize(("option", "shown"), [((), False), (("--log",), True), (("--no-log",), False)])
def test_the_log_of_several_is_shown_when_asked_for(code: Path, option: tuple[str, ...], *, shown: bool) -> None:
    assert ("START RequestId" in invoke(code, "--count", "2", *option).stdout) is shown


def test_the_event_comes_from_a_file_or_from_standard_input(code: Path, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text('{"from": "file"}')
    assert '"from": "file"' in invoke(code, "--event", str(file)).stdout
    assert '"from": "pipe"' in invoke(code, "--event", "-", text='{"from": "pipe"}').stdout


def test_a_function_error_is_shown_and_exits_with_1(code: Path) -> None:
    result = invoke(code, "--event", '"fail"')
    assert result.exit_code == 1
    assert '"errorType": "KeyError"' in result.stdout
    assert "1 invoked, 0 succeeded" in result.stdout


def test_a_timeout_is_shown_and_exits_with_1(code: Path) -> None:
    result = invoke(code, "--event", '"sleep"', "--timeout", "0.3", "--format", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["invocations"][0]["error"]["error_type"] == "Sandbox.Timedout"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--event", "{"), "the event is not JSON, nor is there such a file"),
        (("--event", "missing.json"), "the event is not JSON, nor is there such a file"),
        (("--memory", "64"), "memory_mb 64 is not in 128..10240"),
        (("--timeout", "1000"), "timeout 1000.0 is not above 0"),
        (("--env", "TABLE"), "--env 'TABLE' is not of the form NAME=VALUE"),
        (("--code", "nowhere"), "nowhere is not there"),
        (("--count", "0"), "greater than or equal to 1"),
        (("--concurrency", "x"), "valid integer"),
    ],
)
def test_bad_input_is_one_clear_line_and_exits_with_2(code: Path, arguments: tuple[str, ...], complaint: str) -> None:
    result = invoke(code, *arguments)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output


def test_help_names_every_option(code: Path) -> None:
    text = CliRunner().invoke(app, ["invoke", "--help"]).stdout
    for option in ("--event", "--code", "--memory", "--timeout", "--env", "--count", "--concurrency", "--format"):
        assert option in text


def test_ctrl_c_ends_everything_it_started(code: Path) -> None:
    program = "from meantime.tools.emulator.command import app; app()"
    arguments = ["invoke", "app.handler", "--code", str(code), "--event", '"sleep"', "--timeout", "60"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments, "--count", "3", "--concurrency", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": tempfile.gettempdir()},
        start_new_session=True,
    )
    wait_for(lambda: len(descendants(process.pid)) >= 4)
    family = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    wait_for(lambda: left_by(process.pid, family) == [])
