"""Carries out fixes: replaces stretches of files, and leaves every other character as it is."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from difflib import unified_diff
from io import BytesIO
from pathlib import Path
from tokenize import detect_encoding
from typing import TYPE_CHECKING

from meantime.tools.check.errors import CheckError
from meantime.tools.check.model.syntax import parsed
from meantime.tools.check.unreadable import UnreadableError, source_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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

    def diff(self, name: str = "") -> str:
        """The change as a unified diff that `git apply` and `patch -p1` take.

        Args:
            name: The file as it is named where the diff is to be applied; else as findings name it.
        """
        name = name or self.file
        end = "\t" if " " in name else ""  # where the name ends
        before, after = (_LINE.findall(text)[:-1] for text in (self.before, self.after))
        shown = unified_diff(before, after, f"a/{name}{end}", f"b/{name}{end}")
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
    edits = _Edits(root)
    for finding in findings:
        if finding.fix is not None:
            (fixes.fixed if edits.take(finding) else fixes.refused).append(finding)
    for change, mended in edits.changes():
        if change.file.endswith(".py") and not _is_parsed(change.after):
            fixes.fixed = [each for each in fixes.fixed if each not in mended]
            fixes.refused += mended
        elif change.after != change.before:
            fixes.changes.append(change)
        else:
            fixes.fixed = [each for each in fixes.fixed if each not in mended]
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


class _Edits:
    """The edits that were taken so far, by file."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._texts: dict[str, _Text] = {}
        self._taken: dict[str, dict[tuple[int, int], list[str]]] = defaultdict(dict)  # stretches and their new texts
        self._mended: dict[str, dict[Finding, None]] = defaultdict(dict)

    def take(self, finding: Finding) -> bool:
        """Take a finding's fix; False if it meets another one's."""
        try:
            stretches = [
                (edit.place.path, self._text(edit.place.path).stretch(edit), edit.text)
                for edit in (finding.fix.edits if finding.fix is not None else ())
            ]
        except UnreadableError:  # it could not be written as it was either
            return False
        if not all(_has_room(self._taken[file], stretch, text) for file, stretch, text in stretches):
            return False
        for file, stretch, text in stretches:
            news = self._taken[file].setdefault(stretch, [])
            if text not in news:  # two fixes may add one import
                news.append(text)
            self._mended[file][finding] = None
        return True

    def changes(self) -> Iterator[tuple[Change, list[Finding]]]:
        """Each file's change, with the findings that it mends."""
        for file, edits in self._taken.items():
            text = self._texts[file]
            yield Change(file, text.text, text.with_edits(edits)), list(self._mended[file])

    def _text(self, file: str) -> _Text:
        if file not in self._texts:
            self._texts[file] = _Text(source_text(Path(self._root, file).read_bytes()))
        return self._texts[file]


class _Text:
    """A text whose places are lines and columns."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0]
        for match in _LINE.finditer(text):
            self._starts.append(match.end())
        self._line_end = "\r\n" if "\r\n" in text else "\n"

    def stretch(self, edit: Edit) -> tuple[int, int]:
        """The offsets between which an edit replaces.

        One that takes out a whole comment takes the blanks before it, too, and the line if nothing else is in it.
        """
        place = edit.place
        start = self._starts[place.line - 1] + place.column - 1
        end = self._starts[place.end_line - 1] + place.end_column - 1 if place.end_line else start
        if not edit.text and self.text[start : start + 1] == "#":
            while start and self.text[start - 1] in " \t":
                start -= 1
            line_end = self._starts[place.line]
            if start == self._starts[place.line - 1] and not self.text[end:line_end].strip():
                end = line_end
        return start, end

    def with_edits(self, edits: dict[tuple[int, int], list[str]]) -> str:
        """The text with edits carried out, from its end, so that offsets hold. New lines end as the others do."""
        text = self.text
        for (start, end), news in sorted(edits.items(), reverse=True):
            text = text[:start] + "".join(news).replace("\n", self._line_end) + text[end:]
        return text


def _has_room(taken: dict[tuple[int, int], list[str]], stretch: tuple[int, int], text: str) -> bool:
    """Whether an edit meets no other, or is the very same as another."""
    start, end = stretch
    return text in taken.get(stretch, ()) or not any(
        (start < other_end and other_start < end) or start == other_start for other_start, other_end in taken
    )


def _is_parsed(text: str) -> bool:
    try:
        parsed(text)
    except (SyntaxError, RecursionError):
        return False
    return True
