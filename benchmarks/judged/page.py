"""The page of judged findings: what was found in the code of others, and whether it is true, read by a person."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = Path(__file__).parents[2] / "docs" / "check_findings.md"
BEGIN, END = "<!-- judged -->", "<!-- end of judged -->"
SUMMARY, END_OF_SUMMARY = "<!-- summary -->", "<!-- end of summary -->"
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


def read() -> dict[Spot, Verdict]:
    """The verdicts that stand on the page."""
    if not PAGE.exists():
        return {}
    return {
        Spot(row["package"], row["path"], int(row["line"]), row["code"]): Verdict(row["verdict"], row["why"])
        for row in _ROW.finditer(PAGE.read_text(encoding="utf-8"))
    }


def write(verdicts: Mapping[Spot, Verdict], summary: Iterable[str]) -> None:
    """Put rows and summary into the page."""
    rows = [
        f"| {spot.package} | `{spot.path}:{spot.line}` | {spot.code} | {verdict.word} | {verdict.why} |"
        for spot, verdict in sorted(verdicts.items())
    ]
    text = PAGE.read_text(encoding="utf-8")
    head = ["| package | place | rule | judged | why |", "| --- | --- | --- | --- | --- |"]
    text = _between(text, BEGIN, END, [*head, *rows])
    PAGE.write_text(_between(text, SUMMARY, END_OF_SUMMARY, summary), encoding="utf-8")


def _between(text: str, begin: str, end: str, lines: Iterable[str]) -> str:
    before, rest = text.split(begin, 1)
    _, after = rest.split(end, 1)
    return f"{before}{begin}\n{chr(10).join(lines)}\n{end}{after}"
