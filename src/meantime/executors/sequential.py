"""The same verbs one call after another, on the caller's own thread: the simplest thing, and the measure of all others.

A blocking call cannot be stopped from its own thread: `timeout` and the deadline take effect when it returns.
"""

from __future__ import annotations

from contextvars import copy_context

from meantime import clock
from meantime.callables import is_coroutine
from meantime.executors.arguments import (
    DEFAULT_MAX_CONCURRENCY,
    check_blocking,
    check_items,
    check_limits,
    check_result,
)
from meantime.executors.underway import NOTHING, FanOut, Worker, call, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
) -> list[Result]:
    """Call a blocking function with one item after another; give the results in order.

    Args:
        function: A blocking function of one item.
        items: May be lazy; drawn one at a time.
        max_concurrency: Checked, and otherwise without effect: there is never more than one call.
        timeout: Seconds that each call may take, noticed when it returns.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        DeadlineExceeded: The invocation's deadline has passed; nothing further is begun.
        TypeError: `function` is an async function, or `items` cannot be iterated.
        ValueError: `max_concurrency` or `timeout` is out of range.
    """
    check_limits(max_concurrency, timeout)
    check_blocking(function, "sequential.map")
    return _run(FanOut("sequential.map", function, timeout), check_items(items))


def gather(
    *calls: Callable[[], Any], max_concurrency: int = DEFAULT_MAX_CONCURRENCY, timeout: float | None = None
) -> list[Any]:
    """Make different blocking calls one after another; give their results in order.

    Args:
        calls: Functions without arguments.
        max_concurrency: Checked, and otherwise without effect.
        timeout: Seconds that each call may take, noticed when it returns.

    Raises:
        Exception: As `map` does.
    """
    check_limits(max_concurrency, timeout)
    for each in calls:
        check_blocking(each, "sequential.gather")
    return _run(FanOut("sequential.gather", call, timeout), iter(calls))


def _run(fan_out: FanOut, items: Iterator[object]) -> list[Any]:
    last_start = fan_out.last_start
    function, context, values = fan_out.function, copy_context(), []
    worker = Worker()
    fan_out.workers.append(worker)
    registry.add(fan_out)
    try:
        if clock.monotonic() >= last_start:
            raise fan_out.deadline_exceeded([])
        for item in items:
            worker.started = clock.monotonic()
            if worker.started >= last_start:
                raise fan_out.deadline_exceeded([])
            if (
                fan_out.failure is not None
            ):  # the invocation ended meanwhile: this runs on a thread that was left behind
                raise fan_out.failure
            worker.item = item
            value = context.copy().run(function, item)
            worker.item = NOTHING
            if is_coroutine(value):
                check_result(item if function is call else function, value)  # type: ignore[arg-type]  # gather's items are functions
            if fan_out.timeout is not None and clock.monotonic() - worker.started > fan_out.timeout:
                raise fan_out.call_timeout(item)
            values.append(value)
    finally:
        registry.discard(fan_out)
    return values
