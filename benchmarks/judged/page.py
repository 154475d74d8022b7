"""The page of judged findings: what was found in the code of others, and whether it is true, read by a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "check_findings.md"
# Each set of packages has a summary and a table of its own on the page, between such marks with the set's title.
_MARKS = "<!-- {what} {title} -->", "<!-- end of {what} {title} -->"
UNJUDGED = "unjudged"
_ROW = re.compile(
    r"^\| (?P<package>\S+) \| `(?P<path>[^`]+):(?P<line>\d+)` "
    r"\| (?P<code>MT\d+) \| (?P<verdict>\w+) \| (?P<why>.*) \|$",
    re.MULTILINE,
)


@dataclass(frozen=True, order=True)
class Spot:
    """Where something was found: a package, a place in it, a rule."""

    package: str
    path: str
    line: int
    code: str


@dataclass(frozen=True)
class Verdict:
    """Whether a finding is true, and why."""

    word: str
    why: str = ""


def read(title: str) -> dict[Spot, Verdict]:
    """The verdicts that stand on the page for the set of packages with this title."""
    _, rows, _ = _parts(PAGE.read_text(encoding="utf-8"), "judged", title)
    return {
        Spot(row["package"], row["path"], int(row["line"]), row["code"]): Verdict(row["verdict"], row["why"])
        for row in _ROW.finditer(rows)
    }


def write(title: str, verdicts: Mapping[Spot, Verdict], summary: Iterable[str]) -> None:
    """Put the rows and the summary of a set of packages into the page."""
    rows = [
        f"| {spot.package} | `{spot.path}:{spot.line}` | {spot.code} | {verdict.word} | {verdict.why} |"
        for spot, verdict in sorted(verdicts.items())
    ]
    head = ["| package | place | rule | judged | why |", "| --- | --- | --- | --- | --- |"]
    text = _with(PAGE.read_text(encoding="utf-8"), "judged", title, [*head, *rows])
    PAGE.write_text(_with(text, "summary", title, summary), encoding="utf-8")


def _with(text: str, what: str, title: str, lines: Iterable[str]) -> str:
    before, _, after = _parts(text, what, title)
    return "\n".join([before, *lines, after])


def _parts(text: str, what: str, title: str) -> tuple[str, str, str]:
    """What stands before, between and after two marks: the marks are parts of the outer ones."""
    begin, end = (mark.format(what=what, title=title) for mark in _MARKS)
    before, rest = text.split(begin, 1)
    between, after = rest.split(end, 1)
    return before + begin, between, end + after
