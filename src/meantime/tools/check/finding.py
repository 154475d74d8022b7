"""What a rule found: where, what, how it comes to that, and the change that mends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["error", "warning"]
"""`error`: proved by the source. `warning`: likely; shown only when asked for."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file.

    Args:
        path: The file, relative to the folder that is checked from, with forward slashes.
        line: Its first line, from 1.
        column: Its first column, from 1, in characters.
        end_line: The line of its end.
        end_column: The column after its last character.
    """

    path: str
    line: int
    column: int = 1
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a finding: `app.py:12 lambda_handler calls load_user`."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One stretch of one file and the text that takes its place; an empty stretch inserts."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends a finding without changing what the code means otherwise."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake at one place.

    Args:
        code: The rule's code: `MT101`.
        message: What is wrong here and what to do, in one or two short sentences; names what the source names.
        place: Where.
        level: Whether it is proved (`error`) or likely (`warning`).
        chain: How the code gets there, outermost first: from the handler, or from where the loop or thread is started.
        also_found_by: The codes of ruff's rules that report this line, too. Where ruff is set to, such a finding
            is shown with `--all` only.
        fix: The change that mends it, where it is a mechanical one.
    """

    code: str
    message: str
    place: Place
    level: Level = "error"
    chain: tuple[Step, ...] = field(default=())
    also_found_by: tuple[str, ...] = ()
    fix: Fix | None = None
