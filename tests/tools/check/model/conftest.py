"""Reads sources as a user's project; `reveal(x)` in them asks what `x` may hold."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from meantime.tools.check.reading import read_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meantime.tools.check.model.project import Project


@pytest.fixture
def project_of(tmp_path) -> Callable[[str | Mapping[str, str]], Project]:
    """Gives the project that files are; a text alone is `app.py`."""

    def read(files: str | Mapping[str, str]) -> Project:
        for name, text in ({"app.py": files} if isinstance(files, str) else files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return read_project([tmp_path], root=tmp_path)

    return read


@pytest.fixture
def held(project_of) -> Callable[[str | Mapping[str, str]], list[set[str]]]:
    """Gives the paths of what each `reveal(…)` is given, in the order of files and lines."""

    def reveal(files: str | Mapping[str, str]) -> list[set[str]]:
        project = project_of(files)
        return [
            set(project.paths(call.arguments[0], call.within))
            for call in sorted(
                (call for function in project.functions.values() for call in function.calls),
                key=lambda call: (call.within.file, call.line),
            )
            if call.function.name == "reveal"
        ]

    return reveal
