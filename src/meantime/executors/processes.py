"""The same verbs on child processes, for work that computes: on more than one core, and able to be stopped.

They gain what the memory size has bought: one core at 1,769 MB, two at 3,538, six at 10,240. The function, the items
and the results are pickled on their way; context variables stay behind, the invocation's deadline does not.
"""

from __future__ import annotations

import os
from functools import partial

from meantime.callables import name_of
from meantime.environment import current_environment
from meantime.errors import LoopRunning
from meantime.executors.arguments import (
    CallOptions,
    check_blocking,
    check_completion,
    check_items,
    known_length,
)
from meantime.executors.children.chunks import Chunks
from meantime.executors.children.cores import default_width
from meantime.executors.children.pickling import brief, pack
from meantime.executors.children.pool import pool_of
from meantime.executors.children.start import FORK, SPAWN, START_METHODS
from meantime.executors.collecting import Settling
from meantime.executors.process_fan_out import ProcessFanOut
from meantime.executors.thread_fan_out import refuse_running_loop
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
    max_concurrency: int | None = None,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
    chunk_size: int | None = None,
    start_method: str = FORK,
) -> list[Result]:
    """Call a function with every item in child processes; give the results in the order of the items.

    The first failure stops the rest: calls under way are ended, with their processes, and it is raised with the child's
    traceback as its cause.

    Args:
        function: A function of one item that a module defines at its top level.
        items: May be lazy; no more than `max_concurrency` chunks of them are drawn and unfinished at once.
        max_concurrency: The most calls under way at once; None: one for each core that the memory size buys.
        timeout: Seconds that each call may take; one that takes longer is ended.
        limiter: What every call has to pass, here in the parent.
        retry: How a failed call is made again.
        chunk_size: How many items go to a child at once; None: as the time they take makes sensible, and one by one
            where `items` is lazy or there is a timeout, a limiter or a retry.
        start_method: `fork`, or `spawn` for libraries that do not survive a fork.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        ChildDied: A child process ended in the middle of a call: out of memory, a crash.
        DeadlineExceeded: The invocation's deadline came first; it names what was still waiting.
        LoopRunning: Called on a running event loop, which it would block.
        NotPicklable: An item, a result or an exception cannot go between processes.
        TypeError: `function` is an async function, or none that a child could find; or `items` cannot be iterated.
        ValueError: A keyword is out of range.
    """
    options = _options(max_concurrency, timeout, limiter, retry)
    chunks = _chunks(chunk_size, items, options)
    return fan_out("processes.map", function, items, options, start_method=start_method, chunks=chunks).values()


def gather(
    *calls: Callable[[], Any],
    max_concurrency: int | None = None,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
    start_method: str = FORK,
) -> list[Any]:
    """Make different calls in child processes; give their results in the order of the calls.

    Args:
        calls: Functions without arguments that can be pickled: `functools.partial(resize, photo)`, no lambdas.
        max_concurrency: The most calls under way at once; None: one for each core that the memory size buys.
        timeout: Seconds that each call may take; one that takes longer is ended.
        limiter: What every call has to pass.
        retry: How a failed call is made again.
        start_method: `fork` or `spawn`.

    Raises:
        Exception: As `map` does.
    """
    options = _options(max_concurrency, timeout, limiter, retry)
    for each in calls:
        check_blocking(each, "processes.gather")
        _pack_function(_innermost(each), "processes.gather", start_method)
    return fan_out("processes.gather", call, calls, options, start_method=start_method).values()


def settle(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    completion: Completion | None = None,
    max_concurrency: int | None = None,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
    chunk_size: int | None = None,
    start_method: str = FORK,
) -> Outcomes[Item, Result]:
    """Call a function with every item in child processes; say of each what became of it, and raise nothing.

    A call over its timeout, and one whose child dies, has failed; the others are not affected.

    Args:
        function: A function of one item that a module defines at its top level.
        items: May be lazy; no more than `max_concurrency` chunks of them are drawn and unfinished at once.
        completion: When it is complete before all is done; None: never, however many fail. What is under way then is
            ended.
        max_concurrency: The most calls under way at once; None: one for each core that the memory size buys.
        timeout: Seconds that each call may take.
        limiter: What every call has to pass.
        retry: How a failed call is made again.
        chunk_size: How many items go to a child at once, as for `map`.
        start_method: `fork` or `spawn`.

    Returns:
        Every item as succeeded, failed or unfinished; at the invocation's deadline too.

    Raises:
        SettleFailed: The input raised; it carries the outcomes until then.
        LoopRunning: Called on a running event loop, which it would block.
        TypeError: `function` is an async function, or none that a child could find; or `items` cannot be iterated.
        ValueError: A keyword is out of range, or `completion` asks for more than there are items.
    """
    options = _options(max_concurrency, timeout, limiter, retry)
    check_completion(completion, known_length(items))
    chunks = _chunks(chunk_size, items, options)
    settled = fan_out("processes.settle", function, items, options, start_method=start_method, chunks=chunks)
    return settled.outcomes(Settling(completion, known_length(items)))


def as_completed(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int | None = None,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
    start_method: str = FORK,
) -> Iterator[Outcome[Item, Result]]:
    """Call a function with every item in child processes; give the outcome of each as it comes.

    The calls begin when the first outcome is asked for. No more than `max_concurrency` items are held at any time, the
    one that the consumer looks at included, so `items` may be endless. A consumer that stops early ends it, and the
    calls under way.

    Args:
        function: A function of one item that a module defines at its top level.
        items: May be lazy, and endless.
        max_concurrency: The most calls under way at once; None: one for each core that the memory size buys.
        timeout: Seconds that each call may take.
        limiter: What every call has to pass.
        retry: How a failed call is made again.
        start_method: `fork` or `spawn`.

    Raises:
        DeadlineExceeded: The deadline came first, once what it cut off has been given as unfinished.
        Exception: Whatever the input raises; and as `map` does for bad arguments.
    """
    options = _options(max_concurrency, timeout, limiter, retry)
    return fan_out("processes.as_completed", function, items, options, start_method=start_method).stream()


def _options(
    max_concurrency: int | None, timeout: float | None, limiter: Limiter | None, retry: Retry | None
) -> CallOptions:
    if max_concurrency is None:
        max_concurrency = default_width()
    return CallOptions(max_concurrency, timeout, limiter, retry)


def _chunks(size: int | None, items: object, options: CallOptions) -> Chunks | None:
    """How the items are put together; None: one by one."""
    if size is not None:
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"chunk_size must be a whole number or None, got {size!r}")
        if size < 1:
            raise ValueError(f"chunk_size must be at least 1, got {size}")
    known = known_length(items)
    singly = options.timeout is not None or options.limiter is not None or options.retry is not None
    if singly and size is not None and size > 1:
        raise ValueError(f"chunk_size is {size}, and timeout, limiter and retry are for single calls: leave it out")
    if singly or size == 1 or (size is None and known is None):
        return None
    return Chunks(size, known, options.max_concurrency)


def fan_out(
    verb: str,
    function: Callable[..., object],
    items: Iterable[Any],
    options: CallOptions,
    *,
    start_method: str = FORK,
    chunks: Chunks | None = None,
) -> ProcessFanOut:
    """One use of a verb on child processes, its arguments checked; for those who settle it in a way of their own."""
    check_blocking(function, verb)
    iterator = check_items(items)
    if start_method not in START_METHODS:
        raise ValueError(f'start_method must be "fork" or "spawn", got {start_method!r}')
    packed = _pack_function(function, verb, start_method)
    try:
        refuse_running_loop(verb)
    except LoopRunning:
        raise LoopRunning(
            f"{verb} was called on the event loop, and would block it: use `await meantime.in_thread({verb})(...)`"
        ) from None
    return ProcessFanOut(
        verb,
        function,
        iterator,
        known_length(items),
        options,
        packed=packed,
        pool=pool_of(current_environment()),
        start_method=start_method,
        chunks=chunks,
    )


def _pack_function(function: Callable[..., object], verb: str, start_method: str) -> Any:
    """The function as it goes to a child; TypeError if none would find it there."""
    if not hasattr(os, "fork"):
        raise RuntimeError(f"{verb} needs a system that can fork, as Lambda's can: use threads here")
    name = name_of(function)
    try:
        packed = pack(function)
    except Exception as error:
        raise TypeError(
            f"{name} cannot be sent to a child process ({brief(error)}): {verb} takes functions that a module defines "
            "at its top level, no lambdas and no functions within functions; give further arguments with "
            "functools.partial"
        ) from error
    if start_method == SPAWN and getattr(_innermost(function), "__module__", "") == "__main__":
        raise TypeError(
            f"{name} is defined in the program itself, which a spawned child does not run: put it into a module that "
            'both can import, or use start_method="fork"'
        )
    return packed


def _innermost(function: Any) -> Any:
    while isinstance(function, partial):
        function = function.func
    return function
