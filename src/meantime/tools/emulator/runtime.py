"""One run of the runtime client: its process, its Runtime API and its output, from start to end."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from meantime.tools.emulator.engine import in_thread
from meantime.tools.emulator.errors import EmulatorError
from meantime.tools.emulator.happenings import Exited, Happening
from meantime.tools.emulator.output import Output
from meantime.tools.emulator.process import Process
from meantime.tools.emulator.runtime_api import RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from meantime.tools.emulator.function import Function


class Runtime:
    """The runtime client, `python -m awslambdaric`, with what it talks to. What happens to it comes in one queue."""

    def __init__(self) -> None:
        self._happenings: asyncio.Queue[Happening] = asyncio.Queue()
        self._exited = asyncio.Event()
        self._process: Process | None = None
        self._watched = False
        self.api = RuntimeApi(self._happenings.put_nowait)
        self.output = Output()
        self.started = 0.0

    async def start(
        self,
        function: Function,
        *,
        variables: Callable[[str, int], Mapping[str, str]],
        entries: Sequence[Path],
        register: Callable[[int], None],
    ) -> None:
        """Start the process.

        Args:
            function: What it is to run.
            variables: Gives its variables, from the Runtime API's address and the telemetry descriptor.
            entries: The files to which it writes its number to join its groups.
            register: Called with its number before anything of the function runs; may block.

        Raises:
            EmulatorError: The machine would not start it.
        """
        address = await self.api.start()
        telemetry = os.dup(self.output.writing_end)

        def launch() -> None:
            self.started = time.monotonic()
            self._process = process = Process(
                [str(function.python), "-m", "awslambdaric", function.handler],
                folder=function.code,
                variables=variables(address, telemetry),
                entries=entries,
                output=self.output.writing_end,
                telemetry=telemetry,
            )
            register(process.number)
            process.go()

        try:
            await in_thread(launch)
        except OSError as error:
            raise EmulatorError(f"the function's process could not be started: {error}") from error
        finally:
            os.close(telemetry)
            self.output.writing_end_passed_on()
        if self._process is not None:
            self._process.watch(self._ended)
            self._watched = True

    async def happening(self, deadline: float | None = None) -> Happening | None:
        """Return what happens next; None if nothing does until `deadline`, in `time.monotonic()` seconds."""
        try:
            async with asyncio.timeout_at(deadline):  # the loop's clock is time.monotonic
                return await self._happenings.get()
        except TimeoutError:
            return None

    async def close(self) -> None:
        """Wait until the process, which was killed or is ending, is reaped; let go of the ports and pipes."""
        if self._watched:
            await self._exited.wait()
        elif self._process is not None:
            await in_thread(self._process.wait)
        await self.api.stop()
        self.output.close()

    def _ended(self, status: int) -> None:
        self._exited.set()
        self._happenings.put_nowait(Exited(status))
