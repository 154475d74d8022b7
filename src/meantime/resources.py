"""Kept between invocations: clients and pools, made once for each execution environment and closed with it."""

from __future__ import annotations

import sys
from contextvars import copy_context
from threading import RLock

from meantime.callables import is_async, is_async_generator, is_generator, name_of
from meantime.deadline import deadline_variable
from meantime.environment import current_environment
from meantime.leftovers import meant_to_stay

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
    from typing import Any, Protocol, TypeVar, overload

    from meantime.environment import Environment

    Value = TypeVar("Value")

    class Made(Protocol):
        """A resource that has been made, and can be closed."""

        @property
        def loop(self) -> asyncio.AbstractEventLoop | None:
            """The loop it lives on, if it lives on one."""
            ...

        @property
        def task(self) -> asyncio.Task[None]:
            """The task that holds it open, if it lives on a loop."""
            ...

        def close(self) -> None:
            """Close it, or, if it lives on a loop, ask its task to."""
            ...
else:

    def overload(function):  # noqa: ANN001, ANN201  # for type checkers only
        return function


@overload
def warm(function: Callable[[], AsyncGenerator[Value, None]]) -> Callable[[], Coroutine[Any, Any, Value]]: ...
@overload
def warm(function: Callable[[], Coroutine[Any, Any, Value]]) -> Callable[[], Coroutine[Any, Any, Value]]: ...
@overload
def warm(function: Callable[[], Generator[Value, None, None]]) -> Callable[[], Value]: ...
@overload
def warm(function: Callable[[], Value]) -> Callable[[], Value]: ...
def warm(function: Callable[[], Any]) -> Callable[[], Any]:
    """Make what this function makes once for each execution environment, and give the same each time it is called.

    A generator's code after its `yield` runs when the environment, or for an async generator its loop, is closed. A
    failed creation is not kept: the next call tries again.

    Args:
        function: Without arguments; plain, async, a generator that yields once, or an async one.

    Returns:
        A function without arguments that gives the resource; it is awaited where `function` is async.

    Raises:
        TypeError: `function` is no function, or takes arguments.
    """
    if not callable(function):
        raise TypeError(f"warm takes a function that makes the resource, got {type(function).__name__}")
    code, defaults = getattr(function, "__code__", None), getattr(function, "__defaults__", None) or ()
    if code is not None and code.co_argcount > len(defaults):
        raise TypeError(
            f"warm takes a function without arguments, since it is called once for all: {name_of(function)} takes "
            f"{', '.join(code.co_varnames[: code.co_argcount])}"
        )
    is_on_loop = is_async(function) or is_async_generator(function)
    return _Looped(function) if is_on_loop else _Blocking(function)


class _Blocking:
    """A warm resource of blocking code: made under a lock, so once, even if two threads ask at once."""

    loop = None
    task: Any = None  # it lives on no loop

    def __init__(self, function: Callable[[], Any]) -> None:
        self.__wrapped__ = function
        self.__name__ = name_of(function)
        self.__doc__ = function.__doc__
        self._lock = RLock()
        self._owner: Environment | None = None
        self._value: Any = None
        self._generator: Generator[Any, None, None] | None = None

    def __call__(self) -> Any:
        environment = current_environment()
        if self._owner is environment:
            return self._value
        with self._lock:
            if self._owner is not environment:
                self._value = _meant_to_stay(self._make)
                environment.resources.append(self)
                self._owner = environment
            return self._value

    def _make(self) -> Any:
        if not is_generator(self.__wrapped__):
            self._generator = None
            return self.__wrapped__()
        self._generator = self.__wrapped__()
        try:
            return next(self._generator)
        except StopIteration:
            raise RuntimeError(f"{self.__name__} ended without a yield: it must yield the resource once") from None

    def close(self) -> None:
        """Run what stands after the yield."""
        generator, self._generator, self._owner, self._value = self._generator, None, None, None
        if generator is None:
            return
        try:
            next(generator)
        except StopIteration:
            return
        raise RuntimeError(f"{self.__name__} yielded a second time: it must yield the resource once")


class _Looped:
    """A warm resource of async code: one for each loop, held open by a task of its own."""

    def __init__(self, function: Callable[[], Any]) -> None:
        from weakref import WeakKeyDictionary  # noqa: PLC0415  # only the async path needs it

        self.__wrapped__ = function
        self.__name__ = name_of(function)
        self.__doc__ = function.__doc__
        self._lives: WeakKeyDictionary[asyncio.AbstractEventLoop, _Life] = WeakKeyDictionary()

    async def __call__(self) -> Any:
        asyncio = sys.modules["asyncio"]  # loaded: somebody awaits this
        loop = asyncio.get_running_loop()
        life = self._lives.get(loop)
        if life is None:
            life = self._lives[loop] = _Life(self.__wrapped__, self.__name__, loop)
            life.task.add_done_callback(lambda _: self._lives.pop(loop, None))
        if life.made.done():
            return life.made.result()
        return await asyncio.shield(life.made)


class _Life:
    """One loop's instance, made and closed in one task: anyio's `async with` blocks refuse anything else."""

    def __init__(self, function: Callable[[], Any], name: str, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.made: asyncio.Future[Any] = loop.create_future()
        self._close_asked: asyncio.Future[None] = loop.create_future()
        self._function = function
        self._name = name
        context = copy_context()
        context.run(meant_to_stay.set, True)
        context.run(deadline_variable.set, None)  # it outlives the invocation that happens to make it
        self.task: asyncio.Task[None] = loop.create_task(self._live(), context=context)

    def close(self) -> None:
        """Ask the task to run what stands after the yield."""
        if not self._close_asked.done() and not self.loop.is_closed():
            self._close_asked.set_result(None)

    async def _live(self) -> None:
        generator: AsyncGenerator[Any, None] | None = None
        try:
            if is_async_generator(self._function):
                generator = self._function()
                value = await anext(generator)
            else:
                value = await self._function()
        except StopAsyncIteration:
            self._failed(RuntimeError(f"{self._name} ended without a yield: it must yield the resource once"))
        except Exception as error:  # noqa: BLE001  # it belongs to those who asked for the resource
            self._failed(error)
        except BaseException:
            self.made.cancel()
            raise
        else:
            await self._stay(value)
            if generator is not None:
                await self._finish(generator)

    def _failed(self, error: Exception) -> None:
        if not self.made.done():
            self.made.set_exception(error)
            self.made.exception()  # those who asked may be gone; Python need not say that nobody looked

    async def _stay(self, value: Any) -> None:
        from meantime.loop import staying_tasks  # noqa: PLC0415  # only the async path needs it

        staying_tasks.add(self.task)
        current_environment().resources.append(self)
        if not self.made.done():
            self.made.set_result(value)
        await self._close_asked

    async def _finish(self, generator: AsyncGenerator[Any, None]) -> None:
        try:
            await anext(generator)
        except StopAsyncIteration:
            return
        await generator.aclose()
        raise RuntimeError(f"{self._name} yielded a second time: it must yield the resource once")


def _meant_to_stay(make: Callable[[], Any]) -> Any:
    token = meant_to_stay.set(True)
    try:
        return make()
    finally:
        meant_to_stay.reset(token)
