"""Which rules ruff is set to apply: compared with ruff itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.ruff_settings import RuffSettings
from meantime.tools.check.selection import shown
from meantime.tools.check.settings import Settings

CODES = ("ASYNC210", "ASYNC251", "S113", "RUF006")


def by_ruff(root, file):
    """The codes of these that ruff applies to a file."""
    command = [Path(sys.executable).parent / "ruff", "check", "--show-settings", file]
    text = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    enabled = text.partition("linter.rules.enabled = [")[2].partition("]")[0]
    return {code for code in CODES if code in re.findall(r"\((\w+)\)", enabled)}


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["ALL"]\n'},
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["ASYNC"]\n'},
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["ASYNC2", "S1"]\nignore = ["ASYNC25"]\n'},
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["A", "SIM", "RUF006"]\n'},
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["E"]\nextend-select = ["S113"]\n'},
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["S113"]\nignore = ["S113"]\n'},
        {"pyproject.toml": '[tool.ruff.lint]\nselect = ["S113"]\nignore = ["ALL"]\n'},
        {"pyproject.toml": '[tool.ruff]\nselect = ["S"]\n'},
        {"ruff.toml": '[lint]\nselect = ["RUF"]\n', "pyproject.toml": '[tool.ruff.lint]\nselect = ["S"]\n'},
        {".ruff.toml": 'lint.select = ["ASYNC"]\n', "ruff.toml": 'lint.select = ["S"]\n'},
        {"ruff.toml": 'lint.select = ["ASYNC"]\n', "lib/ruff.toml": 'lint.select = ["S"]\n'},
        {"ruff.toml": 'lint.select = ["ASYNC"]\n', "lib/pyproject.toml": '[project]\nname = "x"\nversion = "1"\n'},
        {
            "ruff.toml": 'lint.select = ["ASYNC"]\n',
            "lib/ruff.toml": 'extend = "../ruff.toml"\nlint.extend-select = ["S"]\nlint.ignore = ["ASYNC251"]\n',
        },
        {
            "ruff.toml": 'lint.select = ["ASYNC"]\nlint.ignore = ["S113"]\n',
            "lib/ruff.toml": 'extend = "../ruff.toml"\nlint.select = ["ALL"]\n',
        },
        {
            "ruff.toml": 'lint.select = ["ASYNC"]\n',
            "lib/ruff.toml": 'extend = "../ruff.toml"\nlint.select = ["S113"]\n',
        },
        {
            "base.toml": 'lint.select = ["ASYNC"]\n',
            "other/ruff.toml": 'extend = "../base.toml"\nlint.extend-select = ["S113"]\n',
            "lib/ruff.toml": 'extend = "../other/ruff.toml"\n',
        },
        {
            "other/base.toml": 'lint.select = ["ASYNC"]\n',
            "other/ruff.toml": 'extend = "base.toml"\n',
            "lib/ruff.toml": 'extend = "../other/ruff.toml"\n',
        },
    ],
    ids=str,
)
def test_it_is_as_ruff_says(tmp_path, files):
    for name, text in {"lib/app.py": "x = 1\n", **files}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    settings = RuffSettings(tmp_path)
    assert {code for code in CODES if settings.reports("lib/app.py", [code])} == by_ruff(tmp_path, "lib/app.py")


@pytest.mark.parametrize(
    "text",
    ["", "lint = 3\n", "lint.select = 3\n", "lint.select = [3]\n", "lint.select = [\n", 'extend = "ruff.toml"\n'],
)
def test_where_nothing_is_selected_nothing_is_taken_to_be_reported(tmp_path, text):
    (tmp_path / "ruff.toml").write_text(text, encoding="utf-8")
    assert not RuffSettings(tmp_path).reports("app.py", CODES)


REPEATED = Finding("MT201", "It blocks.", Place("app.py", 3), also_found_by=("ASYNC210",))


def test_what_ruff_is_set_to_find_is_counted_and_not_shown(tmp_path):
    (tmp_path / "ruff.toml").write_text('lint.select = ["ASYNC"]\n', encoding="utf-8")
    assert shown([REPEATED], Settings(), tmp_path) == ((), 0, 1)
    assert shown([REPEATED], Settings(all=True), tmp_path) == ((REPEATED,), 0, 0)


def test_what_ruff_could_find_and_is_not_set_to_is_shown(tmp_path):
    (tmp_path / "ruff.toml").write_text('lint.select = ["S"]\n', encoding="utf-8")
    assert shown([REPEATED], Settings(), tmp_path) == ((REPEATED,), 0, 0)
