"""Whole messages over a stream socket: each is a list of parts, and a part may be as large as memory allows."""

from __future__ import annotations

from struct import pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    Part = bytes | bytearray | memoryview

_COUNT_SIZE, _LENGTH_SIZE = 4, 8
_AT_ONCE = 64 * 1024  # up to this size a message is one system call, and copying it costs less than a second one
_GONE = "the other end of the pipe is gone"


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
        header = pack(f"!I{len(lengths)}Q", len(lengths), *lengths)
        if sum(lengths) <= _AT_ONCE:
            self.socket.sendall(b"".join((header, *parts)))
            return
        self.socket.sendall(header)
        for part in parts:
            self.socket.sendall(part)

    def receive(self) -> list[bytearray]:
        """Wait for one message; its parts may be written to, as a large array does that stands on one.

        Raises:
            EOFError: The other end is gone.
            OSError: TimeoutError if the socket has a timeout.
        """
        if self._at == len(self._received):
            self._received, self._at = self._read(), 0
        (count,) = unpack("!I", self._take(_COUNT_SIZE))
        lengths = unpack(f"!{count}Q", self._take(count * _LENGTH_SIZE))
        return [self._take(length) for length in lengths]

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
        """The next bytes; what is large is read to where it stays."""
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
            while size - have >= _AT_ONCE:
                got = self.socket.recv_into(view[have:])
                if not got:
                    raise EOFError(_GONE)
                have += got
            while have < size:
                self._received = self._read()
                self._at = min(len(self._received), size - have)
                view[have : have + self._at] = self._received[: self._at]
                have += self._at
        return taken

    def _read(self) -> bytes:
        received = self.socket.recv(_AT_ONCE)
        if not received:
            raise EOFError(_GONE)
        return received
