"""Checks sources as a user's project and compares what is found with what the sources themselves say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from meantime.tools.check.reading import read_project
from meantime.tools.check.rule import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from meantime.tools.check.finding import Finding

_MARK = re.compile(r"# finds (MT\d+)( likely)?")


@pytest.fixture
def findings_of(tmp_path) -> Callable[..., list[Finding]]:
    """Gives what one rule finds in files; a text alone is `app.py`."""

    def found(code: str, files: str | Mapping[str, str]) -> list[Finding]:
        for name, text in ({"app.py": files} if isinstance(files, str) else files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(all_rules()[code].check(read_project([tmp_path], root=tmp_path)))

    return found


@pytest.fixture
def finds(findings_of) -> Callable[[str, str | Mapping[str, str]], None]:
    """Asserts that a rule finds exactly the lines that end in `# finds MT101` or `# finds MT101 likely`."""

    def check(code: str, files: str | Mapping[str, str]) -> None:
        named = {"app.py": files} if isinstance(files, str) else files
        expected = {
            (name, number, "warning" if mark[2] else "error")
            for name, text in named.items()
            for number, line in enumerate(text.splitlines(), 1)
            for mark in _MARK.finditer(line)
            if mark[1] == code
        }
        found = findings_of(code, files)
        assert {(each.place.path, each.place.line, each.level) for each in found} == expected
        assert len(found) == len(expected), "one finding a line"
        assert {each.code for each in found} <= {code}
        assert {each.level for each in found} <= set(all_rules()[code].levels)

    return check
