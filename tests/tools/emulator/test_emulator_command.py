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
        if event == "no number":
            return {"numbers": [float("nan"), float("inf"), -float("inf")]}
        if event == "half":
            return b'"\\\\ud800"'
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


def test_an_event_may_be_longer_than_any_file_name(code: Path) -> None:
    text = "x" * 5000
    result = invoke(code, "--event", json.dumps(text), "--format", "json")
    assert json.loads(result.stdout)["invocations"][0]["payload"]["got"] == text


def test_standard_input_that_is_no_text_is_named(code: Path) -> None:
    result = CliRunner().invoke(app, ["invoke", "app.handler", "--code", str(code), "--event", "-"], input=b"\xff")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: standard input is not UTF-8")


def test_an_event_file_may_begin_with_a_byte_order_mark(code: Path, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(b'\xef\xbb\xbf{"from": "windows"}')
    assert '"from": "windows"' in invoke(code, "--event", str(file)).stdout


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{\n  1", "event.json is not JSON: Expecting property name enclosed in double quotes: line 2 column 3"),
        (b'"\xff"', "event.json is not UTF-8"),
        (b'"' + b"x" * 7_000_000 + b'"', "the event has 7000002 bytes of JSON"),
    ],
    ids=["no JSON", "no UTF-8", "too large"],
)
def test_a_bad_event_file_is_named_in_one_line_and_exits_with_2(
    code: Path, tmp_path: Path, content: bytes, complaint: str
) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(content)
    result = invoke(code, "--event", str(file))
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert "nor is there such a file" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_answer_that_is_no_number_is_strict_json(code: Path) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    result = invoke(code, "--event", '"no number"', "--format", "json")
    document = json.loads(result.stdout, parse_constant=refuse)
    assert document["invocations"][0]["payload"] == {"numbers": ["nan", "inf", "-inf"]}


def test_half_a_surrogate_pair_is_shown_as_its_escape(code: Path) -> None:
    result = invoke(code, "--event", '"half"')
    assert result.exit_code == 0
    assert '"\\ud800"' in result.stdout


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
        (("--event", "{"), "the event '{' is not JSON, nor is there such a file"),
        (("--event", "missing.json"), "Error: there is no event file 'missing.json'"),
        (("--event", "NaN"), "Error: the event is nothing JSON can hold"),
        (
            ("--event", "[" * 100_000),
            f"Error: the event '{'[' * 80}…' is not JSON, nor is there such a file: it is nested too deeply",
        ),
        (("--memory", "64"), "Invalid value for '--memory'"),
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
