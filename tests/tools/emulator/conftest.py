"""Functions to be emulated, and the guard that every test leaves the machine as it found it."""

from __future__ import annotations

import os
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.emulator import Function
from meantime.tools.emulator.cgroups import hierarchies
from meantime.tools.emulator.watchdog_process import process_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Deploy = Callable[..., Function]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """Writes a function's source into a code folder and returns the function, whose handler is `app.handler`."""
    code = tmp_path / "code"
    code.mkdir()

    def write(source: str, *, handler: str = "app.handler", **settings: Any) -> Function:
        (code / "app.py").write_text(textwrap.dedent(source))
        return Function(handler, code=code, **settings)

    return write


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = descendants(os.getpid())
    yield
    wait_for(lambda: descendants(os.getpid()) <= before)
    assert groups_of(os.getpid()) == []
    assert [entry.name for entry in temporary.iterdir()] == []


def groups_of(process: int) -> list[Path]:
    """Return the control groups that an emulator in that process made."""
    return [group for hierarchy in hierarchies() for group in hierarchy.folder.glob(f"meantime-{process}-*")]


def descendants(process: int) -> set[int]:
    """Return the processes that were started by that process, or by those it started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := process_fields(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    new = {process}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def wait_for(condition: Callable[[], bool], timeout: float = 20.0) -> None:
    """Return as soon as `condition` holds; fail if it does not within a generous time."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
