"""Blocking calls side by side, on kept threads: boto3, requests, SQL drivers.

Python cannot stop a thread. What a verb stops waiting for, at a failure, a timeout or the deadline, runs on until it
returns; the end of the invocation waits for it within the reserve and reports what is left.
"""

from __future__ import annotations

import sys
from contextvars import copy_context
from threading import Lock

from meantime import clock
from meantime.callables import is_coroutine
from meantime.errors import LoopRunning
from meantime.executors.arguments import (
    DEFAULT_MAX_CONCURRENCY,
    check_blocking,
    check_items,
    check_limits,
    check_result,
    known_length,
)
from meantime.executors.pool import pool
from meantime.executors.underway import DRAWING, NOTHING, FanOut, Worker, call, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
) -> list[Result]:
    """Call a blocking function with every item, side by side; give the results in the order of the items.

    The first failure stops the rest (no further call begins) and is raised. Each call sees the caller's context
    variables.

    Args:
        function: A blocking function of one item.
        items: May be lazy; no more than `max_concurrency` of them are drawn and unfinished at once.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        DeadlineExceeded: The invocation's deadline came first; it names what was still waiting.
        LoopRunning: Called on a running event loop, which it would block.
        TypeError: `function` is an async function, or `items` cannot be iterated.
        ValueError: `max_concurrency` or `timeout` is out of range.
    """
    check_limits(max_concurrency, timeout)
    check_blocking(function, "threads.map")
    iterator = check_items(items)
    return _ThreadFanOut("threads.map", function, iterator, max_concurrency, timeout).results(known_length(items))


def gather(
    *calls: Callable[[], Any], max_concurrency: int = DEFAULT_MAX_CONCURRENCY, timeout: float | None = None
) -> list[Any]:
    """Make different blocking calls side by side; give their results in the order of the calls.

    Args:
        calls: Functions without arguments: `lambda: get_user(id)`, `functools.partial(get_orders, id)`.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.

    Raises:
        Exception: As `map` does.
    """
    check_limits(max_concurrency, timeout)
    for each in calls:
        check_blocking(each, "threads.gather")
    return _ThreadFanOut("threads.gather", call, iter(calls), max_concurrency, timeout).results(len(calls))


class _ThreadFanOut(FanOut):
    """Workers on kept threads that draw from one iterator: an item costs less than a future would."""

    __slots__ = (
        "_context",
        "_drawing",
        "_gate",
        "_gate_open",
        "_items",
        "_lazy",
        "_lock",
        "_running",
        "_values",
        "_width",
    )

    def __init__(
        self,
        verb: str,
        function: Callable[..., object],
        items: Iterator[object],
        width: int,
        timeout: float | None,
    ) -> None:
        super().__init__(verb, function, timeout)
        self._items = items
        self._width = width
        self._values: list[Any] = []
        self._drawing = Lock()  # held while the input gives an item, which may take as long as it likes
        self._lock = Lock()  # guards what follows, and is never held for long
        self._running = 0
        self._gate = Lock()  # held until the caller may go on
        self._gate_open = False
        self._context = copy_context()
        self._lazy = False

    def results(self, known: int | None) -> list[Any]:
        """Run it all; the values in order. `known`: how many items there are, where that can be told."""
        _refuse_running_loop(self.verb)
        if self.deadline is not None and self.deadline.remaining() <= 0:
            raise self.deadline_exceeded([])
        if known == 0:
            return []
        self._lazy = known is None
        self._gate.acquire()
        registry.add(self)
        try:
            # Of a lazy input nobody knows the length: there each worker starts the next when it finds work.
            for _ in range(1 if known is None else min(known, self._width)):
                self._start_worker()
            self._wait()
            if self.failure is not None:
                raise self.failure
            return self._values
        finally:
            self.stopped = True
            self.failure = None  # its traceback holds this frame: keep no circle

    def drop(self, reason: BaseException) -> None:
        """Begin no further call, and tell the caller."""
        self._fail(reason)

    def _start_worker(self) -> None:
        worker = Worker()
        with self._lock:
            self._running += 1
            self.workers.append(worker)
        try:
            pool.start(lambda: self._work(worker))
        except BaseException:
            self._end_worker()
            raise

    def _wait(self) -> None:
        deadline = None if self.deadline is None else self.deadline.at
        while True:
            now = clock.monotonic()
            if deadline is not None and now >= deadline and not self._gate_open:
                raise self.deadline_exceeded(self.waiting())
            wake = deadline
            if self.timeout is not None:
                overdue = self._oldest_call(now) + self.timeout
                if overdue <= now:
                    self._raise_timeout(now, self.timeout)
                    continue
                wake = overdue if wake is None else min(wake, overdue)
            if clock.acquire(self._gate, None if wake is None else wake - now):
                return

    def _calls(self) -> Iterator[tuple[object, float]]:
        for worker in tuple(self.workers):
            item, started = worker.item, worker.started
            if item is not NOTHING and item is not DRAWING and worker.started == started:
                yield item, started

    def _oldest_call(self, now: float) -> float:
        return min((started for _, started in self._calls()), default=now)

    def _raise_timeout(self, now: float, timeout: float) -> None:
        for item, started in self._calls():
            if started + timeout <= now:
                raise self.call_timeout(item)

    def _work(self, worker: Worker) -> None:
        function, values, context, drawing = self.function, self._values, self._context, self._drawing
        last_start = self.last_start
        try:
            while True:
                with drawing:
                    if self.stopped or self.exhausted:
                        return
                    worker.started = clock.monotonic()
                    worker.item = DRAWING
                    try:
                        item = context.run(next, self._items)
                    except StopIteration:
                        self.exhausted = True
                        return
                    index = len(values)
                    values.append(None)
                if self._lazy and len(self.workers) < self._width:
                    self._start_worker()
                worker.started = clock.monotonic()
                if self._is_stopped():  # while the input took its time
                    return
                if worker.started >= last_start:
                    raise self.deadline_exceeded(self.waiting())  # noqa: TRY301  # as any failure of this worker
                worker.item = item
                value = context.copy().run(function, item)
                worker.item = NOTHING
                if is_coroutine(value):
                    check_result(item if function is call else function, value)  # type: ignore[arg-type]  # gather's items are functions
                values[index] = value
        except BaseException as error:  # noqa: BLE001  # whatever a call raises belongs to the caller, SystemExit too
            self._fail(error)
        finally:
            worker.item = NOTHING
            self._end_worker()

    def _is_stopped(self) -> bool:
        return self.stopped

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self._gate_open and self.failure is None:
                return  # all is done, or the caller has gone on already
            if self.failure is None:
                self.failure = error
            self.stopped = True
            self._open_gate()

    def _end_worker(self) -> None:
        with self._lock:
            self._running -= 1
            last = self._running == 0
            if last:
                self._open_gate()
        if last:
            registry.discard(self)

    def _open_gate(self) -> None:
        if not self._gate_open:
            self._gate_open = True
            self._gate.release()


def _refuse_running_loop(verb: str) -> None:
    asyncio = sys.modules.get("asyncio")  # where it is not loaded, no loop runs
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name: get_running_loop raises
        raise LoopRunning(
            f"{verb} was called on the event loop, and would block it: use `await tasks.{verb.partition('.')[2]}(...)` "
            "with `meantime.in_thread(function)` for each blocking function"
        )
