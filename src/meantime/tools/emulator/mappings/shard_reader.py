"""Reads one shard from where it is to begin to its end, and hands its records to its lanes."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
import zlib
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.mappings.delivery import Delivery
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, code_of, is_passing, source_error
from meantime.tools.emulator.mappings.lane import Lane
from meantime.tools.emulator.mappings.source import IteratorType, Page

if TYPE_CHECKING:
    from datetime import datetime

    from meantime.tools.emulator.mappings.delivery import Delivering
    from meantime.tools.emulator.mappings.source import Shard

_POLL_EVERY: Final = 0.25
"""Seconds after a read that found nothing. Lambda's own are a second for Kinesis, a quarter for DynamoDB."""
_PAUSE_AFTER_ERROR: Final = 0.5
_LOST: Final = ("ExpiredIteratorException", "TrimmedDataAccessException")


class ShardReader:
    """The reader; lives on one event loop.

    Args:
        shard: What is read.
        common: What all shards of the mapping share.
    """

    def __init__(self, shard: Shard, common: Delivering) -> None:
        self._shard = shard
        self._common = common
        self._kind: IteratorType = "TRIM_HORIZON"
        self._at: datetime | None = None
        self._last_number: str | None = None
        self._iterator: str | None = None
        self._found_none: float | None = None
        settings = common.settings
        self._lanes = [
            Lane(Delivery(common, shard.shard_id), settings, shard_id=shard.shard_id, arn=common.source.arn)
            for _ in range(settings.parallelization_factor)
        ]

    def caught_up(self, since: float) -> bool:
        """Whether all there was at that point in time, in `time.monotonic()` seconds, is processed."""
        return self._found_none is not None and self._found_none >= since and all(lane.idle for lane in self._lanes)

    async def begin(self, kind: IteratorType, at: datetime | None = None) -> None:
        """Find where to begin; what is put into the shard from then on is read, whatever the position."""
        self._kind, self._at = kind, at
        self._iterator = await self._common.endpoint.read(
            self._common.source.iterator, self._shard.shard_id, kind, at=at
        )

    async def run(self) -> None:
        """Read and process to the end of the shard, or until the mapping is stopping.

        Raises:
            SourceError: The shard cannot be read any more.
        """
        lanes = [asyncio.create_task(lane.run()) for lane in self._lanes]
        reading = asyncio.create_task(self._read_all())
        try:
            await self._until_done_or_failed(reading, lanes)
        finally:
            for task in (reading, *lanes):
                task.cancel()
            await asyncio.gather(reading, *lanes, return_exceptions=True)

    async def _until_done_or_failed(self, reading: asyncio.Task[None], lanes: list[asyncio.Task[None]]) -> None:
        pending: set[asyncio.Task[None]] = {reading, *lanes}
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    async def _read_all(self) -> None:
        while self._iterator is not None and not self._common.stopping.is_set():
            began = time.monotonic()
            page = await self._read_page(self._iterator)
            if page is None:
                continue
            self._iterator = page.next_iterator
            self._found_none = None if page.records or page.behind else began
            if page.records:
                await self._hand_over(page)
            elif page.next_iterator is not None:
                await self._pause(_POLL_EVERY)
        self._found_none = math.inf
        for lane in self._lanes:
            lane.close()

    async def _read_page(self, iterator: str) -> Page | None:
        """Read once; None if that failed and is to be tried again."""
        common = self._common
        try:
            return await common.endpoint.read(
                common.source.read, self._shard.shard_id, iterator, common.settings.batch_size
            )
        except CALL_ERRORS as error:
            code = code_of(error)
            if code == "ResourceNotFoundException" and not await self._is_there():
                return Page((), None, behind=False)  # trimmed away, or merged by a server that keeps no closed shards
            if code in _LOST:
                await self._find_again(trimmed=code != _LOST[0])
            elif is_passing(error):
                await self._pause(_PAUSE_AFTER_ERROR)
            else:
                raise source_error(
                    f"shard {self._shard.shard_id} of {common.source.arn} cannot be read", error
                ) from error
            common.counters.add(source_errors=1)
            return None

    async def _hand_over(self, page: Page) -> None:
        self._last_number = page.records[-1].sequence_number
        self._common.counters.add(received=len(page.records))
        for number, lane in enumerate(self._lanes):
            lane.add(record for record in page.records if self._lane_of(record.key) == number)
        for lane in self._lanes:
            await lane.room()

    def _lane_of(self, key: str) -> int:
        return zlib.crc32(key.encode()) % len(self._lanes)

    async def _find_again(self, *, trimmed: bool) -> None:
        """Get an iterator in place of one that is no good any more."""
        source, shard_id = self._common.source, self._shard.shard_id
        if trimmed:
            self._iterator = await self._common.endpoint.read(source.iterator, shard_id, "TRIM_HORIZON")
        elif self._last_number is not None:
            self._iterator = await self._common.endpoint.read(
                source.iterator, shard_id, "AFTER_SEQUENCE_NUMBER", sequence_number=self._last_number
            )
        else:
            self._iterator = await self._common.endpoint.read(source.iterator, shard_id, self._kind, at=self._at)

    async def _is_there(self) -> bool:
        shards = await self._common.endpoint.read(self._common.source.shards)
        return self._shard.shard_id in {shard.shard_id for shard in shards}

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._common.stopping.wait()
