"""Whatever happens to the emulator or to the program around it, nothing of it is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.tools.emulator.conftest import descendants, groups_of, wait_for

from meantime.tools.emulator import Emulator

if TYPE_CHECKING:
    from tests.tools.emulator.conftest import Deploy

# The child is in a process group of its own, so that killing the runtime's group does not reach it.
FAMILY = """
    import subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], process_group=0)
    def handler(event, context):
        time.sleep(event)
        return "done"
"""

SCRIPT = """
import sys
from pathlib import Path
from meantime.tools.emulator import Emulator, Function
if __name__ == "__main__":
    with Emulator(Function("app.handler", code=Path(sys.argv[1]), timeout=600), **eval(sys.argv[2])) as emulator:
        emulator.invoke(0)
        print("invoked", flush=True)
        emulator.invoke(600)
"""


@pytest.fixture
def script(deploy: Deploy, tmp_path: Path):
    code = deploy(FAMILY).code
    file = tmp_path / "script.py"
    file.write_text(SCRIPT)
    started = []

    def run(**options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(file), str(code), repr(options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": tempfile.gettempdir()},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def alive(process: int) -> bool:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def insist(process: subprocess.Popen[str], death: signal.Signals) -> None:
    """Send the signal until the process ends: Python loses an interrupt that comes in a weakref callback."""
    for _ in range(6):
        process.send_signal(death)
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            continue
        return
    pytest.fail(f"{death.name} was sent six times, and the process is still there")


@pytest.fixture
def own_family():
    """Gives the processes that this test has started: other tests' servers may be ours, too."""
    before = descendants(os.getpid())
    return lambda: descendants(os.getpid()) - before


def left_by(process: int, family: set[int]) -> list[object]:
    temporary = Path(tempfile.gettempdir()).glob(f"meantime-{process}-*")
    return [*filter(alive, family), *groups_of(process), *temporary]


def test_leaving_ends_everything_also_a_child_that_left_the_group(deploy: Deploy, own_family) -> None:
    with Emulator(deploy(FAMILY)) as emulator:
        emulator.invoke(0)
        family = own_family()
        assert len(family) >= 3, "the runtime, its child and the watchdog"
        assert left_by(os.getpid(), family)
    assert left_by(os.getpid(), family) == []


def test_a_child_in_a_session_of_its_own_is_ended_too_where_there_are_control_groups(
    deploy: Deploy, own_family
) -> None:
    with Emulator(deploy(FAMILY.replace("process_group=0", "start_new_session=True"))) as emulator:
        if emulator.mechanisms.freeze not in ("cgroup-v2", "cgroup-v1"):
            pytest.skip("this machine has no control groups to find it by")
        emulator.invoke(0)
        family = own_family()
    assert left_by(os.getpid(), family) == []


def test_an_exception_ends_everything(deploy: Deploy, own_family) -> None:
    family: set[int] = set()

    def use() -> None:
        with Emulator(deploy(FAMILY)) as emulator:
            emulator.invoke(0)
            family.update(own_family())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert len(family) >= 3
    assert left_by(os.getpid(), family) == []


@pytest.mark.parametrize("death", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("options", [{}, {"freeze": "sigstop", "cpu": "budget", "memory": "none"}])
def test_a_killed_program_leaves_nothing(script, death: signal.Signals, options: dict[str, str]) -> None:
    process = script(**options)
    assert process.stdout.readline() == "invoked\n"
    wait_for(lambda: len(descendants(process.pid)) >= 3)
    family = descendants(process.pid)
    process.send_signal(death)
    _, errors = process.communicate(timeout=30)
    wait_for(lambda: left_by(process.pid, family) == [])
    if death is signal.SIGINT:
        assert re.search(r"KeyboardInterrupt\s*$", errors), errors


@pytest.mark.parametrize("death", [signal.SIGINT, signal.SIGKILL])
def test_a_program_killed_while_starting_leaves_nothing(script, death: signal.Signals) -> None:
    """At moments spread over the start, from before the emulator's first step to after the first invocation."""
    for step in range(12):
        process = script()
        family: set[int] = set()
        deadline = time.monotonic() + 0.15 + step * 0.03
        while time.monotonic() < deadline:
            family |= descendants(process.pid)
        insist(process, death)
        wait_for(lambda: left_by(process.pid, family) == [])  # noqa: B023  # called at once


def test_a_second_interrupt_while_closing_leaves_nothing(script) -> None:
    process = script()
    assert process.stdout.readline() == "invoked\n"
    family = descendants(process.pid)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.003)
    process.communicate(timeout=30)
    wait_for(lambda: left_by(process.pid, family) == [])


def test_closing_does_not_wait_for_a_child_that_the_program_forked(deploy: Deploy) -> None:
    child = 0
    with Emulator(deploy(FAMILY)) as emulator:
        emulator.invoke(0)
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
        before = time.monotonic()
    closing = time.monotonic() - before
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert closing < 10
