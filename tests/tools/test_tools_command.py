"""The command `meantime` itself: it knows its tools, and loads the one that is called."""

from __future__ import annotations

import subprocess
import sys

import pytest


def meantime(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "meantime", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_help_lists_every_tool():
    shown = meantime("--help").stdout
    assert all(f" {name} " in shown for name in ("check", "emulator", "downstream", "measure"))


def test_a_tool_that_is_none_is_told_with_the_one_that_may_be_meant():
    done = meantime("mesure")
    assert done.returncode == 2
    assert "No such command 'mesure'" in done.stderr
    assert "measure" in done.stderr.replace("mesure", "")


@pytest.mark.parametrize("tool", ["check", "emulator", "downstream", "measure"])
def test_every_tool_has_help_under_its_name(tool):
    assert f"meantime {tool} " in meantime(tool, "--help").stdout
