"""How many calls one downstream gets at once, and how often: one limiter, shared by everything that uses it."""

from __future__ import annotations

import os
from functools import wraps
from math import inf
from weakref import WeakSet

from meantime.callables import is_async, is_async_generator, is_coroutine, is_generator, name_of
from meantime.errors import LoopRunning
from meantime.limiter.adaptive_limit import DEFAULT_CEILING, AdaptiveLimit
from meantime.limiter.arguments import check_limits, check_whole
from meantime.limiter.permits import Permits
from meantime.limiter.schedule import Schedule
from meantime.limiter.statistics import LimiterStatistics
from meantime.limiter.waiters import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from types import TracebackType
    from typing import Any, ParamSpec, TypeVar

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")

# The share of a second's calls that may begin at one moment, if not told otherwise: what a late timer lets slip must be
# made good. asyncio's are late by 1 ms, and Lambda deals out CPU in periods of 20 ms.
_LATENESS = 0.02


class Limiter:
    """Protects one downstream: at most `max_concurrency` calls at once, at most `rate` of them in `per` seconds.

    Use it as the `limiter=` of a verb, as a decorator, in `with` and `async with`. Threads and tasks may share it; they
    are admitted in the order in which they came. Nobody waits longer than until the invocation's deadline, and where it
    is certain that a permit will come too late, `DeadlineExceeded` is raised at once.

    Args:
        name: What it protects, for messages.
        max_concurrency: The most calls in flight at once; with `adaptive`, the most that it may find out to be right.
        rate: The most calls begun in `per` seconds.
        per: Seconds.
        burst: Calls that may begin at one moment after a time of rest. In any span of time there begin at most as many
            as the rate allows for it, and `burst`. By default one, and one more for each 50 a second.
        adaptive: Whether to follow what the downstream throttles: from 10 at once up to `max_concurrency`, or 200.
            It also keeps to a `Retry-After`.

    Raises:
        TypeError: An argument of the wrong type.
        ValueError: No limit at all, or one that lets nothing through.
    """

    __slots__ = ("__weakref__", "_options", "_permits", "name")

    def __init__(
        self,
        name: str,
        *,
        max_concurrency: int | None = None,
        rate: float | None = None,
        per: float = 1.0,
        burst: int | None = None,
        adaptive: bool = False,
    ) -> None:
        check_limits(name, max_concurrency=max_concurrency, rate=rate, per=per, burst=burst, adaptive=adaptive)
        self.name = name
        self._options = (max_concurrency, rate, per, burst, adaptive)
        schedule = None
        if rate is not None:
            schedule = Schedule(per / rate, 1 + int(rate / per * _LATENESS) if burst is None else burst)
        self._permits = Permits(
            name,
            inf if max_concurrency is None else max_concurrency,
            schedule,
            AdaptiveLimit(max_concurrency or DEFAULT_CEILING) if adaptive else None,
        )
        limiters.add(self)

    def __enter__(self) -> None:
        self._enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._permits.leave(error)

    def __aenter__(self) -> Coroutine[Any, Any, None]:
        permits = self._permits
        if permits.take():
            return _DONE
        loop = running_loop()
        if loop is None:
            raise RuntimeError(f"the limiter {self.name!r} was acquired by a task, but no event loop of asyncio runs")
        return permits.wait_async(loop)

    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> Coroutine[Any, Any, None]:
        self._permits.leave(error)
        return _DONE

    def acquire(self, is_stopped: Callable[[], bool] | None = None) -> None:
        """Wait for a permit, on this thread; `release` gives it back, on whichever thread.

        Args:
            is_stopped: Tells whether the work was stopped that the permit is for, as in `limited`.

        Raises:
            DeadlineExceeded: None came before the invocation's deadline, or none can.
            InvocationEnded: The work was stopped.
            LoopRunning: Called on a running event loop, which it would block.
        """
        self._enter(is_stopped)

    async def acquire_async(self) -> None:
        """Wait for a permit, on this event loop; `release` gives it back.

        Raises:
            DeadlineExceeded: None came before the invocation's deadline, or none can.
        """
        await self.__aenter__()

    def release(self, outcome: object = None) -> None:
        """Give a permit back.

        Args:
            outcome: What the call has returned or raised, by which an adaptive limiter learns.

        Raises:
            RuntimeError: No permit is out.
        """
        if not self._permits.in_flight:
            raise RuntimeError(f"the limiter {self.name!r} was released more often than acquired")
        self._permits.leave(outcome)

    def __call__(self, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        """Make every call of this function wait for a permit; it may be a `def` or an `async def`.

        Raises:
            TypeError: It is no function, or a generator, whose work happens after the call.
        """
        if not callable(function):
            raise TypeError(f"the limiter {self.name!r} expects a function to call, got {function!r:.80}")
        if is_generator(function) or is_async_generator(function):
            raise TypeError(
                f"{name_of(function)} is a generator, and does its work after the call: use the limiter within it, "
                "by `with` or `async with`"
            )
        if is_async(function):
            return self.limited_async(function)  # type: ignore[arg-type, return-value]  # an async function's Result is a coroutine
        return self.limited(_without_coroutines(function))

    def limited(
        self, function: Callable[Parameters, Result], is_stopped: Callable[[], bool] | None = None
    ) -> Callable[Parameters, Result]:
        """The blocking function with a permit for each call.

        Args:
            function: A blocking function.
            is_stopped: Tells whether the work was stopped that the calls belong to: a call that waits then raises
                InvocationEnded.
        """

        @wraps(function)
        def call_within_limits(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
            self._enter(is_stopped)
            try:
                value = function(*args, **keywords)
            except BaseException as error:
                permits.leave(error)
                raise
            permits.leave(value)
            return value

        permits = self._permits
        call_within_limits.__qualname__ = name_of(function)
        return call_within_limits

    def limited_async(
        self, function: Callable[Parameters, Awaitable[Result]]
    ) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
        """The function that gives an awaitable, with a permit from its call until that is done."""

        @wraps(function)
        async def call_within_limits(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
            await self.__aenter__()
            try:
                value = await function(*args, **keywords)
            except BaseException as error:
                permits.leave(error)
                raise
            permits.leave(value)
            return value

        permits = self._permits
        call_within_limits.__qualname__ = name_of(function)
        return call_within_limits

    def share(self, environments: int) -> Limiter:
        """The part of a limit for the whole fleet that one of so many execution environments may use: a new limiter.

        Args:
            environments: How many run at most, which is the function's reserved concurrency.

        Raises:
            TypeError: `environments` is no whole number.
            ValueError: It is below 1.
        """
        check_whole("environments", environments)
        max_concurrency, rate, per, burst, adaptive = self._options
        if max_concurrency is not None and max_concurrency < environments:
            from warnings import warn  # noqa: PLC0415  # only here

            warn(
                f"the limiter {self.name!r} allows {max_concurrency} at once, and each of {environments} environments "
                f"needs at least one: together they may have {environments} in flight. Reserve less concurrency.",
                stacklevel=2,
            )
        return Limiter(
            self.name,
            max_concurrency=None if max_concurrency is None else max(1, max_concurrency // environments),
            rate=None if rate is None else rate / environments,
            per=per,
            burst=None if burst is None else max(1, burst // environments),
            adaptive=adaptive,
        )

    def statistics(self) -> LimiterStatistics:
        """How it stands now: a copy."""
        return LimiterStatistics(self._permits)

    def _enter(self, is_stopped: Callable[[], bool] | None = None) -> None:
        if running_loop() is not None:
            raise LoopRunning(
                f"the limiter {self.name!r} was acquired on the event loop, and would block it: use `async with`, or "
                "`await limiter.acquire_async()`"
            )
        permits = self._permits
        if not permits.take():
            permits.wait(is_stopped)

    def __str__(self) -> str:
        return f"the limiter {self.name!r}"

    def __repr__(self) -> str:
        max_concurrency, rate, per, burst, adaptive = self._options
        options = {"max_concurrency": max_concurrency, "rate": rate, "per": per, "burst": burst, "adaptive": adaptive}
        if rate is None:
            del options["per"]
        given = "".join(f", {name}={value!r}" for name, value in options.items() if value not in {None, False})
        return f"<Limiter({self.name!r}{given}): {self._permits.state()}>"


class _Done:
    """An awaitable that is done: where there is no need to wait, no coroutine is made."""

    __await__ = ().__iter__  # no function of ours, which would cost as much again


# To a type checker, it is what the `__aenter__` of others gives.
_DONE: Coroutine[Any, Any, None] = _Done()  # type: ignore[assignment]


def _without_coroutines(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function, whose coroutine would do its work after the permit has been given back."""

    @wraps(function)
    def call(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        value = function(*args, **keywords)
        if is_coroutine(value):
            value.close()
            raise TypeError(f"{name_of(function)} returned a coroutine, which has not run yet: make it an `async def`")
        return value

    call.__qualname__ = name_of(function)
    return call


limiters: WeakSet[Limiter] = WeakSet()


def make_cold() -> None:
    """Make every limiter as it is in a new execution environment; permits that are out stay out."""
    for limiter in tuple(limiters):
        limiter._permits.make_cold()  # noqa: SLF001  # this module's own


def _forget() -> None:
    """Start anew, as a forked child must: its parent's threads and tasks do not exist in it."""
    for limiter in tuple(limiters):
        limiter._permits.start_anew()  # noqa: SLF001  # this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
