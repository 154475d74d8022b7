"""Tells a small separate process what to clean up should we die before we do it ourselves."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Final, Literal

from meantime.tools.emulator import watchdog_process

Kind = Literal["group", "session", "folder"]

_PATIENCE: Final = 2 * watchdog_process.PATIENCE


class Watchdog:
    """The separate process; it holds the reading end of a pipe, and ends itself when the pipe closes."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C in the terminal is not meant for it. "/": it must hold no folder in use.
        self._process = subprocess.Popen(  # noqa: S603  # our own file
            [sys.executable, "-I", "-S", str(Path(watchdog_process.__file__)), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            bufsize=0,  # nothing is held back that a forked child could write once more
        )
        _living.add(self)

    def keep(self, kind: Kind, value: Path | int) -> None:
        """Have `value` ended after our death. Say so before it exists, or before it runs."""
        self._tell(f"keep {kind} {value}\n")

    def forget(self, kind: Kind, value: Path | int) -> None:
        """`value` has been ended."""
        self._tell(f"forget {kind} {value}\n")

    def close(self, patience: float = _PATIENCE) -> None:
        """Let it end, and wait for that; what is still registered is cleaned up on the way.

        Args:
            patience: Seconds to wait before it is killed: it may be stopped, or stuck.
        """
        self._tell(os.fsdecode(watchdog_process.END) + "\n")
        self.let_go()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def let_go(self) -> None:
        """Close our end of the pipe."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def _tell(self, line: str) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            return
        # Somebody killed it: nothing to be done that would be better than going on.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(os.fsencode(line))


_living: Final[weakref.WeakSet[Watchdog]] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """In a forked child of the program: the pipe is its parent's."""
    for watchdog in list(_living):
        watchdog.let_go()


os.register_at_fork(after_in_child=_let_go_in_child)
