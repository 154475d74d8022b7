"""Async calls side by side, on asyncio tasks: httpx, aiohttp, async database drivers."""

from __future__ import annotations

from meantime.callables import is_coroutine
from meantime.executors.arguments import (
    DEFAULT_MAX_CONCURRENCY,
    CallOptions,
    check_async,
    check_async_items,
    check_completion,
    known_length,
)
from meantime.executors.attempts import await_call
from meantime.executors.collecting import Settling
from meantime.executors.task_fan_out import TaskFanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine, Iterable
    from typing import Any, TypeVar

    from meantime.limiter import Limiter
    from meantime.outcomes import Completion, Outcome, Outcomes
    from meantime.retry import Retry

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def map(
    function: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item] | AsyncIterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Coroutine[Any, Any, list[Result]]:
    """Await an async function for every item, side by side; give the results in the order of the items.

    The first failure cancels the rest, waits until they have ended, and is raised. Each call has a copy of the caller's
    context variables.

    Args:
        function: An async function of one item, or a lambda that calls one.
        items: May be lazy or async; no more than `max_concurrency` of them are drawn and unfinished at once.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.
        limiter: What every call has to pass, shared with whatever else uses that downstream.
        retry: How a failed call is made again.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        CallCancelled: A call raised CancelledError of its own.
        DeadlineExceeded: The invocation's deadline came first; it names what was still waiting.
        TypeError: `function` is a blocking function, or `items` cannot be iterated.
        ValueError: `max_concurrency` or `timeout` is out of range.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    return _told_as("tasks.map", _fan_out("tasks.map", function, items, options).values())


def gather(
    *calls: Awaitable[Any] | Callable[[], Awaitable[Any]],
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Coroutine[Any, Any, list[Any]]:
    """Await different calls side by side; give their results in the order of the calls.

    Args:
        calls: Coroutines, as in `tasks.gather(get_user(id), get_orders(id))`, or async functions without arguments.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.
        limiter: What every call has to pass.
        retry: How a failed call is made again; then the calls must be functions, since a coroutine runs only once.

    Raises:
        Exception: As `map` does.
    """
    try:
        options = CallOptions(max_concurrency, timeout, limiter, retry)
        for each in calls:
            if not hasattr(each, "__await__"):
                check_async(each)
            elif retry is not None:
                raise TypeError(  # noqa: TRY301  # refused like the others: the coroutines must be closed
                    "tasks.gather with retry= takes functions, since a coroutine runs only once: pass "
                    "`lambda: get_user(id)` instead of `get_user(id)`"
                )
    except (TypeError, ValueError):
        for each in calls:
            if is_coroutine(each):
                each.close()
        raise
    return _told_as("tasks.gather", TaskFanOut("tasks.gather", await_call, iter(calls), len(calls), options).values())


def settle(
    function: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item] | AsyncIterable[Item],
    *,
    completion: Completion | None = None,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Coroutine[Any, Any, Outcomes[Item, Result]]:
    """Await an async function for every item, side by side; say of each what became of it, and raise nothing.

    Args:
        function: An async function of one item, or a lambda that calls one.
        items: May be lazy or async; no more than `max_concurrency` of them are drawn and unfinished at once.
        completion: When it is complete before all is done, and the rest is cancelled; None: never, however many fail.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take; one that takes longer is cancelled, and has failed with CallTimeout.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Returns:
        Every item as succeeded, failed or unfinished; at the invocation's deadline too.

    Raises:
        SettleFailed: The input raised; it carries the outcomes until then.
        TypeError: `function` is a blocking function, or `items` cannot be iterated.
        ValueError: A keyword is out of range, or `completion` asks for more than there are items.
    """
    options, total = CallOptions(max_concurrency, timeout, limiter, retry), known_length(items)
    check_completion(completion, total)
    fan_out = _fan_out("tasks.settle", function, items, options)
    return _told_as("tasks.settle", fan_out.outcomes(Settling(completion, total)))


def as_completed(
    function: Callable[[Item], Awaitable[Result]],
    items: Iterable[Item] | AsyncIterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> AsyncGenerator[Outcome[Item, Result], None]:
    """Await an async function for every item, side by side; give the outcome of each as it comes.

    Used as in `async for outcome in tasks.as_completed(fetch, urls)`. The calls begin when the first outcome is asked
    for. No more than `max_concurrency` items are held at any time, the one that the consumer looks at included, so
    `items` may be endless. A consumer that stops early ends it: what is under way is cancelled, at once within
    `contextlib.aclosing`.

    Args:
        function: An async function of one item, or a lambda that calls one.
        items: May be lazy or async, and endless.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take; one that takes longer is cancelled, and has failed with CallTimeout.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Raises:
        DeadlineExceeded: The deadline came first, once what it cut off has been given as unfinished.
        Exception: Whatever the input raises; and as `map` does for bad arguments.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    return _fan_out("tasks.as_completed", function, items, options).stream()


def _fan_out(
    verb: str, function: Callable[..., Any], items: Iterable[Any] | AsyncIterable[Any], options: CallOptions
) -> TaskFanOut:
    check_async(function)
    return TaskFanOut(verb, function, check_async_items(items), known_length(items), options)


def _told_as(verb: str, coroutine: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
    """The coroutine under the name of its verb, for whoever is told of it."""
    coroutine.__qualname__ = verb  # type: ignore[attr-defined]  # every coroutine has one
    return coroutine
