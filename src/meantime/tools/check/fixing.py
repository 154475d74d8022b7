"""Carries out fixes: replaces stretches of files, and leaves every other character as it is."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import unified_diff
from io import BytesIO
from pathlib import Path
from tokenize import detect_encoding
from typing import TYPE_CHECKING

from meantime.tools.check.errors import CheckError
from meantime.tools.check.unreadable import source_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.finding import Edit, Finding

_NO_NEWLINE = "\\ No newline at end of file"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")


@dataclass(frozen=True, slots=True)
class Change:
    """One file, before and after.

    Args:
        file: The file, as findings name it.
        before: Its text.
        after: Its text with the fixes.
    """

    file: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = (_LINE.findall(text)[:-1] for text in (self.before, self.after))
        shown = unified_diff(before, after, self.file, self.file)
        return "".join(line if line.endswith(("\n", "\r")) else f"{line}\n{_NO_NEWLINE}\n" for line in shown)


@dataclass(slots=True)
class Fixes:
    """What fixes come to.

    Args:
        changes: The files that they change.
        fixed: The findings that are mended then.
        refused: Those whose fix changes what another one changes, too: to be tried in a next run.
    """

    changes: list[Change] = field(default_factory=list)
    fixed: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)


def prepared(findings: Iterable[Finding], root: Path) -> Fixes:
    """The changes that mend what can be mended. Nothing is written.

    Of two fixes that change the same place in different ways, the first is taken. A file that could not be parsed after
    its fixes stays as it is.

    Args:
        findings: What was found; those without a fix are passed over.
        root: The folder that places are relative to.
    """
    fixes = Fixes()
    taken: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)  # by file: stretches, as offsets, and new texts
    texts: dict[str, _Text] = {}
    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.fix is None:
            continue
        stretches = []
        for edit in finding.fix.edits:
            file = edit.place.path
            if file not in texts:
                texts[file] = _Text(source_text(Path(root, file).read_bytes()))
            stretches.append((file, texts[file].stretch(edit), edit.text))
        if all(_has_room(taken[file], stretch, text) for file, stretch, text in stretches):
            for file, stretch, text in stretches:
                taken[file][stretch] = text
                by_file[file].append(finding)
            fixes.fixed.append(finding)
        else:
            fixes.refused.append(finding)
    for file, edits in taken.items():
        change = Change(file, texts[file].text, texts[file].with_edits(edits))
        if file.endswith(".py") and not _is_parsed(change.after):
            spoilt = by_file[file]
            fixes.fixed = [each for each in fixes.fixed if each not in spoilt]
            fixes.refused += dict.fromkeys(spoilt)
        elif change.after != change.before:
            fixes.changes.append(change)
    return fixes


def write(changes: Iterable[Change], root: Path) -> None:
    """Write changed files, in the encoding they had.

    Raises:
        CheckError: One cannot be written.
    """
    for change in changes:
        path = Path(root, change.file)
        encoding, _ = detect_encoding(BytesIO(path.read_bytes()).readline)
        try:
            path.write_bytes(change.after.encode(encoding))
        except OSError as error:
            raise CheckError(f"{path} cannot be written: {error.strerror}") from None


class _Text:
    """A text whose places are lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        for match in _LINE.finditer(text):
            self._starts.append(match.end())

    def stretch(self, edit: Edit) -> tuple[int, int]:
        """The offsets between which an edit replaces. With a whole comment, the space before it is taken out."""
        place = edit.place
        start = self._starts[place.line - 1] + place.column - 1
        end = self._starts[place.end_line - 1] + place.end_column - 1 if place.end_line else start
        if not edit.text and self.text[start : start + 1] == "#":
            while start and self.text[start - 1] in " \t":
                start -= 1
        return start, end

    def with_edits(self, edits: dict[tuple[int, int], str]) -> str:
        """The text with edits carried out, from its end, so that offsets hold."""
        text = self.text
        for (start, end), new in sorted(edits.items(), reverse=True):
            text = text[:start] + new + text[end:]
        return text


def _has_room(taken: dict[tuple[int, int], str], stretch: tuple[int, int], text: str) -> bool:
    """Whether an edit meets no other, or is the very same as another: two fixes may add one import."""
    start, end = stretch
    return taken.get(stretch) == text or not any(
        (start < other_end and other_start < end) or start == other_start for other_start, other_end in taken
    )


def _is_parsed(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
