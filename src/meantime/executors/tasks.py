"""Async calls side by side, on asyncio tasks: httpx, aiohttp, async database drivers."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from types import coroutine as generator_coroutine

from meantime import clock
from meantime.callables import is_coroutine, name_of
from meantime.errors import CallCancelled
from meantime.executors.arguments import DEFAULT_MAX_CONCURRENCY, check_async, check_items, check_limits, known_length
from meantime.executors.underway import NOTHING, FanOut, Worker, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Iterator
    from contextvars import Context
    from typing import Any, TypeVar

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def map(
    function: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
) -> Coroutine[Any, Any, list[Result]]:
    """Await an async function for every item, side by side; give the results in the order of the items.

    The first failure cancels the rest, waits until they have ended, and is raised. Each call has a copy of the caller's
    context variables.

    Args:
        function: An async function of one item, or a lambda that calls one.
        items: May be lazy; no more than `max_concurrency` of them are drawn and unfinished at once.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        CallCancelled: A call raised CancelledError of its own.
        DeadlineExceeded: The invocation's deadline came first; it names what was still waiting.
        TypeError: `function` is a blocking function, or `items` cannot be iterated.
        ValueError: `max_concurrency` or `timeout` is out of range.
    """
    check_limits(max_concurrency, timeout)
    check_async(function)
    iterator = check_items(items)
    return _TaskFanOut(
        "tasks.map", function, iterator, known_length(items), width=max_concurrency, timeout=timeout
    ).results()


def gather(
    *calls: Awaitable[Any] | Callable[[], Awaitable[Any]],
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
) -> Coroutine[Any, Any, list[Any]]:
    """Await different calls side by side; give their results in the order of the calls.

    Args:
        calls: Coroutines, as in `tasks.gather(get_user(id), get_orders(id))`, or async functions without arguments.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.

    Raises:
        Exception: As `map` does.
    """
    try:
        check_limits(max_concurrency, timeout)
        for each in calls:
            if not hasattr(each, "__await__"):
                check_async(each)
    except (TypeError, ValueError):
        _close(each for each in calls if is_coroutine(each))
        raise
    return _TaskFanOut(
        "tasks.gather", _await_call, iter(calls), len(calls), width=max_concurrency, timeout=timeout
    ).results()


def _await_call(each: Any) -> Any:
    return each if hasattr(each, "__await__") else each()


def _close(calls: Iterable[object]) -> None:
    """End the calls that were not reached: a coroutine that is never awaited is a warning, a task would run on."""
    for each in calls:
        if is_coroutine(each):
            each.close()
        elif isinstance(each, asyncio.Future):
            each.cancel()


class _TaskFanOut(FanOut):
    """Workers, one task each, that draw from one iterator: an item costs less than a task would."""

    __slots__ = ("_context", "_ended", "_items", "_lazy", "_values", "_width", "caller", "tasks")

    def __init__(
        self,
        verb: str,
        function: Callable[..., object],
        items: Iterator[object],
        known: int | None,
        *,
        width: int,
        timeout: float | None,
    ) -> None:
        super().__init__(verb, function, timeout)
        self.caller: asyncio.Task[Any] | None = None
        self.tasks: set[asyncio.Task[None]] = set()
        self._items = items
        self._lazy = known is None
        self._width = width if known is None else min(known, width)
        self._values: list[Any] = []
        self._ended: asyncio.Future[None] | None = None
        self._context = copy_context()

    def named(self, item: object) -> tuple[str, str]:
        """The name of the call with this item, and the item as text."""
        return (name_of(item), "") if self.function is _await_call else super().named(item)

    async def results(self) -> list[Any]:
        """Run it all; the values in order."""
        loop = asyncio.get_running_loop()
        deadline = self.deadline
        timer = None if deadline is None else clock.call_at(loop, deadline.at, self._expire)
        self.caller = asyncio.current_task()
        registry.add(self)
        try:
            if deadline is not None and deadline.remaining() <= 0:
                raise self.deadline_exceeded([])
            # Of a lazy input nobody knows the length: there each worker starts the next when it finds work.
            for _ in range(min(1, self._width) if self._lazy else self._width):
                self._start_worker(loop)
            await self._all_ended(loop)
            if self.failure is not None:
                raise self.failure
            return self._values
        finally:
            if timer is not None:
                timer.cancel()
            self.failure = None  # its traceback holds this frame: keep no circle
            self.caller = None
            if not self.tasks:
                registry.discard(self)
            if self.function is _await_call:
                _close(self._items)

    def _start_worker(self, loop: asyncio.AbstractEventLoop) -> None:
        worker = Worker()
        self.workers.append(worker)
        task = loop.create_task(self._work(worker))
        self.tasks.add(task)
        task.add_done_callback(self._worker_ended)

    async def _all_ended(self, loop: asyncio.AbstractEventLoop) -> None:
        cancelled: asyncio.CancelledError | None = None
        while self.tasks:  # nothing may outlive the verb: even when cancelled again, wait for the cancelled
            self._ended = loop.create_future()
            try:
                await self._ended
            except asyncio.CancelledError as error:
                if cancelled is None:
                    self._stop()
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled():
            if not self.stopped:
                self._fail(CallCancelled(f"a worker of {self.verb} was cancelled, and not by {self.verb}"))
        elif (error := task.exception()) is not None:
            self._fail(error)
        if not self.tasks:
            if self._ended is not None and not self._ended.done():
                self._ended.set_result(None)
            if self.caller is None:
                registry.discard(self)

    async def _work(self, worker: Worker) -> None:
        function, values, context, last_start = self.function, self._values, self._context, self.last_start
        while not (self.stopped or self.exhausted):
            try:
                item = next(self._items)
            except StopIteration:
                self.exhausted = True
                return
            index = len(values)
            values.append(None)
            if self._lazy and len(self.workers) < self._width:
                self._start_worker(asyncio.get_running_loop())
            worker.started = clock.monotonic()
            if worker.started >= last_start:  # the loop was blocked, and the timer is late
                raise self.deadline_exceeded(self.waiting())
            worker.item = item
            try:
                call_context = context.copy()
                waited = call_context.run(function, item)
                waited = _in_context(call_context, waited) if is_coroutine(waited) else self._as_awaitable(waited)
                values[index] = await (waited if self.timeout is None else self._in_time(waited, item))
            except asyncio.CancelledError as cancelled:
                if not self.stopped:
                    name, text = self.named(item)
                    error = CallCancelled(f"{name}({text}) was cancelled, or raised CancelledError, on its own")
                    error.__cause__ = cancelled
                    self._fail(error)
                raise
            finally:
                worker.item = NOTHING

    async def _in_time(self, waited: Awaitable[Any], item: object) -> Any:
        scope = asyncio.timeout(None)
        ends = clock.monotonic() + (self.timeout or 0.0)
        timer = clock.call_at(asyncio.get_running_loop(), ends, lambda: scope.reschedule(0.0))
        try:
            async with scope:
                return await waited
        except TimeoutError:
            if scope.expired():
                raise self.call_timeout(item) from None
            raise
        finally:
            timer.cancel()

    def _as_awaitable(self, value: Any) -> Awaitable[Any]:
        if hasattr(value, "__await__"):
            return value  # type: ignore[no-any-return]  # a future, or a client's own awaitable
        name = name_of(self.function)
        raise TypeError(
            f"{name} gave {type(value).__name__}, nothing to await: on tasks it blocks the loop; use `threads.map` "
            "or `meantime.in_thread` for a blocking function"
        )

    def _fail(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
        self._stop()

    def _expire(self) -> None:
        if self.tasks and not self.stopped:
            self._fail(self.deadline_exceeded(self.waiting()))

    def _stop(self) -> None:
        self.stopped = True
        current = asyncio.current_task()
        for task in tuple(self.tasks):
            if task is not current and not task.done():
                task.cancel()


@generator_coroutine
def _in_context(context: Context, awaited: Coroutine[Any, Any, Result]) -> Generator[Any, Any, Result]:
    """Await a coroutine with a context of its own, without a task of its own, which would cost ten times as much."""
    run = context.run
    try:
        waiting_for = run(awaited.send, None)
        while True:
            try:
                answer = yield waiting_for
            except GeneratorExit:
                run(awaited.close)
                raise
            except BaseException as error:  # noqa: BLE001  # what is thrown into a coroutine goes to its innermost await
                waiting_for = run(awaited.throw, error)
            else:
                waiting_for = run(awaited.send, answer)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # a coroutine's result
