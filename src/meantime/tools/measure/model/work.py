"""The work of an invocation, as the simulation takes it: what stands in line, and what goes side by side."""

from __future__ import annotations

from dataclasses import dataclass

Stretch = tuple[float, float, float]
"""Milliseconds: of computing, of waiting behind it, and of what computing takes longer on a core gone cold."""

Piece = tuple[Stretch, ...]
"""One call, or a stretch of the handler's own code: it computes and waits by turns."""


@dataclass(frozen=True, slots=True)
class InLine:
    """What runs by itself, one stretch after the other."""

    piece: Piece


@dataclass(frozen=True, slots=True)
class SideBySide:
    """What workers draw from one list, in its order.

    Args:
        pieces: The list.
        max_concurrency: How many workers.
        first: What each worker does before its first piece: it opens a connection.
        is_threads: Whether one that computes long is made to hand over the interpreter meanwhile.
        crowding_ms: What beginning a piece computes more for each worker, and for each that begins together with it.
        contended: What a piece computes more, as a part, while others are ready to.
    """

    pieces: tuple[Piece, ...]
    max_concurrency: int
    first: Piece = ()
    is_threads: bool = True
    crowding_ms: float = 0.0
    contended: float = 0.0


Work = tuple[InLine | SideBySide, ...]


def computing_ms(piece: Piece) -> float:
    """The CPU time of a piece."""
    return sum(stretch[0] for stretch in piece)


def waiting_ms(piece: Piece) -> float:
    """What a piece waits."""
    return sum(stretch[1] for stretch in piece)
