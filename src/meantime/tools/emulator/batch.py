"""The command's invocations: so many, so many of them at once, with a progress bar where there is a terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from meantime.tools.emulator.emulator import AsyncEmulator

if TYPE_CHECKING:
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mechanisms import Mechanisms


class Batch:
    """The invocations of one call of the command; what is done is known also if the rest is interrupted."""

    def __init__(self, function: Function, event: Any, *, count: int, concurrency: int) -> None:
        self._function = function
        self._event = event
        self._count = count
        self._concurrency = concurrency
        self._done: dict[int, Invocation] = {}
        self.mechanisms: Mechanisms | None = None

    @property
    def invocations(self) -> list[Invocation]:
        """Those that are done, in the order they were begun."""
        return [self._done[number] for number in sorted(self._done)]

    async def run(self) -> None:
        """Run all; the first error that is the emulator's, not the function's, ends it."""
        numbers = iter(range(self._count))
        async with AsyncEmulator(self._function) as emulator:
            self.mechanisms = emulator.mechanisms
            with self._progress() as progress:
                bar = progress.add_task("invoked", total=self._count)

                async def work() -> None:
                    for number in numbers:
                        self._done[number] = await emulator.invoke(self._event)
                        progress.advance(bar)

                try:
                    async with asyncio.TaskGroup() as workers:
                        for _ in range(min(self._concurrency, self._count)):
                            workers.create_task(work())
                except ExceptionGroup as errors:
                    raise errors.exceptions[0] from None

    def _progress(self) -> Progress:
        console = Console(stderr=True)
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=self._count == 1 or not console.is_terminal,
        )
