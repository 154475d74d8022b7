"""Kept between invocations: clients and pools, made once for each execution environment and closed with it."""

from __future__ import annotations

import sys
from contextvars import copy_context
from threading import RLock
from weakref import WeakKeyDictionary

from meantime.callables import is_async, is_async_generator, is_generator, name_of, required_arguments
from meantime.deadline import deadline_variable
from meantime.environment import current_environment
from meantime.leftovers import being_made, staying_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
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
def warm(function: Callable[[], AsyncIterator[Value]]) -> Callable[[], Coroutine[Any, Any, Value]]: ...
@overload
def warm(function: Callable[[], Generator[Value, None, None]]) -> Callable[[], Value]: ...
@overload
def warm(function: Callable[[], Iterator[Value]]) -> Callable[[], Value]: ...
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
    if required := required_arguments(function):
        raise TypeError(
            "warm takes a function without arguments, since it is called once for all: "
            f"{name_of(function)} takes {', '.join(required)}"
        )
    is_on_loop = is_async(function) or is_async_generator(function)
    return _Looped(function) if is_on_loop else _Blocking(function)


class _Warm:
    """What both kinds have: the function, and a way to tell that it asks for itself."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.__wrapped__ = function
        self.__name__ = name_of(function)
        self.__doc__ = function.__doc__

    def _check_circle(self) -> None:
        above = being_made.get()
        if self in above:
            circle = " needs ".join(
                str(getattr(each, "__name__", each)) for each in (*above[above.index(self) :], self)
            )
            raise RuntimeError(f"warm resources need each other in a circle: {circle}")


class _Blocking(_Warm):
    """A warm resource of blocking code: made under a lock, so once, even if two threads ask at once."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(function)
        self._lock = RLock()
        self._made: WeakKeyDictionary[Environment, _Kept] = WeakKeyDictionary()
        self._newest: tuple[Environment | None, Any] = (None, None)  # what nearly every call asks for

    def __call__(self) -> Any:
        environment = current_environment()
        owner, value = self._newest
        if owner is environment:
            return value
        self._check_circle()
        with self._lock:
            kept = self._made.get(environment)
            if kept is None:
                kept = self._make()
                self._made[environment] = kept
                kept.forget = lambda: self._forget(environment)
                environment.resources.append(kept)
            self._newest = (environment, kept.value)
            return kept.value

    def _make(self) -> _Kept:
        token = being_made.set((*being_made.get(), self))
        try:
            if not is_generator(self.__wrapped__):
                return _Kept(self.__name__, self.__wrapped__(), None)
            generator: Generator[Any, None, None] = self.__wrapped__()
            try:
                return _Kept(self.__name__, next(generator), generator)
            except StopIteration:
                raise RuntimeError(f"{self.__name__} ended without a yield: it must yield the resource once") from None
        finally:
            being_made.reset(token)

    def _forget(self, environment: Environment) -> None:
        self._made.pop(environment, None)
        self._newest = (None, None)


class _Kept:
    """What one environment has of a blocking resource."""

    loop = None
    task: Any = None  # it lives on no loop

    def __init__(self, name: str, value: Any, generator: Generator[Any, None, None] | None) -> None:
        self.value = value
        self.forget: Callable[[], object] = bool
        self._name = name
        self._generator = generator

    def close(self) -> None:
        """Run what stands after the yield; a failure is logged."""
        self.forget()
        generator, self._generator = self._generator, None
        if generator is None:
            return
        try:
            next(generator)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  # the others must be closed all the same
            _log_failure(self._name)
            return
        _log_failure(self._name, "it yielded a second time, and must yield the resource once")


class _Looped(_Warm):
    """A warm resource of async code: one for each loop, held open by a task of its own."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(function)
        self._lives: WeakKeyDictionary[asyncio.AbstractEventLoop, _Life] = WeakKeyDictionary()

    async def __call__(self) -> Any:
        asyncio = sys.modules["asyncio"]  # loaded: somebody awaits this
        loop = asyncio.get_running_loop()
        life = self._lives.get(loop)
        if life is None:
            life = self._lives[loop] = _Life(self, loop)
            life.start(lambda: self._lives.pop(loop, None))
        if life.made.done():
            return life.made.result()
        self._check_circle()
        return await asyncio.shield(life.made)


class _Life:
    """One loop's instance, made and closed in one task: anyio's `async with` blocks refuse anything else."""

    def __init__(self, resource: _Looped, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.task: asyncio.Task[None]
        self.made: asyncio.Future[Any] = loop.create_future()
        self._close_asked: asyncio.Future[None] = loop.create_future()
        self._function = resource.__wrapped__
        self._name = resource.__name__
        self._context = copy_context()
        self._context.run(being_made.set, (*being_made.get(), resource))
        self._context.run(deadline_variable.set, None)  # it outlives the invocation that happens to make it

    def start(self, ended: Callable[[], object]) -> None:
        """Make it, in a task of its own; `ended` is called when that is over."""
        self.task = self.loop.create_task(self._live(), context=self._context)
        self.task.add_done_callback(lambda _: ended())

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
            await self._stay(value, generator)

    def _failed(self, error: Exception) -> None:
        if not self.made.done():
            self.made.set_exception(error)
            self.made.exception()  # those who asked may be gone; Python need not say that nobody looked

    async def _stay(self, value: Any, generator: AsyncGenerator[Any, None] | None) -> None:
        asyncio = sys.modules["asyncio"]
        staying_tasks.add(asyncio.current_task())
        resources = current_environment().resources
        resources.append(self)
        if not self.made.done():
            self.made.set_result(value)
        try:
            await self._close_asked
            if generator is not None:
                await self._finish(generator)
        except asyncio.CancelledError as cancelled:
            if generator is not None and self._close_asked.cancelled():  # by whoever cancelled the task
                await self._throw(generator, cancelled)
            raise
        finally:
            if self in resources:
                resources.remove(self)

    async def _finish(self, generator: AsyncGenerator[Any, None]) -> None:
        try:
            await anext(generator)
        except StopAsyncIteration:
            return
        except Exception:  # noqa: BLE001  # the others must be closed all the same
            _log_failure(self._name)
            return
        await generator.aclose()
        _log_failure(self._name, "it yielded a second time, and must yield the resource once")

    async def _throw(self, generator: AsyncGenerator[Any, None], cancelled: BaseException) -> None:
        """Let the generator's own `async with` and `finally` see that its task is cancelled."""
        try:
            await generator.athrow(cancelled)
        except StopAsyncIteration:
            return
        except Exception:  # noqa: BLE001  # a task group's error, say: nobody else would hear of it
            _log_failure(self._name)


def _log_failure(name: str, why: str = "") -> None:
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    getLogger("meantime").error(
        "The warm resource %s failed to close%s", name, f": {why}" if why else "", exc_info=not why
    )
