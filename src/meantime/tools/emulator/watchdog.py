"""Tells a small separate process what to clean up should we die before we do it ourselves."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

from meantime.tools.emulator import watchdog_process

Kind = Literal["group", "session", "folder"]


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
        )

    def keep(self, kind: Kind, value: Path | int) -> None:
        """Have `value` ended after our death. Say so before it exists, or before it runs."""
        self._tell(f"keep {kind} {value}\n")

    def forget(self, kind: Kind, value: Path | int) -> None:
        """`value` has been ended."""
        self._tell(f"forget {kind} {value}\n")

    def close(self) -> None:
        """Let it end, and wait for that; what is still registered is cleaned up on the way."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            return
        # Somebody killed it: nothing to be done that would be better than going on.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(os.fsencode(line))
            self._process.stdin.flush()
