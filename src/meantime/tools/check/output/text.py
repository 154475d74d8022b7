"""Findings for the eye: what is wrong, where, and the way there. Colours add nothing that words do not say."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from meantime.tools.check.excerpts import Excerpts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from meantime.tools.check.checking import Checked
    from meantime.tools.check.finding import Finding

_LINES_BEFORE = 2
_LONGEST_LINE = 160
_TAB = "    "
_CONTROLS = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}
"""Their pictures, since a source is not to speak to the terminal: `␛` for escape."""
STYLES = {
    "error": "bold red",
    "warning": "bold yellow",
    "place": "bold",
    "margin": "blue",
    "marks": "bold red",
    "note": "cyan",
}
"""The styles of the parts of a text, in rich's words."""

Part = tuple[str, str]
"""Some text and the name of its style, or none."""


def text(checked: Checked, shown: Callable[[Path], str], width: int = 0) -> Iterator[Part]:
    """Everything that was found, with excerpts.

    Args:
        checked: What a check came to.
        shown: Gives a file's path as the reader should see it.
        width: In how many columns messages are to be wrapped; 0: they are one line each, for other programs.
    """
    excerpts = Excerpts(checked.root)
    for finding in checked.findings:
        head = f"{finding.level}[{finding.code}]"
        message = f"{head}: {visible(finding.message)}"
        yield head, finding.level
        yield f"{(fill(message, width, break_on_hyphens=False) if width else message).removeprefix(head)}\n", ""
        yield from _excerpt(finding, excerpts, lambda path: shown(checked.root / path))
        yield "\n", ""
    yield from summary(checked)


def concise(checked: Checked, shown: Callable[[Path], str]) -> Iterator[Part]:
    """Everything that was found, each in one line: `app.py:12:5: MT201 …`."""
    for finding in checked.findings:
        place = finding.place
        yield f"{visible(shown(checked.root / place.path))}:{place.line}:{place.column}:", "place"
        yield f" {finding.code}", finding.level
        yield f" {visible(finding.message)}\n", ""
    yield from summary(checked)


def visible(text: str) -> str:
    """A text in one line, with pictures in place of what would speak to the terminal."""
    return text.translate(_CONTROLS)


def statistics(checked: Checked, names: dict[str, str]) -> Iterator[Part]:
    """How often each rule found something, the most frequent first."""
    counts = counted(checked)
    width = len(str(max(counts.values(), default=0)))
    for code, count in counts.items():
        yield f"{count:>{width}}  {code}  {names.get(code, '')}\n", ""
    yield from summary(checked)


def counted(checked: Checked) -> dict[str, int]:
    """How often each code is among the findings, the most frequent first."""
    counts: dict[str, int] = {}
    for finding in checked.findings:
        counts[finding.code] = counts.get(finding.code, 0) + 1
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def summary(checked: Checked) -> Iterator[Part]:
    """How much was found, and what is not shown."""
    kinds_of_files = ((checked.files, "file"), (checked.templates, "template"))
    files = " and ".join(_counted(count, word) for count, word in kinds_of_files if count)
    errors = sum(finding.level == "error" for finding in checked.findings)
    warnings = len(checked.findings) - errors
    if not files and not checked.findings:
        yield (
            "Nothing was checked: there is no Python file and no template but for what is excluded or ignored.",
            "",
        )
    elif not checked.findings:
        yield f"{files} checked: nothing found.", ""
    else:
        kinds = [_counted(count, word) for count, word in ((errors, "error"), (warnings, "warning")) if count]
        yield f"{files or '0 files'} checked: {' and '.join(kinds)}.", "error" if errors else "warning"
        fixable = sum(finding.fix is not None for finding in checked.findings)
        if fixable:
            yield f" {fixable} can be mended with --fix; --diff shows how.", ""
    hidden = []
    if checked.likely:
        hidden.append(f"{checked.likely} that {'is' if checked.likely == 1 else 'are'} only likely (--warnings)")
    if checked.repeated:
        hidden.append(f"{checked.repeated} that ruff is set to find, too (--all)")
    if hidden:
        yield f" Not shown: {', '.join(hidden)}.", ""
    if checked.alone:
        yield (
            f" What is around it was not read, since {checked.alone}: calls from there and to there are not known.",
            "",
        )
    if checked.idle:
        yield f" No file matches {', '.join(checked.idle)} (per-file-ignores).", ""
    yield "\n", ""


def _excerpt(finding: Finding, excerpts: Excerpts, shown: Callable[[str], str]) -> Iterator[Part]:
    """The lines up to a finding, with marks under what is meant, and the notes below."""
    place = finding.place
    first = max(1, place.line - _LINES_BEFORE)
    margin = len(str(place.line))
    yield f"{' ' * margin}--> ", "margin"
    yield f"{visible(shown(place.path))}:{place.line}:{place.column}\n", "place"
    lines = [(number, excerpts.line(place.path, number)) for number in range(first, place.line + 1)]
    while lines and not lines[0][1].strip():
        del lines[0]
    if lines:
        yield f"{' ' * margin} |\n", "margin"
        for number, line in lines:
            cut, _, _ = _cut(line, place.column - 1 if number == place.line else 0, 0)
            yield f"{number:>{margin}} |", "margin"
            yield f" {cut}\n" if cut else "\n", ""
        line = lines[-1][1]
        end = len(line.rstrip()) if place.end_line > place.line else place.end_column - 1
        _, before, under = _cut(line, place.column - 1, max(end, place.column))
        yield f"{' ' * margin} | ", "margin"
        yield f"{' ' * before}{'^' * max(1, under)}\n", "marks"
    for note in _notes(finding, shown):
        yield f"{' ' * margin} = ", "margin"
        yield f"{visible(note)}\n", "note"


def _notes(finding: Finding, shown: Callable[[str], str]) -> Iterator[str]:
    """What stands below an excerpt: the way there, and what can be done."""
    for step in finding.chain:
        yield f"{shown(step.place.path)}:{step.place.line}: {step.text}"
    if finding.fix is not None:
        yield f"fix: {finding.fix.title} (--fix)"
    if finding.also_found_by:
        yield f"ruff has a rule for it, too: {', '.join(finding.also_found_by)}"
    yield f"why: meantime check --explain {finding.code}"


def _cut(line: str, start: int, end: int) -> tuple[str, int, int]:
    """A line cut to what can be shown around a stretch; the width of what is before the stretch, and of the stretch."""
    left = max(0, start - _LONGEST_LINE // 2) if len(line) > _LONGEST_LINE else 0
    right = left + _LONGEST_LINE
    opening, closing = "…" * (left > 0), "…" * (right < len(line))
    cut = f"{opening}{line[left:right].rstrip()}{closing}"
    return (
        cut.replace("\t", _TAB).translate(_CONTROLS),
        _width(opening + line[left:start]),
        _width(line[start : min(end, right)]),
    )


def _width(piece: str) -> int:
    """How many columns a terminal takes for it."""
    return sum(len(_TAB) if each == "\t" else 2 if east_asian_width(each) in "WF" else 1 for each in piece)


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
