"""What is written about the check beside its pages is as the code is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import yaml

from meantime.tools.check.ruff_settings import RuffSettings
from meantime.tools.check.rule import all_rules
from meantime.tools.check.settings import Settings, read_settings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/check.md").read_text(encoding="utf-8")
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script(name):
    spec = spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_rules_is_up_to_date():
    assert script("update_rules").updated(PAGE) == PAGE, "run: make rules"


def test_every_option_is_described():
    shown = subprocess.run(
        [sys.executable, "-m", "meantime", "check", "--help"], capture_output=True, text=True, check=True
    )
    options = set(re.findall(r"│ (--[a-z-]+)", shown.stdout)) - {"--help"}
    assert len(options) > 10
    assert {option for option in options if f"`{option}" not in PAGE} == set()


def test_the_settings_shown_are_settings(tmp_path):
    (shown,) = (block for block in TOML.findall(PAGE) if "tool.meantime" in block)
    (tmp_path / "pyproject.toml").write_text(shown, encoding="utf-8")
    settings = read_settings(tmp_path)
    assert settings.exclude == ("legacy/", "*_pb2.py")
    keys = {name.replace("_", "-") for name in Settings.__dataclass_fields__} - {"file", "folder"}
    assert all(key in shown for key in keys)


def test_the_settings_of_ruff_shown_switch_on_what_it_finds_of_all_this(tmp_path):
    (shown,) = (block for block in TOML.findall(PAGE) if "tool.ruff" in block)
    (tmp_path / "pyproject.toml").write_text(shown, encoding="utf-8")
    ruff = RuffSettings(tmp_path)
    companions = {code for rule in all_rules().values() for code in rule.companions} - {"RUF100"}  # is about comments
    assert companions
    assert {code for code in companions if not ruff.reports("app.py", [code])} == set()
    command = [sys.executable, "-m", "ruff", "check", "--show-settings", "pyproject.toml"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_the_site_has_every_rules_page(tmp_path):
    pytest.importorskip("mkdocs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(path.stem for path in (tmp_path / "site/rules").glob("*.html")) == list(all_rules())
    assert 'href="rules/MT001.html"' in (tmp_path / "site/check.html").read_text(encoding="utf-8")


def test_the_hook_for_pre_commit_calls_the_command():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *arguments = hook["entry"].split()
    assert shutil.which(program, path=str(Path(sys.executable).parent))
    assert arguments == ["check"]
    assert hook["pass_filenames"] is False, "one file's change makes another one's mistake"
