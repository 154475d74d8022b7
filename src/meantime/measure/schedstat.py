"""What Linux tells of a thread: how long it was ready but had no core, and how often it got one.

https://docs.kernel.org/scheduler/sched-stats.html
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILE = b"/proc/thread-self/schedstat"
_LINK = b"/proc/self/fd/%d"
_LENGTH = 80  # three numbers, or that file's name


class SchedStat:
    """This thread's numbers, from a file that is kept open: asking costs a microsecond.

    Args:
        has_file: Whether it may keep a file open. Without one it tells nothing.
    """

    __slots__ = ("_buffer", "_descriptor", "_system")

    def __init__(self, *, has_file: bool) -> None:
        self._system = _System.get()
        self._descriptor = self._system.open() if has_file else -1
        self._buffer = self._system.buffer() if has_file else None

    def numbers(self) -> tuple[int, int] | None:
        """Nanoseconds without a core, and turns on one; only on its own thread, and None when it is closed."""
        if self._descriptor < 0:
            return None
        try:
            _, held, turns = self._system.read(self._descriptor, self._buffer).split()
            return int(held), int(turns)
        except Exception:  # noqa: BLE001  # the recording has ended on another thread; or no stack is left for ctypes
            return None

    @property
    def is_open(self) -> bool:
        """Whether it keeps a file open."""
        return self._descriptor >= 0

    def close(self) -> None:
        """Give the descriptor back."""
        descriptor, self._descriptor = self._descriptor, -1
        # The function may have closed it meanwhile, with all others, and got the number for a file of its own.
        if descriptor >= 0 and b"/schedstat" in self._system.target(descriptor):
            self._system.close(descriptor)


class _System:
    """The system's calls as Python makes them: each gives the interpreter's lock away."""

    _made: _System | None = None

    @classmethod
    def get(cls) -> _System:
        """The best there is."""
        if _System._made is None:
            try:
                _System._made = _Locked()
            except (ImportError, OSError, AttributeError, TypeError):  # no ctypes in this Python, or no such functions
                _System._made = _System()
        return _System._made

    def buffer(self) -> Any:
        """Room for what is read."""
        return None

    def open(self) -> int:
        """The descriptor; negative where this is not Linux, or a kernel that keeps no such numbers."""
        try:
            return os.open(_FILE, os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, AttributeError):
            return -1

    def read(self, descriptor: int, _buffer: Any) -> bytes:
        """The file's text."""
        return os.pread(descriptor, _LENGTH, 0)

    def target(self, descriptor: int) -> bytes:
        """What it is open for."""
        try:
            return os.readlink(_LINK % descriptor)  # noqa: PTH115  # pathlib would have to be imported
        except OSError:
            return b""

    def close(self, descriptor: int) -> None:
        """Give it back."""
        os.close(descriptor)


class _Locked(_System):
    """The same while the lock is kept: among busy threads each sample would be a wait for it otherwise."""

    def __init__(self) -> None:
        from ctypes import PyDLL, c_char_p, c_int, c_size_t, c_ssize_t, c_void_p, create_string_buffer  # noqa: PLC0415  # only who records pays

        library = PyDLL(None)
        self._open, self._pread, self._close = library.open, library.pread, library.close
        self._open.argtypes = (c_char_p, c_int)
        self._pread.argtypes = (c_int, c_void_p, c_size_t, c_ssize_t)
        self._close.argtypes = (c_int,)
        self._readlink = library.readlink
        self._readlink.argtypes = (c_char_p, c_void_p, c_size_t)
        self._buffer = create_string_buffer

    def buffer(self) -> Any:
        return self._buffer(_LENGTH)

    def open(self) -> int:
        descriptor: int = self._open(_FILE, os.O_RDONLY | os.O_CLOEXEC)
        return descriptor

    def read(self, descriptor: int, buffer: Any) -> bytes:
        self._pread(descriptor, buffer, _LENGTH, 0)
        text: bytes = buffer.value  # longer each time, so that nothing is left of what was there before
        return text

    def target(self, descriptor: int) -> bytes:
        buffer = self._buffer(_LENGTH)
        self._readlink(_LINK % descriptor, buffer, _LENGTH)
        text: bytes = buffer.value
        return text

    def close(self, descriptor: int) -> None:
        self._close(descriptor)
