"""Everything a function's processes print and log, in the order they wrote it.

Standard output, standard error and the runtime client's telemetry descriptor are one pipe, so nothing has to be
put in order afterwards. Telemetry comes in frames that no UTF-8 text can be mistaken for.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import Final

# awslambdaric/bootstrap.py, FramedTelemetryLogSink: type (4 bytes), length (4), microseconds (8), message.
_MAGIC: Final = b"\xa5\x5a\x00"
_HEADER: Final = 16
# awslambdaric/lambda_runtime_log_utils.py: the type's last byte is a level times four, and 2 (JSON) or 3 (text).
_TYPES: Final = frozenset(4 * level + form for level in range(7) for form in (2, 3))
_MESSAGE_MAX: Final = 1 << 20
_DAY: Final = 86_400.0
_CHUNK: Final = 1 << 18
_READS: Final = 8  # a pipe holds less than that; a writer that never stops must not hold us


class Output:
    """The pipe to a function's processes; the event loop keeps it empty, so that no write ever waits long."""

    def __init__(self) -> None:
        self._reading, self.writing_end = os.pipe()
        os.set_blocking(self._reading, False)
        self._pieces = bytearray()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reading, self._drain_some)

    def writing_end_passed_on(self) -> None:
        """Close our copy of the writing end: the processes have theirs."""
        os.close(self.writing_end)
        self.writing_end = -1

    def take(self, *, ended: bool = False) -> str:
        """Return what has arrived since the last time, as text; a frame cut short waits for its rest unless `ended`."""
        for _ in range(_READS):
            if not self._drain_some():
                break
        text, rest = _unframed(bytes(self._pieces))
        self._pieces = bytearray() if ended else bytearray(rest)
        return text + _text(rest) if ended else text

    def close(self) -> None:
        """Stop listening; what is still in the pipe is lost."""
        if self._reading >= 0:
            self._loop.remove_reader(self._reading)
            os.close(self._reading)
            self._reading = -1
        if self.writing_end >= 0:
            self.writing_end_passed_on()

    def _drain_some(self) -> bool:
        if self._reading < 0:
            return False
        try:
            piece = os.read(self._reading, _CHUNK)
        except BlockingIOError:
            return False
        if not piece:  # every writer is gone; a reader left in place would spin
            self._loop.remove_reader(self._reading)
            return False
        self._pieces += piece
        return True


def _unframed(data: bytes) -> tuple[str, bytes]:
    """Return the text of all complete frames and everything between them, and the bytes of a frame cut short."""
    lines: list[str] = []
    position = 0
    while True:
        start = _next_frame(data, position)
        if start < 0:
            lines.append(_text(data[position:]))
            return "".join(lines), b""
        plain = _text(data[position:start])
        # A frame is a log event of its own, so it begins a line.
        lines.append(plain if not plain or plain.endswith("\n") else plain + "\n")
        end = start + _HEADER + int.from_bytes(data[start + 4 : start + 8], "big")
        if len(data) < start + _HEADER or len(data) < end:
            return "".join(lines), data[start:]
        message = _text(data[start + _HEADER : end])
        lines.append(message if message.endswith("\n") else message + "\n")
        position = end


def _next_frame(data: bytes, position: int) -> int:
    """Return where the next frame begins; -1 if there is none."""
    start = data.find(_MAGIC, position)
    while start >= 0 and not _may_be_header(data[start : start + _HEADER]):
        start = data.find(_MAGIC, start + 1)
    return start


def _may_be_header(data: bytes) -> bool:
    """Say whether this is a frame's header as far as it goes: a function may print such bytes of its own."""
    kind, length, stamp = data[3:4], data[4:8], data[8:_HEADER]
    if kind and kind[0] not in _TYPES:
        return False
    if int.from_bytes(length.ljust(4, b"\0"), "big") > _MESSAGE_MAX:
        return False
    return len(data) < _HEADER or abs(int.from_bytes(stamp, "big") / 1e6 - time.time()) < _DAY


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
