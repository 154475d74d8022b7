"""Invokes every handler at every memory size in turn, so that what the machine does meanwhile meets all alike.

Each has an environment that is kept warm, and frozen while it is not its turn. Further environments are started for
the cold starts, and one more is recorded, so that the durations are those of the function as it is.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from meantime.measure.log_lines import documents_in
from meantime.tools.emulator import AsyncEmulator
from meantime.tools.measure import recorder
from meantime.tools.measure.answers import difference
from meantime.tools.measure.errors import MeasurementError, NothingMeasuredError
from meantime.tools.measure.machine import busy_seconds
from meantime.tools.measure.remedies import complaint, failed
from meantime.tools.report.decoding import DecodingError
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from meantime.tools.emulator import Function, Invocation
    from meantime.tools.emulator.mechanisms import Mechanisms
    from meantime.tools.measure.work import Extent, Work


@dataclass(kw_only=True)
class Cell:
    """One handler at one memory size, and what has come of it so far.

    Args:
        variant: Name of the handler.
        function: What the emulator runs.
        cold: The first invocation of each environment.
        warm: By event, one a round.
        recordings: By event.
    """

    variant: str
    function: Function
    cold: list[Invocation] = field(default_factory=list)
    warm: dict[str, list[Invocation]] = field(default_factory=dict)
    recordings: dict[str, list[Recording]] = field(default_factory=dict)

    @property
    def memory_mb(self) -> int:
        """Its memory size."""
        return self.function.memory_mb

    def where(self, event: str, events: Mapping[str, Any], *, sized: bool = True) -> str:
        """Say which invocation it was, for a message."""
        at_size = f" at {self.memory_mb} MB" if sized else ""
        with_event = f", event {event}," if len(events) > 1 else ""
        handler = self.function.handler
        named = handler if handler.startswith(self.variant) else f"{handler} ({self.variant})"
        return f"{named}{at_size}{with_event}"


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """What was run.

    Args:
        cells: Every handler at every size, with as many warm invocations each.
        mechanisms: How the emulator froze and limited them.
        interrupted: Whether it was stopped before all was run.
        odd: What is odd about their answers, a sentence each.
        other_cores: How many cores everything else on this machine used while the rounds were run; None where unknown.
    """

    cells: tuple[Cell, ...]
    mechanisms: Mechanisms
    interrupted: bool = False
    odd: tuple[str, ...] = ()
    other_cores: float | None = None

    @property
    def count(self) -> int:
        """How many rounds are complete."""
        return min((len(warm) for cell in self.cells for warm in cell.warm.values()), default=0)


class _StoppedError(Exception):
    """Somebody asked to stop."""


class _Course:
    """One measurement under way."""

    def __init__(self, work: Work, extent: Extent, *, progress: Callable[[], None], stop: asyncio.Event | None) -> None:
        self.work = work
        self.extent = extent
        self.odd: dict[str, str] = {}
        self.other_cores: float | None = None
        self.cells = [
            Cell(variant=variant, function=work.function(variant, memory_mb), warm={name: [] for name in work.events})
            for memory_mb in extent.memory_mb
            for variant in work.handlers
        ]
        self._progress = progress
        self._stop = stop or asyncio.Event()

    async def start(self, stack: AsyncExitStack) -> list[AsyncEmulator]:
        """Start every environment that is kept; the first invocation with each event is not counted."""
        emulators = []
        for cell in self.cells:
            emulator = await self._environment(stack, cell.function)
            emulators.append(emulator)
            first, *_ = [await self._invoke(emulator, cell, event) for event in self.work.events]
            cell.cold.append(first)
        return emulators

    async def record(self) -> None:
        """Record warm invocations of each, in an environment that does nothing else.

        The first with each event is recorded as well, and thrown away: recording, too, is slower for the first time.
        """
        if not self.extent.recordings:
            return
        for cell in self.cells:
            try:
                await self._record(cell)
            except (MeasurementError, DecodingError) as error:
                what = error.failure if isinstance(error, MeasurementError) else error
                self.odd[cell.function.handler] = f"runs, but not while it is recorded, so nothing is advised: {what}"

    async def _record(self, cell: Cell) -> None:
        async with AsyncExitStack() as stack:
            emulator = await self._environment(stack, _recorded(cell.function))
            for event in self.work.events:
                await self._recordings(emulator, cell, event)
                cell.recordings[event] = [
                    recording
                    for _ in range(self.extent.recordings)
                    for recording in await self._recordings(emulator, cell, event)
                ]

    async def go_round(self, emulators: list[AsyncEmulator]) -> None:
        """Invoke each in its turn, every other round the other way about: nobody is always behind the same one."""
        turns = list(zip(self.cells, emulators, strict=True))
        began, busy, own = time.monotonic(), busy_seconds(), time.process_time()
        try:
            for number in range(self.extent.invocations):
                for cell, emulator in reversed(turns) if number % 2 else turns:
                    for event in self.work.events:
                        cell.warm[event].append(await self._invoke(emulator, cell, event))
        finally:
            ours = time.process_time() - own + sum(one.cpu_ms for one in self._warm()) / 1000
            if busy is not None and (busy_now := busy_seconds()) is not None:
                self.other_cores = max(0.0, busy_now - busy - ours) / (time.monotonic() - began)

    def _warm(self) -> Iterator[Invocation]:
        return (one for cell in self.cells for of_event in cell.warm.values() for one in of_event)

    async def start_cold(self) -> None:
        """Start further environments, each for one invocation."""
        event = next(iter(self.work.events))
        for _ in range(self.extent.cold_starts - 1):
            for cell in self.cells:
                async with AsyncExitStack() as stack:
                    emulator = await self._environment(stack, cell.function)
                    cell.cold.append(await self._invoke(emulator, cell, event))

    async def _environment(self, stack: AsyncExitStack, function: Function) -> AsyncEmulator:
        return await stack.enter_async_context(AsyncEmulator(function, init_cpu=self.extent.init_cpu))

    async def _invoke(
        self, emulator: AsyncEmulator, cell: Cell, event: str, client_context: Mapping[str, Any] | None = None
    ) -> Invocation:
        invoking = asyncio.ensure_future(emulator.invoke(self.work.events[event], client_context=client_context))
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({invoking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not invoking.done():
                raise _StoppedError
            invocation = invoking.result()
        finally:
            invoking.cancel()
            stopping.cancel()
        self._progress()
        where = cell.where(event, self.work.events)
        if invocation.error is not None:
            raise failed(cell.function, invocation, where)
        if (odd := complaint(invocation.payload)) is not None:
            self.odd[cell.where(event, self.work.events, sized=False)] = f"{odd}: is that what you want to measure?"
        return invocation

    async def _recordings(self, emulator: AsyncEmulator, cell: Cell, event: str) -> list[Recording]:
        """One, or none where something else that wrote to the log meanwhile has spoilt it."""
        invocation = await self._invoke(emulator, cell, event, recorder.REQUEST)
        return [Recording.of(document) for document in documents_in(invocation.log)]


def _recorded(function: Function) -> Function:
    """The same function with the recorder before its handler."""
    environment = {**function.environment, recorder.HANDLER_VARIABLE: function.handler}
    return replace(function, handler=recorder.HANDLER, environment=environment)


async def run_rounds(
    work: Work, extent: Extent, *, progress: Callable[[], None] = lambda: None, stop: asyncio.Event | None = None
) -> Rounds:
    """Run all of it.

    Args:
        work: What to run.
        extent: How much of it.
        progress: Called after each invocation.
        stop: Once it is set, what has been run by then is given back.

    Raises:
        MeasurementError: An invocation failed.
        ValueError: There is no such function.
    """
    course = _Course(work, extent, progress=progress, stop=stop)
    interrupted = False
    async with AsyncExitStack() as stack:
        emulators: list[AsyncEmulator] = []
        try:
            emulators = await course.start(stack)
            await course.record()
            await course.go_round(emulators)
            await course.start_cold()
        except _StoppedError:
            interrupted = True
        if not emulators:
            raise NothingMeasuredError("Stopped before anything was measured.")
        mechanisms = emulators[0].mechanisms
    odd = tuple(f"{where} {what}" for where, what in course.odd.items())
    odd += tuple(_other_answers(course.cells, work))
    rounds = Rounds(
        cells=tuple(course.cells),
        mechanisms=mechanisms,
        interrupted=interrupted,
        odd=odd,
        other_cores=course.other_cores,
    )
    for cell in rounds.cells:
        for warm in cell.warm.values():
            del warm[rounds.count :]  # of a round that was not completed
    return rounds


def _other_answers(cells: Sequence[Cell], work: Work) -> Iterator[str]:
    """Where a handler answers an event otherwise than the first one does, each told once."""
    first, *others = work.handlers
    by_place = {(cell.variant, cell.memory_mb): cell for cell in cells}
    for variant in others:
        for event in work.events:
            found = [
                (cell, how)
                for cell in cells
                if cell.variant == variant
                and (how := difference(_answers(by_place[first, cell.memory_mb], event), _answers(cell, event)))
            ]
            if found:
                _, how = found[0]
                where = f" to event {event}" if len(work.events) > 1 else ""
                yield (
                    f"{variant} answers{where} otherwise than {first}: {how}. If that is no identifier and no time, "
                    "the two do not do the same, and their durations do not compare."
                )


def _answers(cell: Cell, event: str) -> list[Any]:
    return [invocation.payload for invocation in cell.warm[event]]
