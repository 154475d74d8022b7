"""Breaks names that are too long for their place where a reader would: behind a dot, a slash or an underscore."""

from __future__ import annotations

import re

_PIECE = re.compile(r"[^._/:\-\s]*[._/:\-\s]?")


def broken(text: str, width: int) -> str:
    """Give the text in lines of at most that width; a piece that is longer by itself stays whole."""
    if len(text) <= width:
        return text
    lines = [""]
    for piece in filter(None, _PIECE.findall(text)):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append(piece)
        else:
            lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
