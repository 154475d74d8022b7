"""Reads a stream as Lambda's poller does: each shard in order and by itself, after the shards that it came from."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, code_of, is_passing, source_error
from meantime.tools.emulator.mappings.shard_reader import ShardReader
from meantime.tools.emulator.mappings.shards import Shards

if TYPE_CHECKING:
    from meantime.tools.emulator.mappings.delivery import Delivering
    from meantime.tools.emulator.mappings.source import IteratorType, Shard

_LOOK_FOR_SHARDS_EVERY: Final = 1.0
_GONE: Final = "ResourceNotFoundException"
"""A shard's, between its being listed and its being read; the stream's own is found by reading."""


class StreamPoller:
    """The poller; lives on one event loop.

    Args:
        common: What is read, how, and what for.
    """

    def __init__(self, common: Delivering) -> None:
        self._common = common
        self._shards = Shards(latest=common.settings.starting_position == "LATEST")
        self._readers: dict[asyncio.Task[None], tuple[Shard, ShardReader]] = {}
        self._looked: float | None = None
        self._look_now = asyncio.Event()

    def caught_up(self, since: float) -> bool:
        """Whether all there was at that point in time, in `time.monotonic()` seconds, is processed."""
        if self._looked is None or self._looked < since:
            self._look_now.set()
            return False
        readers = [reader for _, reader in self._readers.values()]
        return self._shards.all_begun and all(reader.caught_up(since) for reader in readers)

    async def prepare(self) -> None:
        """Find the shards and where to begin in each: what is put into the stream from then on will be read."""
        await self._look_for_shards()

    async def run(self) -> None:
        """Poll until `stop`; returns when the batches under way are done.

        Raises:
            SourceError: The stream cannot be read any more.
            EmulatorError: The function cannot be run.
        """
        stopping = asyncio.create_task(self._common.stopping.wait())
        look_now = asyncio.create_task(self._look_now.wait())
        try:
            while not stopping.done():
                await asyncio.wait(
                    {stopping, look_now, *self._readers},
                    timeout=_LOOK_FOR_SHARDS_EVERY,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                self._end_those_done()
                if look_now.done():
                    self._look_now.clear()
                    look_now = asyncio.create_task(self._look_now.wait())
                if not stopping.done():
                    await self._look_for_shards()
            if self._readers:
                await asyncio.wait(self._readers)
            self._end_those_done()
        finally:
            for task in (stopping, look_now, *self._readers):
                task.cancel()
            await asyncio.gather(stopping, look_now, *self._readers, return_exceptions=True)

    def stop(self) -> None:
        """Begin no other batch."""
        self._common.stopping.set()

    def _end_those_done(self) -> None:
        for task in [task for task in self._readers if task.done()]:
            shard, _ = self._readers.pop(task)
            self._looked = None
            task.result()
            self._shards.done(shard)

    async def _look_for_shards(self) -> None:
        common = self._common
        began = time.monotonic()
        try:
            self._shards.found(await common.endpoint.read(common.source.shards))
            for shard in self._shards.ready():
                await self._begin(shard)
        except CALL_ERRORS as error:
            if not is_passing(error) and code_of(error) != _GONE:
                raise source_error(f"the shards of {common.source.arn} cannot be read", error) from error
            common.counters.add(source_errors=1)
            return
        self._looked = began
        common.counters.set(concurrency=len(self._readers) * common.settings.parallelization_factor)

    async def _begin(self, shard: Shard) -> None:
        reader = ShardReader(shard, self._common)
        position = self._common.settings.starting_position
        kind: IteratorType = "AT_TIMESTAMP" if isinstance(position, datetime) else position
        if self._shards.from_the_start(shard):
            await reader.begin("TRIM_HORIZON")
        else:
            await reader.begin(kind, position if isinstance(position, datetime) else None)
        self._shards.begun(shard)
        self._readers[asyncio.create_task(reader.run())] = (shard, reader)
