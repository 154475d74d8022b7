"""Kept between invocations: clients and pools, made once for each execution environment and closed with it."""

from __future__ import annotations

import os

from meantime.callables import is_async, is_async_generator, name_of, required_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
    from typing import Any, Protocol, TypeVar, overload

    from meantime.resources.freshness import Freshness
    from meantime.resources.made import Made as Made

    Value = TypeVar("Value")

    class Decorator(Protocol):
        """What `warm` gives when it is called with options."""

        @overload
        def __call__(
            self, function: Callable[[], AsyncGenerator[Value, None]], /
        ) -> Callable[[], Coroutine[Any, Any, Value]]: ...
        @overload
        def __call__(
            self, function: Callable[[], Coroutine[Any, Any, Value]], /
        ) -> Callable[[], Coroutine[Any, Any, Value]]: ...
        @overload
        def __call__(
            self, function: Callable[[], AsyncIterator[Value]], /
        ) -> Callable[[], Coroutine[Any, Any, Value]]: ...
        @overload
        def __call__(self, function: Callable[[], Generator[Value, None, None]], /) -> Callable[[], Value]: ...
        @overload
        def __call__(self, function: Callable[[], Iterator[Value]], /) -> Callable[[], Value]: ...
        @overload
        def __call__(self, function: Callable[[], Value], /) -> Callable[[], Value]: ...
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
@overload
def warm(
    *,
    max_idle: float | None = ...,
    max_age: float | None = ...,
    check: Callable[[Any], object] | None = ...,
    check_after: float = ...,
) -> Decorator: ...
def warm(
    function: Callable[[], Any] | None = None,
    *,
    max_idle: float | None = None,
    max_age: float | None = None,
    check: Callable[[Any], object] | None = None,
    check_after: float = 0.0,
) -> Any:
    """Make what this function makes once for each execution environment, and give the same each time it is called.

    A generator's code after its `yield` runs when the environment, or for an async generator its loop, is closed. A
    failed creation is not kept: the next call tries again. With options, the first call in an invocation looks
    whether the resource is still good; if not, it is closed and made anew, and with it what was made of it. All times
    are of the wall clock, since others may stand still while an environment is frozen.

    Args:
        function: Without arguments; plain, async, a generator that yields once, or an async one.
        max_idle: Seconds since it was last asked for, above which it is made anew. None: never.
        max_age: Seconds since it was made, above which it is made anew. None: never.
        check: Given the resource, tells by False or an exception that it is no longer good. Async only where
            `function` is; then it has two seconds.
        check_after: Seconds since it was last asked for, below which it is not checked.

    Returns:
        A function without arguments that gives the resource; it is awaited where `function` is async. Called with
        options alone: a decorator that does so.

    Raises:
        TypeError: `function` is no function, or takes arguments; or an option is of the wrong kind.
        ValueError: An option is negative or no finite number.
    """
    freshness: Freshness | None = None
    if (max_idle, max_age, check, check_after) != (None, None, None, 0.0):
        from meantime.resources.freshness import Freshness  # noqa: PLC0415  # only those who ask for it pay for it

        freshness = Freshness(max_idle=max_idle, max_age=max_age, check=check, check_after=check_after)
    if function is None:
        return lambda decorated: _warm(decorated, freshness)
    return _warm(function, freshness)


def _warm(function: Callable[[], Any], freshness: Freshness | None) -> Callable[[], Any]:
    if not callable(function):
        raise TypeError(f"warm takes a function that makes the resource, got {type(function).__name__}")
    if required := required_arguments(function):
        raise TypeError(
            "warm takes a function without arguments, since it is called once for all: "
            f"{name_of(function)} takes {', '.join(required)}"
        )
    if is_async(function) or is_async_generator(function):
        from meantime.resources.on_loop import LoopResource  # noqa: PLC0415  # blocking ones do not pay for it

        return LoopResource(function, freshness)
    if freshness is not None and is_async(freshness.check):
        raise TypeError(
            f"{name_of(function)} is blocking, so its check must be: {name_of(freshness.check)} is async, and nobody "
            "would await it"
        )
    from meantime.resources.blocking import BlockingResource  # noqa: PLC0415  # async ones do not pay for it

    return BlockingResource(function, freshness)


if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
    from meantime.resources.restoring import register_hooks

    register_hooks()
