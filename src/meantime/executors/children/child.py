"""One child process: its pipe, and its end."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from threading import Lock

from meantime.executors.children.wire import Wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

    from meantime.executors.children.wire import Part

_GONE_WITHIN = 2.0  # seconds that a killed child may take; it is milliseconds, unless it is frozen


class Gone(Exception):
    """The child has ended, or was killed: it takes no work and gives no answer any more."""


class Child:
    """One child process. One thread gives it work; any other may kill it meanwhile.

    Args:
        pid: Its process number.
        pipe: Our end of the pipe to it.
        start_method: How it was started.

    Attributes:
        fresh: Whether it is in its first use; an older one may lack what this process has defined since.
        function: What it was sent last as the function to call; it need not be sent again.
        killed: Whether it was killed by us.
        exit_code: Of one that has ended; negative for the signal that ended it, None where that cannot be told.
    """

    __slots__ = (
        "_lock",
        "_reaped",
        "_timeout",
        "_wire",
        "exit_code",
        "fresh",
        "function",
        "killed",
        "pid",
        "start_method",
    )

    def __init__(self, pid: int, pipe: socket, start_method: str) -> None:
        self.pid = pid
        self.start_method = start_method
        self.fresh = True
        self.function: Sequence[Part] = ()
        self.killed = False
        self.exit_code: int | None = None
        self._wire = Wire(pipe)
        self._timeout: float | None = None
        self._reaped = False
        self._lock = Lock()  # its number must not be signalled once it may be another process's

    def send(self, parts: Sequence[Part]) -> None:
        """Send it one message.

        Raises:
            Gone: It has ended, and the message did not reach it.
        """
        try:
            self._wait_at_most(None)
            self._wire.send(parts)
        except OSError as error:
            raise Gone from error

    def receive(self, timeout: float | None = None) -> tuple[bytes, list[bytearray]]:
        """Wait for its next answer: the kind, and the parts that tell it.

        Raises:
            Gone: It has ended.
            TimeoutError: It has not answered within `timeout` seconds. It cannot be asked again: kill it.
        """
        try:
            self._wait_at_most(timeout)
            kind, *parts = self._wire.receive()
        except TimeoutError:
            raise
        except (EOFError, OSError) as error:
            raise Gone from error
        return bytes(kind), parts

    def is_alive(self) -> bool:
        """Whether it is there, while it has no work."""
        try:
            self._wait_at_most(None)  # with a timeout, a look would wait
        except OSError:  # the pipe is closed
            return False
        return self._wire.is_open()

    def kill(self) -> None:
        """End it and what it has started in turn, whatever they do; from any thread, and twice if need be."""
        with self._lock:
            if not self._has_ended():
                self.killed = True
                self._signal_all()

    def close(self) -> None:
        """Close the pipe: an idle child then leaves by itself. Not for a pipe that another thread is waiting at."""
        self._wire.close()

    def end(self, grace: float) -> bool:
        """Let it leave, kill it if that takes longer than `grace` seconds; whether it is gone, without a zombie."""
        if not self.wait(grace):
            self.kill()
        return self.wait(_GONE_WITHIN)

    def wait(self, timeout: float) -> bool:
        """Wait for its end; whether that came within `timeout` seconds."""
        until, pause = time.monotonic() + timeout, 0.0002  # the kernel's time, whatever clock a test holds
        while True:
            with self._lock:
                if self._has_ended():
                    return True
            if time.monotonic() >= until:
                return False
            time.sleep(pause)
            pause = min(2 * pause, 0.02)

    def _wait_at_most(self, timeout: float | None) -> None:
        if timeout != self._timeout:  # most have none, and are spared the system call
            self._timeout = timeout
            self._wire.socket.settimeout(timeout)

    def _has_ended(self) -> bool:
        if self._reaped:
            return True
        try:
            if hasattr(os, "waitid"):  # look first: until it is reaped its number is not given to another group
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    return False
                self._signal_all()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:  # somebody else has waited for it, or SIGCHLD is ignored
            self._reaped = True
        else:
            if pid:
                self._reaped, self.exit_code = True, os.waitstatus_to_exitcode(status)
        return self._reaped

    def _signal_all(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:  # it has no group of its own yet
            with suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
