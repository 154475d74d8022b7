"""Workers, one task each, that draw from one iterator: an item costs less than a task would."""

from __future__ import annotations

import asyncio
from collections import deque

from meantime import clock
from meantime.callables import here, is_coroutine, name_of
from meantime.errors import CallCancelled, InvocationEnded
from meantime.executors.attempts import async_attempts, await_call
from meantime.executors.collecting import STOP, Streaming, Values, is_outcome
from meantime.executors.stepping import in_context
from meantime.executors.underway import (
    DRAWING,
    LOOK_EVERY,
    NOTHING,
    FanOut,
    NothingReady,
    Worker,
    parent_variable,
    registry,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
    from typing import Any

    from meantime.callables import Place
    from meantime.executors.arguments import CallOptions
    from meantime.executors.collecting import Settling
    from meantime.outcomes import Outcome, Outcomes


class TaskFanOut(FanOut):
    """One use of a verb on tasks.

    Args:
        verb: What the user called, for messages.
        function: What each item is given to.
        items: Where the workers draw from; it may be async.
        known: How many items there are, where that can be told.
        options: The verb's keywords.
        place: What is told as the place where it was started; None: the line that called the verb.
    """

    __slots__ = (
        "_alive",
        "_collector",
        "_context",
        "_drawing",
        "_items",
        "_known",
        "_options",
        "_slots",
        "_to_start",
        "_turns",
        "_wake",
        "_width",
        "caller",
        "loop",
        "tasks",
    )

    def __init__(
        self,
        verb: str,
        function: Callable[..., object],
        items: Iterator[object] | AsyncIterator[object],
        known: int | None,
        options: CallOptions,
        *,
        place: Place | None = None,
    ) -> None:
        # With a retry every attempt has the timeout, and the retry sees to it.
        super().__init__(verb, function, options.timeout if options.retry is None else None, place)
        self._options = options
        self.loop: asyncio.AbstractEventLoop | None = None
        self.caller: asyncio.Task[Any] | None = None  # who waits for it now
        self.tasks: set[asyncio.Task[None]] = set()
        self._items: Any = items
        self._known = known
        self._width = options.max_concurrency if known is None else min(known, options.max_concurrency)
        # Workers to come once the first waits. Of a lazy input nobody knows the length: there each starts the next.
        self._to_start = 0 if known is None else max(0, self._width - 1)
        self._collector: Values | Settling | Streaming
        self._wake: asyncio.Future[None] | None = None  # what the caller waits for
        self._alive = 0  # workers, those included that an eager loop is just about to make a task of
        self._drawing = asyncio.Lock() if hasattr(items, "__anext__") else None  # it may be asked by one at a time
        self._slots: int | None = None  # where a consumer sets the pace: how many more items may be drawn
        self._turns: deque[asyncio.Future[None]] = deque()  # the workers that wait for such a slot
        self._context = self.call_context()

    async def values(self) -> list[Any]:
        """Run it all; the values in order, or the first failure raised."""
        collector = self._collector = Values()
        if self.deadline is not None and self.deadline.remaining() <= 0:
            _close(self._items)
            raise self.deadline_exceeded([])
        try:
            await self._run()
        finally:
            self.failure = None  # its traceback holds this frame: keep no circle
        return collector.values

    async def outcomes(self, collector: Settling) -> Outcomes[Any, Any]:
        """Run it all; what became of each item."""
        self._collector = collector
        try:
            await self._run()
        except BaseException as error:
            if error is not self.failure or isinstance(error, (CallCancelled, InvocationEnded)):
                raise
            if not isinstance(error, Exception):  # Ctrl-C, the alarm: the caller's
                raise
            collector.input_failed()
            raise self.settle_failed(error, collector.close(self._rest(), exhausted=self.exhausted)) from error
        finally:
            self.failure = None  # its traceback holds this frame: keep no circle
        return collector.close(self._rest(), exhausted=self.exhausted)

    async def stream(self) -> AsyncGenerator[Outcome[Any, Any], None]:
        """Run it; each outcome as it comes. While it is not asked for the next one, it begins no further call."""
        arrived: deque[Outcome[Any, Any]] = deque()
        self._slots = self._width
        self._collector = Streaming(lambda outcome: self._hand_on(arrived, outcome))
        timer = self._start()
        try:
            while True:
                while self.tasks and not arrived:
                    await self._wait()
                if not arrived:
                    break
                yield arrived.popleft()
                self._give_slot()
            if self.failure is not None:
                raise self.failure
        finally:
            try:
                self._stop()
                await self._all_ended()
            finally:
                self._end(timer)
                self.failure = None

    async def _run(self) -> None:
        timer = self._start()
        try:
            await self._all_ended()
            if self.failure is not None:
                raise self.failure
        finally:
            self._end(timer)

    def _start(self) -> Any:
        loop = self.loop = asyncio.get_running_loop()
        self.parent = parent_variable.get()  # where it is awaited: it may have been made before, for a gather
        registry.add(self)
        if self._width:
            self._start_worker(loop)
        return None if self.deadline is None else clock.call_at(loop, self.deadline.at, self._expire)

    def _end(self, timer: Any) -> None:
        if timer is not None:
            timer.cancel()
        self.stopped = True
        if not self.tasks:
            registry.discard(self)
        if self.function is await_call:
            _close(self._items)

    def _start_others(self) -> None:
        """A call is about to wait: the other workers begin. Calls that need not wait cost no tasks."""
        more, self._to_start = self._to_start, 0
        if not (self.stopped or self.exhausted):
            loop = asyncio.get_running_loop()
            for _ in range(more):
                self._start_worker(loop)

    def _start_worker(self, loop: asyncio.AbstractEventLoop) -> None:
        worker = Worker()
        self.workers.append(worker)
        self._alive += 1
        if self.gauge is not None:
            self.gauge.begin()
        here.place = self.place
        try:
            work = self._work(worker)
            work.__qualname__ = f"worker of {self.verb}"  # type: ignore[attr-defined]  # for whoever is told of the task
            task = loop.create_task(work)
        finally:
            here.place = None
        self.tasks.add(task)
        task.add_done_callback(self._worker_ended)

    async def _wait(self) -> None:
        """Wait until the last worker has ended, or something has arrived for a consumer."""
        self._wake = asyncio.get_running_loop().create_future()
        self.caller = asyncio.current_task()
        try:
            await self._wake
        finally:
            self.caller = self._wake = None

    async def _all_ended(self) -> None:
        cancelled: asyncio.CancelledError | None = None
        while self.tasks:  # nothing may outlive the verb: even when cancelled again, wait for the cancelled
            try:
                await self._wait()
            except asyncio.CancelledError as error:
                if cancelled is None:
                    self._stop()
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def _wake_caller(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        if self.gauge is not None:
            self.gauge.end()
        self.tasks.discard(task)
        self._alive -= 1
        if task.cancelled():
            if not self.stopped:
                cancelled = CallCancelled(f"a worker of {self.verb} was cancelled, and not by {self.verb}")
                self._fail(cancelled, at_once=True)
        elif (error := task.exception()) is not None:
            self._fail(error)
        if not self.tasks:
            self._wake_caller()
            if self.stopped:
                registry.discard(self)

    async def _work(self, worker: Worker) -> None:  # noqa: C901, PLR0911, PLR0912, PLR0915  # a method a step costs more than an item
        collector, context, last_start = self._collector, self._context, self.last_start
        function = async_attempts(self.function, self._options, worker, self._call_in_time)
        timed = self.timeout is not None and self._options.limiter is None
        begin, succeed, drawing = collector.begin, collector.succeed, self._drawing
        while not (self.stopped or self.exhausted):
            if self._slots is not None and not await self._take_slot():
                return
            if drawing is None:
                try:
                    item = next(self._items)
                except StopIteration:
                    self.exhausted = True
                    return
                except NothingReady:
                    return
                except BaseException as failure:  # noqa: BLE001  # it is the caller's, and no task must keep it
                    self._input_failed(failure)
                    return
            else:
                item = await self._draw(worker, drawing)
                if item is NOTHING:
                    return
            index = begin(item)
            worker.index = index
            if self._known is None and self._alive < self._width:
                self._start_worker(asyncio.get_running_loop())
            worker.started = clock.monotonic()
            if worker.started >= last_start:  # the loop was blocked, and the timer is late
                collector.not_started(index)
                self._expire()
                return
            worker.item = item
            try:
                call_context = context.copy()
                waited = call_context.run(function, item)
                waits = self._start_others if self._to_start else None
                if is_coroutine(waited):
                    waited = in_context(call_context, waited, waits)
                else:
                    waited = self._as_awaitable(waited)
                    if waits is not None:
                        waits()
                verdict = succeed(index, await (self._in_time(waited, item) if timed else waited))
            except asyncio.CancelledError as cancelled:
                self._note_not_let_through(worker)
                if self.stopped:
                    raise
                name, text = self.named(item)
                error = CallCancelled(f"{name}({text}) was cancelled, or raised CancelledError, on its own")
                error.__cause__ = cancelled
                if collector.raises or _is_being_cancelled():
                    self._fail(error, at_once=True)
                    raise
                verdict = collector.fail(index, error)
            except BaseException as error:  # noqa: BLE001  # it is the caller's, and no task must keep it
                self._note_not_let_through(worker)
                if collector.raises or not is_outcome(error):
                    self._fail(error, at_once=True)
                    return
                verdict = collector.fail(index, error)
            finally:
                worker.item = NOTHING
            if verdict is STOP:
                self._stop()

    def _note_not_let_through(self, worker: Worker) -> None:
        if worker.waits_for is not None:  # the limiter has not let its call through
            worker.waits_for = None
            self._collector.not_started(worker.index)

    async def _draw(self, worker: Worker, drawing: asyncio.Lock) -> object:
        """The next item of an async input; NOTHING if it has none."""
        worker.started = clock.monotonic()
        worker.item = DRAWING
        try:
            async with drawing:
                if not (self.stopped or self.exhausted):
                    return await anext(self._items)
        except StopAsyncIteration:
            self.exhausted = True
        except BaseException as error:
            self._input_failed(error)
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            worker.item = NOTHING
        return NOTHING

    async def _take_slot(self) -> bool:
        """Wait until the consumer can take one more; whether a further item may be drawn then."""
        if not self._slots:
            turn = asyncio.get_running_loop().create_future()
            self._turns.append(turn)
            await turn
            return not (self.stopped or self.exhausted)
        self._slots -= 1
        return True

    def _give_slot(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._slots = (self._slots or 0) + 1

    def _hand_on(self, arrived: deque[Outcome[Any, Any]], outcome: Outcome[Any, Any]) -> None:
        arrived.append(outcome)
        self._wake_caller()

    async def _call_in_time(self, function: Callable[[Any], object], item: object) -> Any:
        waited = self._as_awaitable(function(item))
        return await (waited if self.timeout is None else self._in_time(waited, item))

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

    def _fail(self, error: BaseException, *, at_once: bool = False) -> None:
        if self.failure is None:
            self.failure = error
        if at_once or self._collector.raises or not isinstance(error, Exception):
            self._stop()
        else:
            self.stopped = True  # what is under way may end well
            self._end_turns()

    def _input_failed(self, error: BaseException) -> None:
        """What has raised once is not asked again."""
        if self.stopped:
            return
        if isinstance(error, asyncio.CancelledError):
            cancelled = CallCancelled(f"the input of {self.verb} raised CancelledError, or its worker was cancelled")
            self._fail(cancelled, at_once=True)
        else:
            self._fail(error)

    def _expire(self) -> None:
        if self.tasks and not self.stopped:
            if self.waits_for_inner() and self.loop is not None:
                self.loop.call_later(LOOK_EVERY, self._expire)  # real time, whatever the clock
                return
            error = self.deadline_exceeded(self.waiting())
            for worker in self.workers:
                if worker.waits_for is not None:  # no limiter has let it through yet
                    self._collector.not_started(worker.index)
            self._collector.expire(error)
            if (self._collector.raises or self._slots is not None) and self.failure is None:
                self.failure = error
            self._stop()

    def _stop(self) -> None:
        self.stopped = True
        self._end_turns()
        current = asyncio.current_task()
        for task in tuple(self.tasks):
            if task is not current and not task.done():
                task.cancel()

    def _end_turns(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)

    def _rest(self) -> list[object]:
        """The items of an input of known length that were not drawn: they are looked at, not begun."""
        if self._known is None or self.exhausted:
            return []
        self.exhausted = True
        return list(self._items)


def _close(calls: Iterator[object]) -> None:
    """End the calls that were not reached: a coroutine that is never awaited is a warning, a task would run on."""
    for each in calls:
        if is_coroutine(each):
            each.close()
        elif isinstance(each, asyncio.Future):
            each.cancel()


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
