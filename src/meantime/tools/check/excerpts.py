"""The lines of the files that findings point into."""

from __future__ import annotations

import re
from pathlib import Path

from meantime.tools.check.unreadable import decoded

_LINE_END = re.compile(r"\r\n|\r|\n")  # as Python counts lines; `splitlines` also ends them at form feeds and others


class Excerpts:
    """Gives the lines of files, each read once.

    Args:
        root: The folder that the files are named relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines: dict[str, list[str]] = {}

    def lines(self, file: str) -> list[str]:
        """A file's lines without their ends; none if it cannot be read."""
        if file not in self._lines:
            try:
                data = Path(self._root, file).read_bytes()
            except OSError:
                data = b""
            self._lines[file] = _LINE_END.split(decoded(data)) if data else []
        return self._lines[file]

    def line(self, file: str, number: int) -> str:
        """One line of a file, counted from 1; empty if there is none."""
        lines = self.lines(file)
        return lines[number - 1] if 0 < number <= len(lines) else ""
