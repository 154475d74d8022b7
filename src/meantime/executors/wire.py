"""Whole messages over a stream socket: each is a list of parts, and a part may be as large as memory allows."""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    Part = bytes | bytearray | memoryview

_COUNT = struct.Struct("!I")
_LENGTH = struct.Struct("!Q")
_AT_ONCE = 64 * 1024  # up to this size a message is one system call, and copying it costs less than a second one


class Wire:
    """One end of a connection. One thread sends and receives on it; another may shut it down meanwhile.

    Args:
        socket: A connected stream socket, which is ours from now on.
    """

    __slots__ = ("_at", "_received", "socket")

    def __init__(self, socket: socket) -> None:
        self.socket = socket
        self._received = b""  # what was read ahead, from `_at` on
        self._at = 0

    def send(self, parts: Sequence[Part]) -> None:
        """Send one message.

        Raises:
            OSError: The other end is gone; TimeoutError if the socket has a timeout.
        """
        lengths = [part.nbytes if isinstance(part, memoryview) else len(part) for part in parts]
        header = _COUNT.pack(len(parts)) + b"".join(map(_LENGTH.pack, lengths))
        if sum(lengths) <= _AT_ONCE:
            self.socket.sendall(b"".join((header, *parts)))
            return
        self.socket.sendall(header)
        for part in parts:
            self.socket.sendall(part)

    def receive(self) -> list[bytearray]:
        """Wait for one message.

        Raises:
            EOFError: The other end is gone.
            OSError: TimeoutError if the socket has a timeout.
        """
        (count,) = _COUNT.unpack(self._take(_COUNT.size))
        lengths = self._take(count * _LENGTH.size)
        return [self._take(length) for (length,) in _LENGTH.iter_unpack(lengths)]

    def is_open(self) -> bool:
        """Whether the other end is there, where nothing is to be received; looks without waiting."""
        from socket import MSG_DONTWAIT, MSG_PEEK  # noqa: PLC0415  # whoever has a socket has loaded it

        try:
            return bool(self.socket.recv(1, MSG_PEEK | MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Let it go."""
        self.socket.close()

    def _take(self, size: int) -> bytearray:
        """The next bytes: copied once, and into memory that a large array may stand on."""
        end = self._at + size
        if end <= len(self._received):
            taken = bytearray(self._received[self._at : end])
            self._at = end
            return taken
        taken = bytearray(size)
        have = len(self._received) - self._at
        taken[:have] = self._received[self._at :]
        self._received, self._at = b"", 0
        with memoryview(taken) as view:
            while have < size:
                if size - have < _AT_ONCE:
                    self._received = self.socket.recv(_AT_ONCE)
                    if not self._received:
                        raise EOFError("the other end of the pipe is gone")
                    self._at = min(len(self._received), size - have)
                    view[have : have + self._at] = self._received[: self._at]
                    have += self._at
                else:
                    got = self.socket.recv_into(view[have:])
                    if not got:
                        raise EOFError("the other end of the pipe is gone")
                    have += got
        return taken
