"""Async attempts within a time of their own, and two of one call side by side, on tasks: the first answer counts."""

from __future__ import annotations

import asyncio

from meantime import clock
from meantime.errors import CallCancelled, CallTimeout
from meantime.executors.underway import NOTHING, FanOut, Worker, registry
from meantime.retry.thread_race import call_text, item_of, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any, ParamSpec, TypeVar

    from meantime.retry.durations import Durations
    from meantime.retry.hedging import Hedging

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")


def timed(
    function: Callable[Parameters, Awaitable[Result]], timeout: float
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """The same function, cancelled and given up with CallTimeout when it takes longer."""

    async def call_in_time(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        scope = asyncio.timeout(None)
        ends = clock.monotonic() + timeout
        timer = clock.call_at(asyncio.get_running_loop(), ends, lambda: scope.reschedule(0.0))
        try:
            async with scope:
                return await function(*args, **keywords)
        except TimeoutError:
            if scope.expired():
                item = item_of(args, keywords)
                name, text = call_text(function, item)
                raise CallTimeout(name, item, text, timeout) from None
            raise
        finally:
            timer.cancel()

    return call_in_time


def hedged_on_tasks(
    function: Callable[Parameters, Awaitable[Result]], timeout: float | None, hedging: Hedging, durations: Durations
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """The same function, made twice where the first one takes its time: the first answer counts."""
    attempt = function if timeout is None else timed(function, timeout)

    async def call_hedged(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        delay = hedging.delay(durations)
        if delay is None:
            return await attempt(*args, **keywords)
        race = _TaskRace(function, lambda: attempt(*args, **keywords), item_of(args, keywords), hedging, durations)
        return await race.answer(delay)  # type: ignore[no-any-return]  # of this function

    return call_hedged


class _TaskRace(FanOut):
    """The attempts of one async call that are under way side by side: one, or two, each a task of its own."""

    __slots__ = (
        "_answered",
        "_attempt",
        "_durations",
        "_ended",
        "_failures",
        "_hedging",
        "_item",
        "_value",
        "caller",
        "loop",
        "tasks",
    )

    def __init__(
        self,
        function: Callable[..., object],
        attempt: Callable[[], Awaitable[Any]],
        item: object,
        hedging: Hedging,
        durations: Durations,
    ) -> None:
        super().__init__("Retry", function, None)
        self._attempt = attempt
        self._item = item
        self._hedging = hedging
        self._durations = durations
        self._answered = False
        self._value: Any = None
        self._failures: list[BaseException] = []
        self._ended: asyncio.Future[None] | None = None
        # These as in tasks.map: the end of the invocation looks for them.
        self.loop: asyncio.AbstractEventLoop | None = None
        self.caller: asyncio.Task[Any] | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    async def answer(self, delay: float) -> Any:
        """Start the first attempt, and the second after `delay` if it may; the first answer, or the first's error."""
        loop = self.loop = asyncio.get_running_loop()
        timers = [clock.call_at(loop, clock.monotonic() + delay, self._hedge)]
        if self.deadline is not None:
            timers.append(clock.call_at(loop, self.deadline.at, self._expire))
        self.caller = asyncio.current_task()
        registry.add(self)
        try:
            self._start(loop)
            await self._all_ended(loop)
            if self._answered:
                return self._value
            raise self.failure or joined(self._failures)
        finally:
            for timer in timers:
                timer.cancel()
            self.failure = None  # its traceback holds this frame: keep no circle
            self._failures.clear()
            self.caller = self._value = None
            if not self.tasks:
                registry.discard(self)

    def named(self, item: object) -> tuple[str, str]:
        """The name of the call, and its arguments as text."""
        return call_text(self.function, item)

    def drop(self, reason: BaseException) -> None:
        """Begin no further attempt, and end those under way."""
        if self.failure is None:
            self.failure = reason
        self._stop()

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        worker = Worker()
        worker.started = clock.monotonic()
        worker.item = self._item
        self.workers.append(worker)
        task = loop.create_task(self._make(worker))  # with a copy of the caller's context, which the timer has kept
        self.tasks.add(task)
        task.add_done_callback(self._attempt_ended)

    async def _make(self, worker: Worker) -> None:
        """Make one attempt. No task keeps what it raised: on a loop that is given up nobody would hear of it."""
        is_first = worker is self.workers[0]
        try:
            value = await self._attempt()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # whatever it raises belongs to the caller, SystemExit too
            if not isinstance(error, Exception):
                self.drop(error)  # not one attempt's business
            elif not self.stopped:
                self._failures.insert(0 if is_first else len(self._failures), error)
        else:
            if not self.stopped:  # else it is too late: the answer is there, or nobody waits
                self._answered = True
                self._value = value
                if not is_first:
                    self._hedging.has_won()
                self._stop()
        finally:
            worker.item = NOTHING

    def _hedge(self) -> None:
        if self.stopped or self._failures or not self.tasks:
            return
        if self._hedging.may_begin(clock.monotonic(), self.deadline, self._durations):
            self._start(asyncio.get_running_loop())

    def _expire(self) -> None:
        if self.tasks and not self.stopped:
            self.drop(self.deadline_exceeded(self.waiting()))

    def _attempt_ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if task.cancelled() and not self.stopped:
            name = self.named(self._item)[0]
            self._failures.append(CallCancelled(f"an attempt of {name} was cancelled, or raised CancelledError"))
        if not self.tasks:
            if self._ended is not None and not self._ended.done():
                self._ended.set_result(None)
            if self.caller is None:
                registry.discard(self)

    def _stop(self) -> None:
        if self.stopped:  # cancelled again, their cleaning up would be cut short
            return
        self.stopped = True
        current = asyncio.current_task()
        for task in self.tasks:
            if task is not current:
                task.cancel()

    async def _all_ended(self, loop: asyncio.AbstractEventLoop) -> None:
        cancelled: asyncio.CancelledError | None = None
        while self.tasks:  # nothing may outlive the call: even when cancelled again, wait for the cancelled
            self._ended = loop.create_future()
            try:
                await self._ended
            except asyncio.CancelledError as error:
                self._stop()
                cancelled = error
        if cancelled is not None:
            raise cancelled
