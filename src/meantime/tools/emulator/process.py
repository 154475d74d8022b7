"""Starting one process the safe way, and noticing its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# It joins its groups before anything of the function runs, and waits for a word from us: should we die before its
# session is registered, the word never comes and it ends.
_LAUNCHER: Final = """
while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done
shift
read -r word || exit 125
exec "$@" < /dev/null
"""


class Process:
    """A process that leads its own session. Starting it, and waiting for its end, blocks."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        variables: Mapping[str, str],
        entries: Sequence[Path],
        output: int,
        telemetry: int,
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # to run the user's code is the purpose
            ["/bin/sh", "-c", _LAUNCHER, "sh", *map(str, entries), "--", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=(telemetry,),
            cwd=folder,
            env=variables,
            start_new_session=True,
        )
        self.number = self._process.pid
        self.wait = self._process.wait

    def go(self) -> None:
        """Let it run: it is registered."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as gate:
                gate.write(b"go\n")

    def watch(self, ended: Callable[[int], None]) -> None:
        """Have `ended` called with the return code, on the running event loop, when the process is gone."""
        loop = asyncio.get_running_loop()
        try:
            life = os.pidfd_open(self.number)
        except (AttributeError, OSError):  # not Linux, or an old one

            def wait() -> None:
                status = self._process.wait()
                with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know
                    loop.call_soon_threadsafe(ended, status)

            threading.Thread(target=wait, name="meantime-emulator-wait", daemon=True).start()
            return

        def note() -> None:
            loop.remove_reader(life)
            os.close(life)
            ended(self._process.wait())

        loop.add_reader(life, note)
