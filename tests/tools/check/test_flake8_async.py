"""Where our rules find what flake8-async finds, they agree with its own labelled files, line by line, or say why not.

The files (MIT, see `flake8_async/LICENSE`) are those of flake8-async 26.8.1 whose rules overlap with ours; a line that
it must find has a comment `# ASYNC210: 4, …`. They are kept word for word, and end in `.txt` so that no tool takes them
for ours. Where a file leaves out an import, since its tool goes by the spelling of a name, it is added at the end.
Its other rules are about trio and anyio, or about cancellation, and have no counterpart here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from meantime.tools.check.reading import read_project
from meantime.tools.check.rule import all_rules

FILES = Path(__file__).parent / "flake8_async"
_LABEL = re.compile(r"# (?:ASYNC\d+(?:_\w+)?|error): \d+")


class Disagreement(NamedTuple):
    """Lines of a file that one tool finds and the other does not, and why ours is as it is."""

    lines: tuple[int, ...]
    why: str


# The rule of ours for each file, and the imports that the file leaves out.
OURS = {
    "async210": ("MT201", "import urllib.request\nfrom urllib import request\nfrom urllib.request import urlopen"),
    "async211": ("MT201", ""),
    "async212": ("MT201", "import httpx, httpx2, urllib3.connectionpool, urllib3.request\nfrom typing import Optional"),
    "async22x_asyncio": ("MT201", "import os, subprocess"),
    "async232_asyncio": ("MT201", ""),
    "async23x_asyncio": ("MT201", ""),
    "async240": ("MT201", ""),
    "async250": ("MT201", ""),
    "async251": ("MT201", ""),
    "async300": ("MT401", ""),
}
THEIRS_ONLY: dict[str, list[Disagreement]] = {}
OURS_ONLY: dict[str, list[Disagreement]] = {}


def lines_of(disagreements: dict[str, list[Disagreement]], name: str) -> set[int]:
    return {line for each in disagreements.get(name, []) for line in each.lines}


@pytest.mark.parametrize("name", OURS)
def test_no_line_is_judged_otherwise_without_a_reason(name, tmp_path):
    code, imports = OURS[name]
    text = (FILES / f"{name}.py.txt").read_text(encoding="utf-8")
    (tmp_path / "app.py").write_text(f"{text}\n{imports}\n", encoding="utf-8")
    theirs = {number for number, line in enumerate(text.splitlines(), 1) if _LABEL.search(line)}

    project = read_project([tmp_path], root=tmp_path)
    ours = {finding.place.line for finding in all_rules()[code].check(project)}

    assert theirs - ours == lines_of(THEIRS_ONLY, name), "found by flake8-async only"
    assert ours - theirs == lines_of(OURS_ONLY, name), "found by us only"


def test_every_file_is_used():
    assert {file.name.removesuffix(".py.txt") for file in FILES.glob("*.txt")} == set(OURS)
