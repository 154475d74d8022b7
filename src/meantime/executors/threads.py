"""Blocking calls side by side, on kept threads: boto3, requests, SQL drivers.

Python cannot stop a thread. What a verb stops waiting for, at a failure, a timeout or the deadline, runs on until it
returns; the end of the invocation waits for it within the reserve and reports what is left.
"""

from __future__ import annotations

from meantime.executors.arguments import (
    DEFAULT_MAX_CONCURRENCY,
    CallOptions,
    check_blocking,
    check_completion,
    check_items,
    known_length,
)
from meantime.executors.collecting import Settling
from meantime.executors.thread_fan_out import ThreadFanOut, refuse_running_loop
from meantime.executors.underway import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from meantime.limiter import Limiter
    from meantime.outcomes import Completion, Outcome, Outcomes
    from meantime.retry import Retry

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> list[Result]:
    """Call a blocking function with every item, side by side; give the results in the order of the items.

    The first failure stops the rest (no further call begins) and is raised. Each call sees the caller's context
    variables.

    Args:
        function: A blocking function of one item.
        items: May be lazy; no more than `max_concurrency` of them are drawn and unfinished at once.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.
        limiter: What every call has to pass, shared with whatever else uses that downstream.
        retry: How a failed call is made again.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        DeadlineExceeded: The invocation's deadline came first; it names what was still waiting.
        LoopRunning: Called on a running event loop, which it would block.
        TypeError: `function` is an async function, or `items` cannot be iterated.
        ValueError: `max_concurrency` or `timeout` is out of range.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    return _fan_out("threads.map", function, items, options).values()


def gather(
    *calls: Callable[[], Any],
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> list[Any]:
    """Make different blocking calls side by side; give their results in the order of the calls.

    Args:
        calls: Functions without arguments: `lambda: get_user(id)`, `functools.partial(get_orders, id)`.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Raises:
        Exception: As `map` does.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    for each in calls:
        check_blocking(each, "threads.gather")
    return _fan_out("threads.gather", call, calls, options).values()


def settle(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    completion: Completion | None = None,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Outcomes[Item, Result]:
    """Call a blocking function with every item, side by side; say of each what became of it, and raise nothing.

    Args:
        function: A blocking function of one item.
        items: May be lazy; no more than `max_concurrency` of them are drawn and unfinished at once.
        completion: When it is complete before all is done; None: never, however many fail.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take; one that takes longer has failed with CallTimeout.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Returns:
        Every item as succeeded, failed or unfinished; at the invocation's deadline too.

    Raises:
        SettleFailed: The input raised; it carries the outcomes until then.
        LoopRunning: Called on a running event loop, which it would block.
        TypeError: `function` is an async function, or `items` cannot be iterated.
        ValueError: A keyword is out of range, or `completion` asks for more than there are items.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    check_completion(completion, known_length(items))
    fan_out = _fan_out("threads.settle", function, items, options)
    return fan_out.outcomes(Settling(completion, known_length(items)))


def as_completed(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Iterator[Outcome[Item, Result]]:
    """Call a blocking function with every item, side by side; give the outcome of each as it comes.

    The calls begin when the first outcome is asked for. No more than `max_concurrency` items are held at any time, the
    one that the consumer looks at included, so `items` may be endless. A consumer that stops early ends it.

    Args:
        function: A blocking function of one item.
        items: May be lazy, and endless.
        max_concurrency: The most calls under way at once.
        timeout: Seconds that each call may take; one that takes longer has failed with CallTimeout.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Raises:
        DeadlineExceeded: The deadline came first, once what it cut off has been given as unfinished.
        Exception: Whatever the input raises; and as `map` does for bad arguments.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    return _fan_out("threads.as_completed", function, items, options).stream()


def _fan_out(verb: str, function: Callable[..., object], items: Iterable[Any], options: CallOptions) -> ThreadFanOut:
    check_blocking(function, verb)
    iterator = check_items(items)
    refuse_running_loop(verb)
    return ThreadFanOut(verb, function, iterator, known_length(items), options)
