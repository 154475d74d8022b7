"""The one event loop of an execution environment: made once, kept while it can be trusted, retired when it cannot."""

from __future__ import annotations

import asyncio
import sys
import warnings

from meantime import clock
from meantime.callables import place_text
from meantime.deadline import forget_deadline
from meantime.errors import Leftover, LoopRunning
from meantime.executors.underway import registry
from meantime.kept_tasks import in_staying_groups, placed_task, stays, workers_for
from meantime.leftovers import CANCELLED, NOT_CANCELLED, drop, staying_tasks, watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from meantime.clock import Timer
    from meantime.environment import Environment


_TURNS = 2  # a generator that was left begins its end in the second
_CLOCK_GRAIN = 0.001  # uvloop counts whole milliseconds

# Every scheduled task there is, where Python keeps such a set in sight: most invocations look at its length only.
_scheduled: Any = None
_staying: Any = staying_tasks  # of both only `data` is asked, the set behind the weak set: ten times as fast
_eager: Any = getattr(asyncio.tasks, "_eager_tasks", ())
if sys.version_info < (3, 14):
    _scheduled = getattr(asyncio.tasks, "_scheduled_tasks" if sys.version_info >= (3, 12) else "_all_tasks", None)


class KeptTimer:
    """One timer for all invocations; a new one for each would cost a sixth of a handler's own time.

    Deadlines mostly move on, so that the one set earlier wakes soon enough, and then sets the next.
    """

    __slots__ = ("_by", "_callback", "_handle", "_loop", "_wakes_at", "_when")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: Timer | None = None
        self._by = clock.call_at  # whose timer it is: a test may have exchanged the clock since
        self._wakes_at = 0.0
        self._when = 0.0
        self._callback: Callable[[], None] | None = None

    def set(self, when: float, callback: Callable[[], None]) -> None:
        """Call back at this point in time (monotonic seconds), instead of what was set before."""
        self._when = when
        self._callback = callback
        if self._handle is None:
            self._schedule()
        elif self._wakes_at > when or self._by is not clock.call_at:
            self._handle.cancel()
            self._schedule()

    def clear(self) -> None:
        """Call nothing back."""
        self._callback = None

    def _schedule(self) -> None:
        self._wakes_at = self._when
        self._by = clock.call_at
        self._handle = self._by(self._loop, self._when, self._wake)

    def _wake(self) -> None:
        self._handle = None
        callback = self._callback
        if callback is None:
            return
        if clock.monotonic() < self._when - _CLOCK_GRAIN:
            self._schedule()
            return
        self._callback = None
        callback()


class KeptLoop:
    """The loop of one environment, with its tasks accounted for."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_adopted = False
        self.timer: KeptTimer

    def ready(self) -> asyncio.AbstractEventLoop:
        """The loop, open and set as the thread's current loop, so that Mangum and Powertools beside us use the same."""
        loop = self._loop
        if loop is None or loop.is_closed():
            adopted = _current_loop() if self._environment.adopts_loop else None
            loop = self._loop = adopted or asyncio.new_event_loop()
            self._is_adopted = adopted is not None
            self.timer = KeptTimer(loop)
            self._environment.counted.loops_made += 1
            if loop.get_task_factory() is None:
                loop.set_task_factory(placed_task)  # type: ignore[arg-type]  # typeshed wants a generic factory
            watch.install()
        asyncio.set_event_loop(loop)
        return loop

    def may_have_leftovers(self) -> bool:
        """Whether there is anything to look for: a task beside the handler's own, or callbacks that may start one."""
        if _scheduled is None or _eager:
            return True
        if len(_scheduled.data) > 1 + len(_staying.data):
            return True
        return bool(getattr(self._loop, "_ready", True))  # uvloop does not show them: there, always look

    def leftover_tasks(self) -> list[asyncio.Task[Any]]:
        """The tasks that are not done and do not belong to a warm resource, or to a task group that one holds open."""
        if self._loop is None:
            return []
        return self._left_and_in_groups()[0]

    def finish_tasks(self, until: float, found: list[Leftover]) -> bool:
        """Cancel the leftover tasks and wait for them until the point in time `until`; whether all of them ended.

        The clean-up of an async generator that was not exhausted is a task of Python's own making: it is let finish.

        Args:
            until: A point in time, in monotonic seconds.
            found: Gets what they were, even if an error ends this early.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            return True
        for _ in range(_TURNS):  # what was called soon begins now, not in the next invocation
            self._turn(loop)
        described: dict[asyncio.Task[Any], Leftover] = {}
        left: list[asyncio.Task[Any]] = []
        try:
            for _ in range(3):  # what ends may start something new on its way out
                left, in_groups = self._left_and_in_groups()
                forget_deadline(in_groups)
                if not left:
                    return True
                ending = _not_ending(left)
                _drop_fan_outs_of(ending)  # else they would call this a cancellation that came from nowhere
                for task in ending:
                    described.setdefault(task, _describe_task(task))
                    task.cancel()
                if not self._run_until_done(loop, left, until):
                    break
            return not self.leftover_tasks()
        finally:
            for task, leftover in described.items():
                if task.done():
                    leftover.state = CANCELLED
            found += described.values()
            for task in left:
                hear(task)  # SystemExit leaves the loop before anybody could

    def retire(self, timeout: float, *, keep_adopted: bool = False, with_blocking: bool = False) -> None:
        """Close the warm resources made on this loop, newest first, then the loop itself; the next use makes a new one.

        Args:
            timeout: Seconds that closing on the loop may take in all; what is not closed by then is abandoned.
            keep_adopted: Leave a loop open that was there before us.
            with_blocking: Close the blocking resources, too, each when its turn comes.

        Raises:
            LoopRunning: The loop runs; it cannot be closed from inside.
        """
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if loop.is_running():
            raise LoopRunning(
                "the loop of this environment cannot be closed while it runs: close it outside its handler"
            )
        until = clock.monotonic() + timeout
        asyncio.set_event_loop(loop)
        try:
            resources = self._environment.resources
            for resource in reversed(resources[:]):
                if resource.loop is loop:
                    resource.close()
                    self._run_until_done(loop, [resource.task], until)
                elif with_blocking and resource.loop is None:
                    began = clock.monotonic()
                    resources.remove(resource)
                    resource.close()
                    until += clock.monotonic() - began
            left = list(asyncio.all_tasks(loop))
            for task in left:
                task.cancel()
            self._run_until_done(loop, left, until)
            if clock.monotonic() < until:  # begun and not ended, it would leave coroutines that nobody awaits
                self._run_until_done(loop, [loop.create_task(loop.shutdown_asyncgens())], until)
        finally:
            self.abandon(close=not (keep_adopted and self._is_adopted))

    def abandon(self, *, close: bool = True) -> None:
        """Give the loop up as it is, without running it again; the next use makes a new one."""
        loop = self._loop
        if loop is None or loop.is_closed():
            self._loop = None
            return
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001  # reported as leftovers already
        registry.discard_loop(loop)
        resources = self._environment.resources
        resources[:] = [resource for resource in resources if resource.loop is not loop]
        asyncio.set_event_loop(None)
        if close and not loop.is_running():
            loop.close()
        self._loop = None  # last: interrupted before, this is done again, and no loop stays open
        self._environment.counted.loops_retired += 1

    def _left_and_in_groups(self) -> tuple[list[asyncio.Task[Any]], set[asyncio.Task[Any]]]:
        """The leftover tasks, and those that go on in a task group of a warm resource."""
        left = [task for task in asyncio.all_tasks(self._loop) if not stays(task)]
        if not left:
            return left, set()
        from meantime.library_tasks import is_of_a_library  # noqa: PLC0415  # the good path must not pay for it

        in_groups = in_staying_groups(left)
        staying = in_groups | workers_for(in_groups) if in_groups else in_groups
        return [task for task in left if not (task in staying or is_of_a_library(task))], in_groups

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_soon(loop.stop)
        loop.run_forever()

    def _run_until_done(
        self, loop: asyncio.AbstractEventLoop, tasks: Iterable[asyncio.Future[Any]], until: float
    ) -> bool:
        """Run the loop until all of these have ended, or the time is over; whether they have."""
        waiting = {task for task in tasks if not task.done()}
        if not waiting:
            return True

        def ended(task: asyncio.Future[Any]) -> None:
            waiting.discard(task)
            hear(task)
            if not waiting:
                loop.stop()

        for task in tuple(waiting):
            task.add_done_callback(ended)
        timer = loop.call_later(max(0.0, until - clock.monotonic()), loop.stop)
        try:
            loop.run_forever()
        finally:
            timer.cancel()
        return not waiting


def kept_loop_of(environment: Environment) -> KeptLoop:
    """The kept loop of this environment, made when first needed."""
    if environment.kept_loop is None:
        environment.kept_loop = KeptLoop(environment)
    return environment.kept_loop


def any_task_is_pending() -> bool:
    """Whether there may be a task, on whatever loop, that is not done."""
    return _scheduled is None or bool(_eager) or any(not task.done() for task in tuple(_scheduled))


def _describe_task(task: asyncio.Task[Any]) -> Leftover:
    from meantime.awaited import name_of_task  # noqa: PLC0415  # the good path must not pay for it

    return Leftover("task", name_of_task(task), NOT_CANCELLED, place_text(getattr(task, "place", None)))


def hear(task: asyncio.Future[Any]) -> None:
    """Ask for the task's exception: it is reported as a leftover, and Python need not say that nobody asked."""
    if task.done() and not task.cancelled():
        task.exception()


def _not_ending(tasks: Iterable[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Those that do not end by themselves, as the workers of a verb do whose consumer has left."""
    ending = {task for fan_out in registry.fan_outs() if fan_out.stopped for task in getattr(fan_out, "tasks", ())}
    return {task for task in tasks if not _closes_generator(task) and task not in ending}


def _drop_fan_outs_of(workers: set[asyncio.Task[Any]]) -> None:
    for fan_out in registry.fan_outs():
        if not workers.isdisjoint(getattr(fan_out, "tasks", ())):
            drop(fan_out)


def _closes_generator(task: asyncio.Task[Any]) -> bool:
    return type(task.get_coro()).__name__ == "async_generator_athrow"  # what aclose() gives; it has no public name


def _current_loop() -> asyncio.AbstractEventLoop | None:
    """The thread's current loop, where it has an open one: clients may be bound to it."""
    try:
        if sys.version_info >= (3, 14):
            loop = asyncio.get_event_loop()
        else:
            with warnings.catch_warnings():
                # Before 3.14 asking may also make one, and warns of it; that is as good a new loop as any.
                warnings.simplefilter("ignore", DeprecationWarning)
                loop = asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        return None
    return None if loop.is_closed() else loop
