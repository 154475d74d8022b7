"""Who waits for a permit, threads and tasks in one line, and how each is woken."""

from __future__ import annotations

from collections import OrderedDict
from sys import modules
from threading import Lock

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Waiter: TypeAlias = "ThreadWaiter | TaskWaiter"


def running_loop() -> AbstractEventLoop | None:
    """The event loop that runs on this thread; None where none does, and where asyncio is not even loaded."""
    asyncio: Any = modules.get("asyncio")
    if asyncio is None:
        return None
    get = getattr(asyncio, "_get_running_loop", None)  # public, but for its name; absent while asyncio is being loaded
    return None if get is None else get()


class ThreadWaiter:
    """A thread that waits. Whoever wakes it holds the lock of the line.

    Attributes:
        since: When it began to wait.
        slot: The schedule's slot that it was admitted with, in case it is not used; None until then.
    """

    __slots__ = ("_gate", "since", "slot")

    def __init__(self) -> None:
        self.since = clock.monotonic()
        self.slot: float | None = None
        self._gate = Lock()
        self._gate.acquire()

    def can_run(self) -> bool:
        """Whether it would use a permit if it had one."""
        return True

    def wake(self) -> bool:
        """Let it look at the line again; whether there is anybody to wake."""
        if self._gate.locked():
            self._gate.release()
        return True

    def wait(self, until: float) -> None:
        """Return when woken, or at the point in time `until`."""
        clock.acquire(self._gate, until - clock.monotonic())


class TaskWaiter:
    """A task that waits. Whoever wakes it holds the lock of the line, and may be on any thread.

    Attributes:
        since: When it began to wait.
        slot: The schedule's slot that it was admitted with, in case it is not used; None until then.
        loop: The loop that its task is on.
        passed_over: Whether that loop stood still when its turn came, and will ask for it when it runs.
    """

    __slots__ = ("_future", "loop", "passed_over", "since", "slot")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.since = clock.monotonic()
        self.slot: float | None = None
        self.loop = loop
        self.passed_over = False
        self._future: Future[None] | None = None

    def can_run(self) -> bool:
        """Whether it would use a permit if it had one: not while its loop stands still."""
        return self.loop.is_running()

    def wake(self) -> bool:
        """Let it look at the line again; whether there is anybody to wake: no longer, once its loop is closed."""
        if running_loop() is self.loop:
            self._open()
            return True
        try:
            self.loop.call_soon_threadsafe(self._open)
        except RuntimeError:
            return False
        return True

    async def wait(self, until: float | None) -> None:
        """Return when woken, or at the point in time `until`.

        It is opened on this loop only, so never between the caller's look at the line and this.
        """
        self._future = self.loop.create_future()
        if until is None:
            await self._future
            return
        timer = clock.call_at(self.loop, until, self._open)
        try:
            await self._future
        finally:
            timer.cancel()

    def _open(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Line(OrderedDict["Waiter", None]):
    """Those who wait, in the order in which they came. Who has left it, and did not give up, has been admitted."""

    __slots__ = ()

    def first(self) -> Waiter | None:
        """The first that can run."""
        first = next(iter(self), None)
        if first is None or first.can_run():
            return first
        return next((each for each in tuple(self) if each.can_run()), None)

    def pass_over(self, waiter: Waiter, when_it_runs: Callable[[TaskWaiter], None]) -> int:
        """Its loop stands still: it goes to the end of the line until that runs; 0 if it never will."""
        if isinstance(waiter, TaskWaiter):
            if waiter.loop.is_closed():
                return 0
            if not waiter.passed_over:
                waiter.passed_over = True
                waiter.loop.call_soon_threadsafe(when_it_runs, waiter)
        self[waiter] = None
        return 1
