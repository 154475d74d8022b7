"""Delivers one batch of a shard: again from its checkpoint, halved, up to the retry limit, and then given up.

What AWS's pages leave open, and how it is here:

- A response that moves the checkpoint begins the count of retries anew (recorded from AWS).
- One that names the batch's first record moves nothing: it counts as a failed attempt (recorded), and is halved as one.
- The halves of a batch go on with the retries that it had; halving is no retry (documented).
- Of a batch that is partly too old, only the records that are too old are given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meantime import clock
from meantime.tools.emulator.mappings.answers import Outcome, Reading, failure, read_stream_answer
from meantime.tools.emulator.mappings.destinations import Condition, document
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, source_error
from meantime.tools.emulator.mappings.invoking import FIRST_PAUSE, LONGEST_PAUSE, invoke

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mappings.destinations import Destination
    from meantime.tools.emulator.mappings.endpoint import Endpoint
    from meantime.tools.emulator.mappings.invoking import Invoke
    from meantime.tools.emulator.mappings.settings import StreamSettings
    from meantime.tools.emulator.mappings.source import Record, Source
    from meantime.tools.emulator.mappings.statistics import Counters

    MakeEvent = Callable[[Sequence[Record]], dict[str, Any]]
    Answered = Callable[[Any], None]


@dataclass(frozen=True)
class Delivering:
    """What all shards of one mapping share."""

    source: Source
    settings: StreamSettings
    function_arn: str
    invoke: Invoke
    endpoint: Endpoint
    destination: Destination | None
    counters: Counters
    stopping: asyncio.Event


@dataclass
class _Piece:
    """Records of the batch that are still to be delivered together."""

    records: Sequence[Record]
    retries: int = 0
    invocations: int = 0
    last: Invocation | None = None


class Delivery:
    """Delivers the batches of one shard, one after the other.

    Args:
        common: What all shards share.
        shard_id: The shard.
    """

    def __init__(self, common: Delivering, shard_id: str) -> None:
        self._common = common
        self._shard_id = shard_id

    async def deliver(
        self, records: Sequence[Record], *, event: MakeEvent | None = None, answered: Answered | None = None
    ) -> None:
        """Return when each record is processed or given up, or when the mapping is stopping.

        Args:
            records: The batch.
            event: Makes the event; by default one that holds the records and nothing else.
            answered: Told the function's answer when some of the records are done with.
        """
        pieces = [_Piece(records)]
        while pieces and not self._common.stopping.is_set():
            piece = await self._without_the_old(pieces.pop(0))
            if not piece.records:
                continue
            reading = await self._attempt(piece, event, answered)
            if reading is None:
                pieces.insert(0, piece)  # it never reached the function: neither a retry nor a failure
                await clock.sleep_async(FIRST_PAUSE)
            elif reading.again:
                pieces[:0] = await self._after(piece, len(piece.records) - len(reading.again))

    async def finish_window(self, event: dict[str, Any]) -> None:
        """Invoke the function for the end of a window until it succeeds, as AWS does, or the mapping is stopping."""
        pause = FIRST_PAUSE
        while not self._common.stopping.is_set():
            invocation = await self._invoke(event, 0)
            if invocation is not None:
                reading = self._read(invocation, ())
                if reading.outcome is not Outcome.FAILURE:
                    self._common.counters.add(successes=1)
                    return
                self._common.counters.add(failures=1)
            await clock.sleep_async(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _attempt(self, piece: _Piece, event: MakeEvent | None, answered: Answered | None) -> Reading | None:
        """Invoke the function with a piece; None if it could not be invoked."""
        records = piece.records
        made = event(records) if event else {"Records": [record.event for record in records]}
        invocation = await self._invoke(made, len(records), until=self._too_old_at(records[0]))
        if invocation is None:
            return None
        piece.invocations += 1
        piece.last = invocation
        reading = self._read(invocation, [record.sequence_number for record in records])
        self._count(reading, len(records))
        if answered is not None and len(reading.again) < len(records):
            answered(invocation.payload)
        return reading

    async def _after(self, piece: _Piece, done: int) -> list[_Piece]:
        """Return what a piece leaves to be delivered, of which so many records are done with."""
        if done:
            return [_Piece(piece.records[done:])]
        if self._common.settings.bisect_batch_on_function_error and len(piece.records) > 1:
            half = len(piece.records) // 2
            return [_Piece(piece.records[:half], piece.retries), _Piece(piece.records[half:], piece.retries)]
        most = self._common.settings.maximum_retry_attempts
        if most != -1 and piece.retries >= most:
            await self._give_up(piece, piece.records, Condition.RETRIES_EXHAUSTED)
            return []
        await clock.sleep_async(min(FIRST_PAUSE * 2 ** min(piece.retries, 10), LONGEST_PAUSE))
        piece.retries += 1
        return [piece]

    async def _without_the_old(self, piece: _Piece) -> _Piece:
        """Give up the records that are older than the mapping allows."""
        now = clock.wall()
        most = self._common.settings.maximum_record_age
        old = [] if most == -1 else [record for record in piece.records if now - record.arrived >= most]
        if old:
            await self._give_up(piece, old, Condition.TOO_OLD)
            piece.records = piece.records[len(old) :]
        return piece

    def _too_old_at(self, record: Record) -> float | None:
        """When a record is too old, in `clock.monotonic()` seconds."""
        most = self._common.settings.maximum_record_age
        return None if most == -1 else clock.monotonic() + record.arrived + most - clock.wall()

    async def _give_up(self, piece: _Piece, records: Sequence[Record], condition: Condition) -> None:
        common = self._common
        common.counters.add(discarded=len(records))
        if common.destination is None:
            return
        about = document(
            common.source,
            self._shard_id,
            records,
            function_arn=common.function_arn,
            condition=condition,
            invocation=piece.last,
            invocations=piece.invocations,
        )
        try:
            await common.endpoint.write(common.destination.send, about)
        except CALL_ERRORS as error:
            raise source_error(f"nothing can be sent to {common.destination.arn}", error) from error

    async def _invoke(self, event: dict[str, Any], records: int, until: float | None = None) -> Invocation | None:
        counters = self._common.counters
        counters.began_batch(records)
        try:
            return await invoke(
                self._common.invoke, event, counters=counters, until=until, stopping=self._common.stopping
            )
        finally:
            counters.ended_batch(records)

    def _read(self, invocation: Invocation, numbers: Sequence[str]) -> Reading:
        settings, counters = self._common.settings, self._common.counters
        if invocation.error is not None:
            counters.error(invocation.error.error_type, invocation.error.message)
            return failure(numbers, invocation.error.message)
        reading = read_stream_answer(
            invocation.payload,
            numbers,
            report=settings.report_batch_item_failures and bool(numbers),
            windowed=bool(settings.tumbling_window),
        )
        if reading.reason:
            counters.error(reading.reason)
        return reading

    def _count(self, reading: Reading, records: int) -> None:
        self._common.counters.add(done=records - len(reading.again), failed=len(reading.again), ignored=reading.ignored)
        match reading.outcome:
            case Outcome.SUCCESS:
                self._common.counters.add(successes=1)
            case Outcome.PARTIAL:
                self._common.counters.add(partials=1)
            case Outcome.FAILURE:
                self._common.counters.add(failures=1)
