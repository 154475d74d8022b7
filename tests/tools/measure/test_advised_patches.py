"""The changes of the advice are written as patches, and its commands name them as they were called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from meantime.tools.measure.advised_patches import called_as, with_patches
from meantime.tools.measure.pricing import current_prices
from meantime.tools.report.advice import Advice, Estimate
from meantime.tools.report.results import Example, Machine, Results

DIFF = "--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-one = 1\n+one = 2"
VERIFY = "meantime measure app.handler --memory 1769 --with-change ../changed"


def results(*advice: Advice) -> Results:
    machine = Machine(
        date="2026-11-25", python="3.13", platform="", cpu="", cores=2, cpu_limit="", memory_limit="", freeze=""
    )
    return Results(
        machine=machine,
        prices=current_prices(),
        examples=(Example(name="app.handler", title="app.handler", advice=advice),),
        runs=(),
    )


def advice(change: str) -> Advice:
    seen = Estimate(value=1, low=1, high=1)
    return Advice(
        code="side-by-side", title="Do", text="It.", change=change, verify=VERIFY, duration_ms=seen, memory_mb=1769
    )


def test_a_diff_is_written_as_a_patch_that_git_applies(tmp_path):
    (found,) = with_patches(results(advice(DIFF)), tmp_path, program=".venv/bin/meantime").examples[0].advice

    assert found.patch == str(tmp_path / "advice-1.patch")
    assert found.verify == f".venv/bin/meantime measure app.handler --memory 1769 --with-change {found.patch}"
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("one = 1\n")
    subprocess.run(["git", "apply", found.patch], cwd=tmp_path / "code", check=True)  # noqa: S607  # any git
    assert (tmp_path / "code" / "app.py").read_text() == "one = 2\n"


def test_a_snippet_is_verified_in_a_copy():
    (found,) = with_patches(results(advice("use threads")), Path("nowhere")).examples[0].advice

    assert (found.patch, found.verify) == ("", VERIFY)
    assert found.text == "It. To verify it, make the change in a copy of the code folder, ../changed."


def test_older_patches_go_but_for_those_in_use(tmp_path):
    with_patches(results(advice(DIFF), advice(DIFF.replace("2", "3"))), tmp_path)
    in_use = tmp_path / "advice-1.patch"
    before = in_use.read_text()

    again = with_patches(results(advice(DIFF.replace("2", "4")), advice(DIFF)), tmp_path, in_use=[in_use])

    assert [each.patch for each in again.examples[0].advice] == [str(tmp_path / "advice-2.patch"), str(in_use)]
    assert in_use.read_text() == before
    assert "+one = 4" in (tmp_path / "advice-2.patch").read_text()


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (str(Path.cwd() / ".venv" / "bin" / "meantime"), ".venv/bin/meantime"),
        ("/somewhere else/meantime", "'/somewhere else/meantime'"),
        ("pytest", "meantime"),
    ],
)
def test_commands_begin_as_this_one_was_called(first, told, monkeypatch):
    monkeypatch.setattr(sys, "argv", [first])
    monkeypatch.setenv("PATH", "")

    assert called_as() == told


def test_python_with_the_module_is_told_as_such(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/anywhere/meantime/__main__.py"])

    assert called_as().endswith(" -m meantime")
