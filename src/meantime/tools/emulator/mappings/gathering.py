"""One batch being gathered: it is complete when it is full, too large for one more, or out of time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from meantime import clock
from meantime.tools.emulator.limits import REQUEST_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

_FRAME: Final = len(json.dumps({"Records": []}))
_SEPARATOR: Final = len(", ")


class Sized(Protocol):
    """What a batch is made of."""

    @property
    def size(self) -> int:
        """Bytes it takes of the event."""
        ...


Item = TypeVar("Item", bound=Sized)


def size_of(record: Mapping[str, Any]) -> int:
    """Return how many bytes a record takes of the event, as the emulator writes and AWS limits it."""
    return len(json.dumps(record)) + _SEPARATOR


class Gathering(Generic[Item]):
    """The items so far. The window begins with the first of them.

    Args:
        batch_size: The most items.
        window: Seconds that may pass from the first item on.
        frame: Bytes of the event beside its records.
    """

    def __init__(self, batch_size: int, window: float, frame: int = _FRAME) -> None:
        self.items: list[Item] = []
        self._batch_size = batch_size
        self._window = window
        self._bytes = frame
        self._ends: float | None = None
        self._overflowed = False

    def add(self, item: Item) -> bool:
        """Add an item if the event then still is within the payload limit; say whether it was added.

        A first item is always added: what is too large by itself is for the function's caller to refuse.
        """
        if self.items and self._bytes + item.size > REQUEST_MAX_BYTES:
            self._overflowed = True
            return False
        self.items.append(item)
        self._bytes += item.size
        if self._ends is None:
            self._ends = clock.monotonic() + self._window
        return True

    @property
    def room(self) -> int:
        """How many more items it takes."""
        return 0 if self._overflowed else self._batch_size - len(self.items)

    @property
    def ends(self) -> float | None:
        """When its window ends, in `clock.monotonic()` seconds; None before the first item."""
        return self._ends

    @property
    def complete(self) -> bool:
        """Whether it is time to invoke the function."""
        return self.room <= 0 or (self._ends is not None and clock.monotonic() >= self._ends)
