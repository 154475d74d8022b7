"""A version of a library that is built otherwise breaks nothing: what cannot be seen is told of."""

from __future__ import annotations

import ssl
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from meantime.measure import libraries
from meantime.measure.patching import Patches
from meantime.measure.recorder import recording

if TYPE_CHECKING:
    from pathlib import Path

    from meantime.measure.recorder import Recorder


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module by a library's name that has nothing in common with it."""
    module = ModuleType("requests.sessions")
    monkeypatch.setitem(sys.modules, "requests.sessions", module)
    return module


def not_recorded(recorder: Recorder) -> list[str]:
    return [each["text"] for each in recorder.document["observations"] if each["kind"] == "not_recorded"]


def test_a_module_without_what_is_looked_for_is_told_of(stranger: ModuleType) -> None:
    with recording() as recorder:
        pass

    assert any("requests.sessions" in text and "Session" in text for text in not_recorded(recorder))


def test_a_class_without_a_method_is_told_of(stranger: ModuleType) -> None:
    class Session:
        def __init__(self) -> None:
            self.sent: list[Any] = []

    stranger.Session = Session  # type: ignore[attr-defined]
    Session.__module__ = "requests.sessions"

    with recording() as recorder:
        assert Session().sent == []

    (text,) = [text for text in not_recorded(recorder) if "requests" in text]
    assert text.endswith("Session.send")


def test_a_module_that_is_imported_meanwhile_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pymysql").mkdir()
    (tmp_path / "pymysql" / "__init__.py").touch()
    (tmp_path / "pymysql" / "connections.py").touch()
    for name in ("pymysql", "pymysql.connections"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))

    with recording() as recorder:
        import_module("pymysql.connections")

    for name in ("pymysql", "pymysql.connections"):
        monkeypatch.delitem(sys.modules, name)
    assert any("pymysql.connections" in text for text in not_recorded(recorder))


def test_a_method_with_other_arguments_still_works(stranger: ModuleType) -> None:
    class Session:
        def send(self, *, everything: int) -> int:
            return everything

    stranger.Session = Session  # type: ignore[attr-defined]

    with recording() as recorder:
        assert Session().send(everything=7) == 7

    assert len(recorder.calls) == 1


def test_every_boundary_can_be_taken_back() -> None:
    context = ssl.create_default_context
    patches = Patches()

    libraries.install(patches)
    patches.undo()

    assert ssl.create_default_context is context


def test_nothing_is_loaded_that_the_function_does_not_use() -> None:
    import subprocess  # noqa: PLC0415  # only here

    code = (
        "import sys\nfrom meantime.measure.recorder import recording\nwith recording(): pass\n"
        "print([name for name in ('asyncio', 'http.client', 'urllib.request', 'ssl', 'concurrent.futures.thread', "
        "'botocore', 'requests') if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"
