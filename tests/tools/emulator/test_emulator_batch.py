"""The command with many invocations: what is seen meanwhile, and what is left when they are interrupted."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
from tests.tools.emulator.conftest import descendants, wait_for
from tests.tools.emulator.test_emulator_cleanup import left_by

from meantime.tools.emulator import Function
from meantime.tools.emulator.invocation import Invocation
from meantime.tools.emulator.mechanisms import Mechanisms
from meantime.tools.emulator.presentation import as_json, show

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.emulator.conftest import Deploy

SOURCE = """
    import pathlib, time
    calls = 0
    def handler(event, context):
        global calls
        calls += 1
        if event == "hang" and calls == 2:
            pathlib.Path("second").touch()
            time.sleep(60)
        return calls
"""


@pytest.fixture
def code(deploy: Deploy) -> Path:
    return deploy(SOURCE).code


def start(code: Path, *arguments: str, errors: int = subprocess.PIPE) -> subprocess.Popen[str]:
    program = "from meantime.tools.emulator.command import app; app()"
    return subprocess.Popen(
        [sys.executable, "-c", program, "invoke", "app.handler", "--code", str(code), *arguments],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, "TMPDIR": tempfile.gettempdir(), "TERM": "xterm", "COLUMNS": "100"},
        start_new_session=True,
    )


def interrupted_in_the_second(code: Path, *arguments: str) -> str:
    """Return what is printed after Ctrl-C."""
    process = start(code, "--event", '"hang"', "--timeout", "60", "--count", "3", *arguments)
    wait_for((code / "second").exists)
    family = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    wait_for(lambda: left_by(process.pid, family) == [])
    return printed


def test_ctrl_c_prints_what_was_done_so_far(code: Path) -> None:
    assert "1 invoked, 1 succeeded, 1 cold" in interrupted_in_the_second(code)


def test_ctrl_c_prints_what_was_done_so_far_as_json(code: Path) -> None:
    assert json.loads(interrupted_in_the_second(code, "--format", "json"))["summary"]["count"] == 1


def shown_on_a_terminal(code: Path, *arguments: str) -> str:
    """Return what a terminal gets as standard error."""
    ours, theirs = pty.openpty()
    process = start(code, "--format", "json", *arguments, errors=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    json.loads(process.communicate(timeout=30)[0])
    return shown.decode()


def test_many_invocations_show_their_progress_on_a_terminal(code: Path) -> None:
    assert "3/3" in shown_on_a_terminal(code, "--count", "3")


def test_a_single_invocation_shows_no_progress(code: Path) -> None:
    assert shown_on_a_terminal(code) == ""


def nested(depth: int) -> object:
    answer: object = []
    for _ in range(depth):
        answer = [answer]
    return answer


@pytest.mark.parametrize("depth", [300, 5000])
def test_an_answer_however_deeply_nested_does_not_end_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: int
) -> None:
    function, mechanisms = Function("a.b", code=tmp_path), Mechanisms(freeze="none", cpu="none", memory="none")
    invocation = Invocation(
        payload=nested(depth),
        error=None,
        duration_ms=1.0,
        billed_ms=1,
        cold=False,
        init_ms=None,
        environment_id="e",
        request_id="r",
        log="",
        max_memory_used_mb=1,
        cpu_ms=1.0,
        started=0.0,
        finished=1.0,
    )
    show(function, mechanisms, [invocation], log=True)
    assert "1 invoked, 1 succeeded" in capsys.readouterr().out
    document = json.loads(as_json(function, mechanisms, [invocation]))
    assert document["invocations"][0]["payload"] in ("(nested too deeply to be shown)", nested(depth))
