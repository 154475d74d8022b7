"""What goes to a child process and comes back: pickled, with large buffers beside the pickle, not copied into it."""

from __future__ import annotations

import pickle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from meantime.executors.children.wire import Part

_PROTOCOL = 5  # the first with buffers beside the pickle (PEP 574)


def pack(value: object) -> list[Part]:
    """The value as the parts of a message: its pickle, then its buffers.

    Raises:
        Exception: Whatever the value's own pickling raises; mostly PicklingError, TypeError or AttributeError.
    """
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, _PROTOCOL, buffer_callback=buffers.append)
    return [data, *(buffer.raw() for buffer in buffers)]


def size_of(parts: Sequence[Part]) -> int:
    """The bytes of a packed value."""
    return sum(part.nbytes if isinstance(part, memoryview) else len(part) for part in parts)


def unpack(parts: Sequence[Part]) -> Any:
    """The value again.

    Raises:
        Exception: Whatever the value's own unpickling raises; AttributeError if its class is not there.
    """
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301  # from our own parent or child, over a private pipe


def pack_error(error: BaseException) -> bytes | None:
    """The exception, pickled; None if it cannot be."""
    try:
        return pickle.dumps(error, _PROTOCOL)
    except Exception:  # noqa: BLE001  # its own code may raise anything
        return None


def unpack_error(data: bytes | None) -> BaseException | None:
    """The exception again; None if it cannot be made: many pickle well and then lack an argument."""
    try:
        error = None if data is None else unpack([data])
    except Exception:  # noqa: BLE001  # likewise
        return None
    return error if isinstance(error, BaseException) else None


def brief(error: BaseException) -> str:
    """What went wrong, in one line."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001  # likewise
        return type(error).__name__
