"""Where our rules find what flake8-async finds, they agree with its own labelled files, line by line, or say why not.

The files (MIT, see `flake8_async/LICENSE`) are those of flake8-async 26.8.1 whose rules overlap with ours; a line that
it must find has a comment `# ASYNC210: 4, …`. They are kept word for word, and end in `.txt` so that no tool takes them
for ours. Where a file leaves out an import, since its tool goes by the spelling of a name, it is added at the end;
likewise a handler, where ours is about what a handler leaves behind.
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


# The rule of ours for each file, and what the file leaves out.
OURS = {
    "async210": ("MT201", "import urllib.request\nfrom urllib import request\nfrom urllib.request import urlopen"),
    "async211": ("MT201", ""),
    "async212": ("MT201", "import httpx, httpx2, urllib3.connectionpool, urllib3.request\nfrom typing import Optional"),
    "async22x_asyncio": ("MT201", "import os, subprocess"),
    "async250": ("MT201", ""),
    "async251": ("MT201", ""),
    "async300": ("MT401", "def lambda_handler(event, context):\n    return asyncio.run(foo())"),
}
# What ours leaves alone as a whole, and why.
LOCAL_FILES = (
    "a local file is opened, asked for or read in microseconds: ruff tells it (ASYNC230, ASYNC240), ours does not"
)
NOT_OURS = {"async232_asyncio": LOCAL_FILES, "async23x_asyncio": LOCAL_FILES, "async240": LOCAL_FILES}

THEIRS_ONLY = {
    "async212": [
        Disagreement((7, 66), "closing a client sends nothing that is waited for"),
        Disagreement(
            (104, 106, 108, 110, 112, 114, 116, 118, 120, 122),
            "any method of a urllib3 pool counts there, even one that is none; ours are those that make requests",
        ),
    ],
    "async300": [
        Disagreement((58, 60, 62, 64, 67), "put into a display, asked for its truth or entered: for ours it is in use"),
    ],
}
OURS_ONLY = {
    "async211": [
        Disagreement(
            (19, 20, 22, 23, 24, 25, 26),
            "every call of PoolManager.request makes a request; theirs goes by the verb, where it is a literal",
        ),
    ],
    "async212": [
        Disagreement((60,), "the global is given a client and, later, a number; ours takes both for possible"),
        Disagreement((98,), "a client imported by name; marked there as not implemented"),
    ],
    "async300": [
        Disagreement(
            (28, 31, 35), "kept and never awaited: ours asks whether something waits, theirs whether it is kept"
        ),
        Disagreement((73, 77), "create_task under another name; marked there as not supported"),
    ],
}


def lines_of(disagreements: dict[str, list[Disagreement]], name: str) -> set[int]:
    return {line for each in disagreements.get(name, []) for line in each.lines}


def text_of(name: str) -> str:
    return (FILES / f"{name}.py.txt").read_text(encoding="utf-8")


def found_by_us(code: str, text: str, folder: Path) -> set[int]:
    (folder / "app.py").write_text(text, encoding="utf-8")
    return {finding.place.line for finding in all_rules()[code].check(read_project([folder], root=folder))}


@pytest.mark.parametrize("name", OURS)
def test_no_line_is_judged_otherwise_without_a_reason(name, tmp_path):
    code, imports = OURS[name]
    text = text_of(name)
    theirs = {number for number, line in enumerate(text.splitlines(), 1) if _LABEL.search(line)}

    ours = found_by_us(code, f"{text}\n{imports}\n", tmp_path)

    assert theirs - ours == lines_of(THEIRS_ONLY, name), "found by flake8-async only"
    assert ours - theirs == lines_of(OURS_ONLY, name), "found by us only"


@pytest.mark.parametrize("name", NOT_OURS)
def test_what_is_not_ours_is_left_alone_as_a_whole(name, tmp_path):
    assert found_by_us("MT201", text_of(name), tmp_path) == set()


def test_every_file_is_used():
    assert {file.name.removesuffix(".py.txt") for file in FILES.glob("*.txt")} == OURS.keys() | NOT_OURS.keys()
