"""The characters that bars are drawn with in a terminal, where shape has to say what colour may not."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Signs:
    """One character for each thing that a stretch of time can be; `bullet` begins a line of a list."""

    waiting: str
    together: str
    computing: str
    lock: str
    held_up: str
    unexplained: str
    bullet: str


_DRAWN = Signs("─", "═", "█", "┼", "▒", "?", "•")
_ASCII = Signs("-", "=", "#", "x", "~", "?", "*")

STYLES = {"waiting": "cyan", "together": "cyan", "computing": "green", "lock": "red", "held_up": "red"}
"""Colours that go with the characters, for those who see them; by the names in `Signs`."""


def signs_for(encoding: str) -> Signs:
    """Give the characters that a terminal of this encoding can show."""
    try:
        "".join(astuple(_DRAWN)).encode(encoding)
    except UnicodeEncodeError:
        return _ASCII
    return _DRAWN
