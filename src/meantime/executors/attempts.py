"""What a worker gives its items to: the verb's function, behind the limiter and within the retry that were asked for.

A timeout is for the call itself: waiting for the limiter does not count, and with a retry every attempt has it anew.
"""

from __future__ import annotations

from meantime import clock
from meantime.callables import is_coroutine
from meantime.executors.underway import call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from meantime.executors.arguments import CallOptions
    from meantime.executors.underway import Worker


def await_call(each: Any) -> Any:
    """What `tasks.gather` maps over its calls: coroutines, or functions that give something to await."""
    return each if hasattr(each, "__await__") else each()


def blocking_attempts(
    function: Callable[[Any], Any], options: CallOptions, worker: Worker, is_stopped: Callable[[], bool]
) -> Callable[[Any], Any]:
    """What this worker gives its items to, for a blocking function.

    Args:
        function: The verb's; `call` for `gather`, whose every call has its own place in the retry's statistics.
        options: Of the verb.
        worker: Is told when a call waits for the limiter, and when it has been let through.
        is_stopped: Whether a further attempt would be in vain.
    """
    limiter, retry, timeout = options.limiter, options.retry, options.timeout
    if retry is not None:
        if function is call:
            return lambda each: retry.retried(each, timeout, limiter=limiter, is_stopped=is_stopped)()
        return retry.retried(function, timeout, limiter=limiter, is_stopped=is_stopped)
    if limiter is None:
        return function

    def let_through(item: object) -> Any:
        worker.started = clock.monotonic()
        worker.waits_for = None
        return function(item)

    limited = limiter.limited(let_through, is_stopped)

    def wait_and_call(item: object) -> Any:
        worker.waits_for = limiter  # and still does, where the call was not let through
        return limited(item)

    return wait_and_call


def async_attempts(
    function: Callable[[Any], Any],
    options: CallOptions,
    worker: Worker,
    in_time: Callable[[Callable[[Any], Any], Any], Awaitable[Any]],
) -> Callable[[Any], Any]:
    """What this worker gives its items to, for a function whose call gives an awaitable.

    Args:
        function: The verb's; `await_call` for `gather`.
        options: Of the verb.
        worker: Is told when a call waits for the limiter, and when it has been let through.
        in_time: Makes a call of a function with an item, and ends it at the verb's timeout.
    """
    limiter, retry, timeout = options.limiter, options.retry, options.timeout
    if retry is not None:
        if function is await_call:
            return lambda each: retry.retried_async(each, timeout, limiter=limiter)()
        return retry.retried_async(function, timeout, limiter=limiter)
    if limiter is None:
        return function

    async def let_through(item: object) -> Any:
        worker.started = clock.monotonic()
        worker.waits_for = None
        return await in_time(function, item)

    limited = limiter.limited_async(let_through)

    async def wait_and_call(item: object) -> Any:
        worker.waits_for = limiter  # and still does, where the call was not let through
        try:
            return await limited(item)
        finally:
            if is_coroutine(item):  # of a gather: it was not let through
                item.close()

    return wait_and_call
