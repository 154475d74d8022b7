"""A blocking function made awaitable, on the kept threads: for boto3 and the like inside async code."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from functools import wraps

from meantime import clock
from meantime.callables import is_async, is_coroutine, name_of
from meantime.errors import CallCancelled
from meantime.executors.arguments import check_blocking, check_result
from meantime.executors.pool import pool
from meantime.executors.underway import FanOut, Worker, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, ParamSpec, TypeVar

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")


def in_thread(function: Callable[Parameters, Result]) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """Make a blocking function awaitable, on the kept threads.

    Used as in `await in_thread(s3.get_object)(Bucket=..., Key=...)`.

    It runs on a kept thread with the caller's context variables. Cancelling the wait drops a call that has not begun;
    one that has runs on, and the end of the invocation waits for it within the reserve.

    Args:
        function: A blocking function.

    Raises:
        TypeError: `function` is an async function.
    """
    if is_async(function):
        name = name_of(function)
        raise TypeError(f"{name} is an async function, and needs no thread: `await {name}(...)` without in_thread")
    check_blocking(function, "in_thread")

    @wraps(function)
    async def call_in_thread(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        thread_call = _ThreadCall(function, lambda: function(*args, **keywords), _item(args, keywords))
        return await thread_call.result()  # type: ignore[no-any-return]  # it gives what the function gives

    return call_in_thread


def _item(args: tuple[object, ...], keywords: dict[str, object]) -> object:
    """What a reader knows the call by."""
    if keywords:
        return (*args, keywords) if args else keywords
    return args[0] if len(args) == 1 else args


class _ThreadCall(FanOut):
    """One call on a kept thread, awaited by a task."""

    __slots__ = ("_bound", "_context", "_future", "_item", "_loop")

    def __init__(self, function: Callable[..., object], bound: Callable[[], object], item: object) -> None:
        super().__init__("in_thread", function, None)
        self._bound = bound
        self._item = item
        self._context = copy_context()
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[Any] = self._loop.create_future()

    async def result(self) -> Any:
        """Start it and wait for what it gives."""
        registry.add(self)
        try:
            pool.start(self._run)
        except BaseException:
            registry.discard(self)
            raise
        try:
            return await self._future
        finally:
            self.stopped = True

    def _run(self) -> None:
        worker = Worker()
        worker.started = clock.monotonic()
        worker.item = self._item
        self.workers.append(worker)
        if self.gauge is not None:
            self.gauge.begin()
        tell: Callable[[Any], None] | None = None
        outcome: object = None
        try:
            if not self.stopped:
                outcome, tell = self._context.run(self._bound), self._future_result
                if is_coroutine(outcome):
                    check_result(self.function, outcome)
        except BaseException as error:  # noqa: BLE001  # whatever the call raises belongs to its caller
            outcome, tell = error, self._future_exception
        finally:
            self.workers.clear()
            if self.gauge is not None:  # before the caller hears of it, who may begin the next call
                self.gauge.end()
            if tell is not None:
                self._tell(tell, outcome)
            registry.discard(self)

    def _tell(self, setter: Callable[[Any], None], outcome: object) -> None:
        try:
            self._loop.call_soon_threadsafe(setter, outcome)
        except RuntimeError:
            return  # the loop has been retired meanwhile: nobody waits any more

    def _future_result(self, value: object) -> None:
        if not self._future.done():
            self._future.set_result(value)

    def _future_exception(self, error: BaseException) -> None:
        if self._future.done():
            return
        name = self.named(self._item)[0]
        if isinstance(error, StopIteration):  # a future refuses it (PEP 479)
            error = RuntimeError(f"{name} raised StopIteration")
        elif isinstance(error, asyncio.CancelledError):  # it would look like the cancellation of the caller
            cancelled, error = error, CallCancelled(f"{name} raised CancelledError in its thread")
            error.__cause__ = cancelled
        self._future.set_exception(error)
