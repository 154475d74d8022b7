"""How many items go to a child in one message: as many as keep the message's own cost small, and no more."""

from __future__ import annotations

# A message costs 0.1 ms; where it carries this many seconds of work, that is 2 %.
_ENOUGH = 0.005
_MOST = 64
_LARGE = 256 * 1024  # bytes: a message of this size is on its way, however many items it carries


class Chunks:
    """The sizes of one fan-out's messages.

    By default they follow the time that the items take, doubling at most, and are never so large that the last children
    to finish keep the others waiting.

    Args:
        fixed: The size that was asked for; None: to be found.
        known: How many items there are; None: only what is at hand is sent, since the input may take its time.
        width: How many children there are.
    """

    __slots__ = ("_fixed", "_known", "_size", "_width")

    def __init__(self, fixed: int | None, known: int | None, width: int) -> None:
        self._fixed = fixed
        self._known = known
        self._width = width
        self._size = 1

    def next_size(self, drawn: int) -> int:
        """How many to send now, when so many have been drawn before."""
        if self._fixed is not None:
            return self._fixed
        if self._known is None:
            return 1
        return max(1, min(self._size, (self._known - drawn) // (2 * self._width)))

    def note(self, items: int, seconds: float) -> None:
        """Learn how long so many items took."""
        enough = _ENOUGH * items / seconds if seconds > 0 else _MOST
        self._size = max(1, int(min(enough, 2 * self._size, _MOST)))

    def is_full(self, size: int) -> bool:
        """Whether a message of so many bytes should not grow."""
        return size >= _LARGE
