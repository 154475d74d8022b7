"""The watchdog ends when it is told to, whoever else holds its pipe and whatever has become of it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from tests.tools.emulator.conftest import descendants

from meantime.tools.emulator.watchdog import Watchdog


def pipes() -> dict[str, int]:
    """Return this process's pipes, each with a descriptor of it."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:  # the listing's own
            continue
        if target.startswith("pipe:"):
            found[target] = int(entry.name)
    return found


@pytest.fixture
def pipe_and_watchdog() -> tuple[str, Watchdog]:
    before = pipes()
    watchdog = Watchdog()
    [pipe] = pipes().keys() - before.keys()
    return pipe, watchdog


def test_it_ends_though_somebody_else_holds_its_pipe(pipe_and_watchdog: tuple[str, Watchdog]) -> None:
    pipe, watchdog = pipe_and_watchdog
    held = os.dup(pipes()[pipe])
    before = time.monotonic()
    watchdog.close(patience=15)
    assert time.monotonic() - before < 10
    os.close(held)


def test_a_forked_child_lets_go_of_its_pipe(pipe_and_watchdog: tuple[str, Watchdog]) -> None:
    pipe, watchdog = pipe_and_watchdog
    child = os.fork()
    if child == 0:
        os._exit(pipe in pipes())
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert pipe in pipes()
    watchdog.close()


def test_one_that_does_not_end_is_killed() -> None:
    before = descendants(os.getpid())
    watchdog = Watchdog()
    [process] = descendants(os.getpid()) - before
    os.kill(process, signal.SIGSTOP)
    watchdog.close(patience=0.05)
    assert descendants(os.getpid()) <= before
