"""A handler whose module is not there is told at once; one that may be elsewhere is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from meantime.tools.emulator import Function
from meantime.tools.emulator.command import app
from meantime.tools.emulator.handler_file import check_handler

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def code(tmp_path: Path) -> Path:
    code = tmp_path / "build"
    for name in ("app.py", "native.abi3.so", "package/__init__.py", "package/inner/app.py", "space/app.py"):
        file = code / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("raise RuntimeError('it was imported')")
    (code / "spread").mkdir()
    (code / "spread" / "__init__.py").write_text("__path__ = __import__('pkgutil').extend_path(__path__, __name__)")
    return code


@pytest.mark.parametrize(
    "handler",
    [
        "app.handler",
        "native.handler",
        "package.handler",
        "package.inner.app.handler",
        "package/inner/app.handler",
        "space.app.handler",
        "space/app.handler",
        "spread.elsewhere.handler",  # a package that says itself where its modules are
        "typer.main.handler",  # installed beside the function, as a layer's wrapper is
    ],
)
def test_a_handler_that_is_there_or_may_be_is_taken(code: Path, handler: str) -> None:
    check_handler(Function(handler, code=code))


@pytest.mark.parametrize(
    ("handler", "missing"),
    [
        ("ap.handler", "ap.py"),
        ("package.ap.handler", "package/ap.py"),
        ("package/inner/ap.handler", "package/inner/ap.py"),
        ("space.ap.handler", "space/ap.py"),
        ("nowhere.app.handler", "nowhere/app.py"),
    ],
)
def test_a_file_that_is_missing_is_named(code: Path, handler: str, missing: str) -> None:
    with pytest.raises(ValueError, match="there is no") as raised:
        check_handler(Function(handler, code=code))
    assert str(raised.value) == f"there is no {missing} in {code} (--code)"


def test_where_variables_say_where_to_look_nothing_is_said(code: Path) -> None:
    check_handler(Function("ap.handler", code=code, environment={"PYTHONPATH": "/opt"}))


def test_a_namespace_may_be_installed_in_part(code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "installed" / "space").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "installed"), *sys.path])
    check_handler(Function("space.elsewhere.handler", code=code))


@pytest.mark.parametrize("command", [("invoke",), ("serve", "--port", "0"), ("run", "--queue", "http://a/b")])
@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        ("ap.handler", "there is no ap.py in {code} (--code)"),
        (
            "app.py:handler",
            "handler 'app.py:handler' is not of the form package.module.function; app.handler, perhaps?",
        ),
    ],
)
def test_every_command_refuses_it(code: Path, command: tuple[str, ...], handler: str, complaint: str) -> None:
    result = CliRunner().invoke(app, [command[0], handler, "--code", str(code), *command[1:]])
    assert (result.exit_code, result.stderr) == (2, f"Error: {complaint.format(code=code)}\n")


@pytest.mark.parametrize("command", ["invoke", "serve", "run"])
def test_every_command_names_its_own_option_where_the_memory_is_wrong(code: Path, command: str) -> None:
    result = CliRunner().invoke(app, [command, "app.handler", "--code", str(code), "--memory", "50"])
    assert result.exit_code == 2
    assert "Invalid value for '--memory'" in result.stderr


def test_a_file_is_no_handler_and_its_functions_are_named(code: Path) -> None:
    (code / "app.py").write_text("def handler(event, context): ...\nasync def other(event, context): ...\n")

    with pytest.raises(ValueError, match=r"app\.py is a file: name a function in it, as app\.handler; there is "):
        check_handler(Function("app.py", code=code))
