"""One of the lanes in which a shard's records are processed: gathers them into batches, one batch at a time.

A shard has as many lanes as its ParallelizationFactor; a key's records are all in the same one, and so in order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from meantime import clock
from meantime.tools.emulator.mappings.gathering import Gathering
from meantime.tools.emulator.mappings.tumbling import Window, window_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.emulator.mappings.delivery import Delivery
    from meantime.tools.emulator.mappings.settings import StreamSettings
    from meantime.tools.emulator.mappings.source import Record

_WINDOW_FRAME: Final = 1_024
"""Bytes of a window's event beside its records and its state."""


class Lane:
    """One lane; lives on one event loop.

    Args:
        delivery: Delivers its batches.
        settings: Say how large they are.
        shard_id: The shard it is of.
        arn: The stream.
    """

    def __init__(self, delivery: Delivery, settings: StreamSettings, *, shard_id: str, arn: str) -> None:
        self._delivery = delivery
        self._settings = settings
        self._shard_id = shard_id
        self._arn = arn
        self._waiting: deque[Record] = deque()
        self._changed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._closed = False
        self._busy = False
        self._window: Window | None = None

    def add(self, records: Iterable[Record]) -> None:
        """Add the shard's next records."""
        self._waiting.extend(records)
        self._changed.set()

    def close(self) -> None:
        """There are no more records: what is there is the last batch."""
        self._closed = True
        self._changed.set()

    @property
    def idle(self) -> bool:
        """Whether all it was given is processed, up to the end of the window."""
        return not (self._waiting or self._busy or self._window)

    async def room(self) -> None:
        """Wait until it wants more records."""
        while len(self._waiting) >= self._settings.batch_size and not self._closed:
            self._has_room.clear()
            await self._has_room.wait()

    async def run(self) -> None:
        """Process until it is closed and empty."""
        while True:
            batch = await self._next_batch()
            if not batch and self._closed and not self._waiting:
                break
            if batch:
                await self._deliver(batch)
                self._busy = False
            self._has_room.set()
        await self._end_window()

    async def _next_batch(self) -> list[Record]:
        """Return the next batch, of one window if there are windows; or none, when a window ended meanwhile."""
        gathering: Gathering[Record] = Gathering(self._settings.batch_size, self._settings.batch_window, self._frame())
        while True:
            await self._end_window_that_is_over()
            while self._waiting and gathering.room and self._is_of_window(self._waiting[0]):
                if gathering.add(self._waiting[0]):
                    self._waiting.popleft()
                    self._busy = True
            next_window = bool(self._waiting) and not self._is_of_window(self._waiting[0])
            if self._closed or next_window or gathering.complete:
                return gathering.items
            self._changed.clear()
            self._has_room.set()
            await self._change(gathering.ends)

    async def _change(self, until: float | None) -> None:
        """Wait for records, or until a point in time: the end of the batch's gathering, or else of the window."""
        ends = [] if until is None else [until]
        if until is None and self._window is not None:
            ends.append(clock.monotonic() + self._window.end - clock.wall())
        timer = clock.call_at(asyncio.get_running_loop(), min(ends), self._changed.set) if ends else None
        try:
            await self._changed.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _deliver(self, batch: list[Record]) -> None:
        if not self._settings.tumbling_window:
            await self._delivery.deliver(batch)
            return

        def answered(answer: object) -> None:
            assert self._window is not None  # noqa: S101  # the batch is of it
            self._window = self._window.after(answer)

        await self._delivery.deliver(
            batch,
            event=lambda records: self._open_window.event(records, shard_id=self._shard_id, arn=self._arn),
            answered=answered,
        )
        if self._open_window.is_too_large:
            await self._end_window(early=True)

    @property
    def _open_window(self) -> Window:
        assert self._window is not None  # noqa: S101  # records were taken, which are of it
        return self._window

    def _frame(self) -> int:
        if not self._settings.tumbling_window:
            return len('{"Records": []}')
        return _WINDOW_FRAME + (self._window.state_size if self._window else 0)

    def _is_of_window(self, record: Record) -> bool:
        if not self._settings.tumbling_window:
            return True
        if self._window is None:
            self._window = window_of(record, self._settings.tumbling_window)
        return self._window.holds(record)

    async def _end_window_that_is_over(self) -> None:
        window = self._window
        if window is None or self._busy:
            return
        if (not window.holds(self._waiting[0])) if self._waiting else (clock.wall() >= window.end):
            await self._end_window()

    async def _end_window(self, *, early: bool = False) -> None:
        """Let the function do what is to be done at a window's end, with the state there is."""
        window, self._window = self._window, None
        if window is None:
            return
        self._busy = True
        await self._delivery.finish_window(
            window.event((), shard_id=self._shard_id, arn=self._arn, final=True, early=early)
        )
        self._busy = False
        if early:
            self._window = Window(window.start, window.seconds)
