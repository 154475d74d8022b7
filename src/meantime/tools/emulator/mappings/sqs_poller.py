"""Reads a queue as Lambda's poller does: as many batches at once as AWS allows, each read, processed and deleted."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from meantime import clock
from meantime.tools.emulator.mappings.answers import Outcome, Reading, failure, read_queue_answer
from meantime.tools.emulator.mappings.endpoint import CALL_ERRORS, is_passing, source_error
from meantime.tools.emulator.mappings.gathering import Gathering
from meantime.tools.emulator.mappings.groups import Groups
from meantime.tools.emulator.mappings.invoking import invoke
from meantime.tools.emulator.mappings.scaling import Scaling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.mappings.endpoint import Endpoint
    from meantime.tools.emulator.mappings.invoking import Invoke
    from meantime.tools.emulator.mappings.queue import Message, Queue
    from meantime.tools.emulator.mappings.settings import QueueSettings
    from meantime.tools.emulator.mappings.statistics import Counters

_WAIT: Final = 1
"""Seconds a read waits for messages. AWS waits 20; so long nobody would like to wait for the end. On this machine a
read does not wait at all, and is repeated instead."""
_PAUSE_WHEN_EMPTY: Final = 0.2
_STAFF_EVERY: Final = 0.1
_PAUSE_IN_WINDOW: Final = 0.05
_PAUSE_AFTER_ERROR: Final = 0.5


class QueuePoller:
    """The poller; lives on one event loop.

    Args:
        queue: What is read.
        settings: How.
        invoke: Begins an invocation.
        function_timeout: Seconds that one may take.
        endpoint: Runs the queue's calls.
        counters: Are told what happens.
    """

    def __init__(
        self,
        queue: Queue,
        settings: QueueSettings,
        *,
        invoke: Invoke,
        function_timeout: float,
        endpoint: Endpoint,
        counters: Counters,
    ) -> None:
        self._queue = queue
        self._settings = settings
        self._invoke = invoke
        self._endpoint = endpoint
        self._counters = counters
        self._visibility = settings.visibility(
            visibility_timeout=queue.visibility_timeout, function_timeout=function_timeout
        )
        self._wait = 0 if endpoint.is_local else _WAIT
        self._scaling = Scaling(settings.maximum_concurrency)
        self._groups = Groups()
        self._stopping = asyncio.Event()
        self._workers: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Poll until `stop`; returns when the batches under way are done.

        Raises:
            SourceError: The queue cannot be used any more.
            EmulatorError: The function cannot be run.
        """
        try:
            while not self._stopping.is_set():
                self._staff()
                await self._pause(_STAFF_EVERY)
                self._raise_what_ended_a_worker()
            await asyncio.gather(*self._workers.values())
        finally:
            await self._end_workers()

    def stop(self) -> None:
        """Begin no other batch.

        What is received and not processed the queue still holds: to give it back while others still read would only
        have them receive it again.
        """
        self._stopping.set()

    def _staff(self) -> None:
        """See to it that there is one worker for each batch that may be under way."""
        allowed = self._scaling.allowed
        self._counters.set(concurrency=allowed)
        for number in range(allowed):
            if number not in self._workers or self._workers[number].done():
                self._raise_what_ended_a_worker()
                self._workers[number] = asyncio.create_task(self._work(number))

    def _raise_what_ended_a_worker(self) -> None:
        for worker in self._workers.values():
            if worker.done() and not worker.cancelled() and (error := worker.exception()) is not None:
                raise error

    async def _end_workers(self) -> None:
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    async def _work(self, number: int) -> None:
        """Read and process batch after batch, until there are more workers than batches allowed."""
        left_over: list[Message] = []
        while not self._stopping.is_set() and (left_over or number < self._scaling.allowed):
            batch, left_over = await self._gather(left_over)
            if batch and not self._stopping.is_set():
                await self._process(batch)

    async def _gather(self, before: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """Return the next batch, and what was received but did not go into it."""
        gathering: Gathering[Message] = Gathering(self._settings.batch_size, self._settings.batch_window)
        left_over = [message for message in before if not gathering.add(message)]
        while not (gathering.complete or self._stopping.is_set()):
            received = await self._receive(gathering.room, first=not gathering.items)
            left_over += [message for message in received if not gathering.add(message)]
            if not gathering.items:
                break
            if not received:
                # With the function's clock, so that a test which holds it can let the window pass.
                await clock.sleep_async(_PAUSE_IN_WINDOW)
        return gathering.items, left_over

    async def _receive(self, most: int, *, first: bool) -> list[Message]:
        """Read some messages; none also if the queue could not be read this time."""
        try:
            received = await self._endpoint.read(
                self._queue.receive, most, self._wait if first else 0, self._visibility
            )
        except CALL_ERRORS as error:
            if not is_passing(error):
                raise source_error(f"queue {self._queue.url} cannot be read", error) from error
            self._counters.add(source_errors=1)
            await self._pause(_PAUSE_AFTER_ERROR)
            return []
        if received:
            self._scaling.found_messages()
            again = sum(message.receive_count > 1 for message in received)
            self._counters.add(received=len(received), redelivered=again)
        elif first:
            self._scaling.found_none()
            if not self._wait:
                await self._pause(_PAUSE_WHEN_EMPTY)
        return received

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until it is time to stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation
                await self._stopping.wait()

    async def _process(self, batch: Sequence[Message]) -> None:
        """Invoke the function with a batch; delete what is done with, leave the rest to the visibility timeout."""
        groups = frozenset(message.group for message in batch if message.group is not None)
        async with self._groups.alone(groups):
            lapses = min(message.lapses for message in batch)
            if clock.monotonic() >= lapses:
                self._drop(batch)
                return
            self._counters.began_batch(len(batch))
            try:
                await self._process_alone(batch, lapses)
            finally:
                self._counters.ended_batch(len(batch))

    async def _process_alone(self, batch: Sequence[Message], lapses: float) -> None:
        event = {"Records": [message.record for message in batch]}
        invocation = await invoke(
            self._invoke,
            event,
            counters=self._counters,
            until=lapses,
            stopping=self._stopping,
            throttled=self._scaling.failed,
        )
        if invocation is None:
            if not self._stopping.is_set():
                self._drop(batch)
            return
        identifiers = [message.message_id for message in batch]
        if invocation.error is not None:
            self._counters.error(invocation.error.error_type, invocation.error.message)
            reading = failure(identifiers, invocation.error.message)
        else:
            reading = read_queue_answer(
                invocation.payload, identifiers, report=self._settings.report_batch_item_failures
            )
            if reading.reason:
                self._counters.error(reading.reason)
        self._count(reading)
        again = frozenset(reading.again)
        self._queue.forget(message for message in batch if message.message_id in again)
        await self._delete([message for message in batch if message.message_id not in again])

    def _count(self, reading: Reading) -> None:
        self._counters.add(failed=len(reading.again), ignored=reading.ignored)
        match reading.outcome:
            case Outcome.SUCCESS:
                self._counters.add(successes=1)
            case Outcome.PARTIAL:
                self._counters.add(partials=1)
            case Outcome.FAILURE:
                self._counters.add(failures=1)
                if not self._settings.report_batch_item_failures:
                    self._scaling.failed()

    def _drop(self, batch: Sequence[Message]) -> None:
        self._counters.add(dropped=len(batch))
        self._queue.forget(batch)

    async def _delete(self, messages: Sequence[Message]) -> None:
        """Delete what is done with; what cannot be deleted comes again, as AWS warns it may."""
        try:
            refused = await self._endpoint.write(self._queue.delete, messages)
        except CALL_ERRORS as error:
            if not is_passing(error):
                raise source_error(f"messages of queue {self._queue.url} cannot be deleted", error) from error
            self._counters.add(source_errors=1)
            self._queue.forget(messages)
        else:
            self._counters.add(done=len(messages) - refused, source_errors=refused)
