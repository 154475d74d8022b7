"""Reads and applies a unified diff, as `git diff` or the advice writes it; whole or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NOTHING = "/dev/null"


class PatchError(ValueError):
    """A patch cannot be read, or does not fit the file it is for; the text says where."""


@dataclass(slots=True)
class Hunk:
    """Lines in place of others: what was there from line `first` on, context included, and what is to be there."""

    first: int
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FilePatch:
    """The hunks of one file; `before` or `after` is None where the patch makes or removes it."""

    before: str | None
    after: str | None
    hunks: list[Hunk] = field(default_factory=list)


def parsed(text: str) -> list[FilePatch]:
    """Read a patch; what stands before its first file is anybody's.

    Raises:
        PatchError: It holds no hunk, or one that ends too soon.
    """
    found: list[FilePatch] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if lines[at].startswith("--- ") and lines[at + 1 : at + 2] and lines[at + 1].startswith("+++ "):
            found.append(FilePatch(_name(lines[at], "a/"), _name(lines[at + 1], "b/")))
            at += 2
        elif found and (head := _HUNK.match(lines[at])):
            at = _read_hunk(found[-1], head, lines, at + 1)
        else:
            at += 1
    if not any(each.hunks for each in found):
        raise PatchError("it holds no change: a unified diff with lines such as --- a/app.py, +++ b/app.py and @@")
    return found


def applied(patches: list[FilePatch], read: Callable[[str], str]) -> dict[str, str | None]:
    """Give the new text of each file by its name; None for one that is to go.

    Args:
        patches: As `parsed` gave them.
        read: Gives a file's text by its name; raises OSError where there is none.

    Raises:
        PatchError: One does not fit.
    """
    found: dict[str, str | None] = {}
    for each in patches:
        name = each.after or each.before
        if name is None:
            raise PatchError("a file in it has no name")
        try:
            text = "" if each.before is None else read(each.before)
        except (OSError, UnicodeDecodeError) as error:
            raise PatchError(f"it is for {each.before}, which cannot be read in the code folder: {error}") from None
        if each.after is None:
            found[name] = None
            continue
        if each.before not in (None, each.after):
            found[str(each.before)] = None
        found[each.after] = _patched(each, text)
    return found


def _name(line: str, prefix: str) -> str | None:
    name = line[4:].split("\t", maxsplit=1)[0].strip()
    return None if name == _NOTHING else name.removeprefix(prefix)


def _read_hunk(patch: FilePatch, head: re.Match[str], lines: list[str], at: int) -> int:
    """Read as many lines as its head says; give the number of the line behind them."""
    hunk = Hunk(int(head[1]) or 1)
    old, new = int(head[2] or 1), int(head[4] or 1)
    while len(hunk.before) < old or len(hunk.after) < new:
        line = lines[at] if at < len(lines) else "\\ end"
        sign, rest = line[:1], line[1:]
        if line.startswith("\\ No newline"):
            at += 1
            continue
        if sign not in ("", " ", "-", "+", "\r"):
            raise PatchError(f"its part {head[0]} ends too soon")
        if sign != "+":
            hunk.before.append(rest)
        if sign != "-":
            hunk.after.append(rest)
        at += 1
    patch.hunks.append(hunk)
    return at


def _patched(patch: FilePatch, text: str) -> str:
    lines = text.split("\n")
    shift = 0
    for hunk in patch.hunks:
        at = _place(lines, hunk, hunk.first - 1 + shift)
        if at is None:
            raise PatchError(
                f"it does not fit {patch.before or patch.after} at line {hunk.first}: the file was changed since, or "
                "has this change already"
            )
        # A file with other line ends than the patch keeps its own.
        ends = "\r" if hunk.before and lines[at].endswith("\r") and not hunk.before[0].endswith("\r") else ""
        lines[at : at + len(hunk.before)] = [f"{line}{ends}" for line in hunk.after]
        shift += len(hunk.after) - len(hunk.before) + at - (hunk.first - 1 + shift)
    return "\n".join(lines)


def _place(lines: list[str], hunk: Hunk, expected: int) -> int | None:
    """Where its lines stand: where the patch says, or else in the one place that has them."""
    wanted = [line.rstrip("\r") for line in hunk.before]
    places = list(_places([line.rstrip("\r") for line in lines], wanted))
    if expected in places:
        return expected
    return places[0] if len(places) == 1 else None


def _places(lines: list[str], wanted: list[str]) -> Iterator[int]:
    return (at for at in range(len(lines) - len(wanted) + 1) if lines[at : at + len(wanted)] == wanted)
