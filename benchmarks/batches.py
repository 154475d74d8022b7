"""What a batch costs a record, against Powertools' batch processors, and what it gains the article's SQS example."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BatchProcessor,
    EventType,
    async_process_partial_response,
    process_partial_response,
)
from timing import Comparison, Requirement, compare

import meantime
from meantime.testing import LambdaContext, sqs_event

if TYPE_CHECKING:
    from collections.abc import Callable

CONTEXT = LambdaContext(timeout=3600)
WAIT = 0.05  # seconds: a call of an API

ASYNC_PEER = "Powertools AsyncBatchProcessor"
BLOCKING_PEER = "Powertools BatchProcessor"
OURS = "meantime.batch.sqs"

# By the size of the batch: how often a round repeats it, and what ours may take of the peer's time. In the smallest the
# handler itself weighs most, with its deadline and its look for leftovers, which the peer has not.
ON_TASKS = {10: (100, 1.5), 100: (20, 0.9), 10_000: (1, 0.6)}
# The peer's is a plain loop. Ours has a context of its own for each record, and looks at the deadline before it.
IN_A_LOOP = {10: (100, 8.0), 100: (20, 4.0), 10_000: (1, 3.0)}
# All at once, as the peer has them. Nobody's downstream takes 10,000 calls at once, nor has a function as many sockets.
WAITING = {10: 1.05, 100: 1.05, 10_000: 1.25}

os.environ.setdefault("LAMBDA_TASK_ROOT", "/var/task")  # by this Powertools knows that it may keep its loop
async_processor = AsyncBatchProcessor(EventType.SQS)
processor = BatchProcessor(EventType.SQS)
loop = asyncio.new_event_loop()


async def nothing(record: Any) -> None:
    """A record that needs no time."""


async def wait(record: Any) -> None:
    """A record for which an API is called."""
    await asyncio.sleep(WAIT)


def nothing_blocking(record: Any) -> None:
    """A record that needs no time, for threads and loops."""


def wait_blocking(record: Any) -> None:
    """One for which an API is called, likewise."""
    time.sleep(WAIT)


def ours(function: Callable[..., Any], event: Any, **keywords: Any) -> Callable[[], object]:
    """A handler of ours, invoked with this batch."""
    handler = meantime.batch.sqs(**keywords)(function)
    return lambda: handler(event, CONTEXT)


def theirs_async(function: Callable[..., Any], event: Any) -> Callable[[], object]:
    """Powertools' async processor, on a loop of its own."""

    def run() -> object:
        asyncio.set_event_loop(loop)
        return async_process_partial_response(event, function, async_processor)

    return run


def theirs(function: Callable[..., Any], event: Any) -> Callable[[], object]:
    """Powertools' blocking processor."""
    return lambda: process_partial_response(event, function, processor)


def benchmark() -> list[Comparison]:
    """Records that need no time, then such that call an API, then the article's example.

    The loops come first: tasks that a peer leaves to the garbage collector would be looked through after each batch.
    """
    comparisons = []
    for size, (repeat, at_most) in IN_A_LOOP.items():
        event = sqs_event(range(size))
        comparisons.append(
            compare(
                f'{OURS} with executor="sequential": {size:,} records that need no time',
                "record",
                {
                    OURS: ours(nothing_blocking, event, executor="sequential"),
                    BLOCKING_PEER: theirs(nothing_blocking, event),
                },
                Requirement(BLOCKING_PEER, at_most),
                units=size,
                repeat=repeat,
            )
        )
    for size, (repeat, at_most) in ON_TASKS.items():
        event = sqs_event(range(size))
        comparisons.append(
            compare(
                f"{OURS} on tasks: {size:,} records that need no time",
                "record",
                {OURS: ours(nothing, event), ASYNC_PEER: theirs_async(nothing, event)},
                Requirement(ASYNC_PEER, at_most),
                units=size,
                repeat=repeat,
            )
        )
    return [*comparisons, *with_waiting()]


def with_waiting() -> list[Comparison]:
    """Records that wait 50 ms each, as wide as the peer, which knows no bound; and ten of them one after another."""
    comparisons = []
    for size, at_most in WAITING.items():
        event = sqs_event(range(size))
        comparisons.append(
            compare(
                f"{OURS} on tasks: {size:,} records that wait {WAIT * 1000:.0f} ms, all at once",
                "batch",
                {OURS: ours(wait, event, max_concurrency=size), ASYNC_PEER: theirs_async(wait, event)},
                Requirement(ASYNC_PEER, at_most),
                rounds=7,
            )
        )
    ten = sqs_event(range(10))

    def in_a_loop() -> None:
        for record in ten["Records"]:
            wait_blocking(record)

    comparisons.append(
        compare(
            f"the article's SQS example: 10 messages, {WAIT * 1000:.0f} ms each",
            "batch",
            {f"{OURS} on threads": ours(wait_blocking, ten), "for record in event['Records']": in_a_loop},
            Requirement("for record in event['Records']", 1 / 5),
            rounds=3,
        )
    )
    return comparisons


class Counting:
    """A record's function that counts how many of it are under way."""

    def __init__(self) -> None:
        self.peak = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def _begin(self) -> None:
        with self._lock:
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)

    async def on_tasks(self, record: Any) -> None:  # noqa: ARG002  # the peer gives it by this name
        """Wait a moment on the loop."""
        self._begin()
        await asyncio.sleep(0.001)
        self._under_way -= 1

    def on_threads(self, record: Any) -> None:  # noqa: ARG002  # likewise
        """Wait a moment on a thread."""
        self._begin()
        time.sleep(0.0001)
        with self._lock:
            self._under_way -= 1


def peak_megabytes(run: Callable[[], object]) -> float:
    """The most memory that this takes beyond what there was, in MB."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def bounds() -> tuple[str, list[str]]:
    """How many records are under way at once, and what they take in memory, in words; and what does not hold of it."""
    event = sqs_event(range(10_000))
    on_tasks, on_threads, peer = Counting(), Counting(), Counting()
    megabytes = peak_megabytes(ours(on_tasks.on_tasks, event))
    ours(on_threads.on_threads, event)()
    peer_megabytes = peak_megabytes(theirs_async(peer.on_tasks, event))
    text = (
        f"10,000 records, at most under way at once: {OURS} {on_tasks.peak} on tasks, {on_threads.peak} on threads, "
        f"{ASYNC_PEER} {peer.peak:,}; memory {megabytes:.1f} MB and {peer_megabytes:.1f} MB"
    )
    logging.getLogger("meantime").setLevel(logging.CRITICAL)  # what fails here is meant to
    answer: Any = ours(fails_for_one, sqs_event(range(10)))()
    redelivered = len(answer["batchItemFailures"])
    text += f"\nof ten messages one fails: {redelivered} comes again, and ten after the article's loop, which raises"
    failures = []
    if max(on_tasks.peak, on_threads.peak) > 10:  # noqa: PLR2004  # the default
        failures.append(f"{text}: more than ten at once")
    if megabytes > peer_megabytes / 4:
        failures.append(f"{text}: not a quarter of the memory")
    if redelivered != 1:
        failures.append(f"{redelivered} messages come again where one has failed")
    return text, failures


def fails_for_one(message: Any) -> None:
    """One message of the batch is poisonous."""
    if message.body == "3":
        raise ValueError(message.body)
