"""What a policy calls for an attempt: the function itself, or that behind a limiter, in its time, or in a race."""

from __future__ import annotations

from meantime.retry.admission import Admission

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, ParamSpec, TypeVar

    from meantime.limiter import Limiter
    from meantime.retry.durations import Durations
    from meantime.retry.hedging import Hedging

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")


def blocking_attempts(
    function: Callable[Parameters, Result],
    timeout: float | None,
    limiter: Limiter | None,
    hedging: Hedging | None,
    durations: Durations,
    *,
    is_stopped: Callable[[], bool] | None = None,
) -> tuple[Callable[Parameters, Result], Callable[Parameters, Result]]:
    """For the first attempt, and for every further one: on threads only where they must be.

    Args:
        function: A blocking function.
        timeout: Seconds for each attempt, or None.
        limiter: What every attempt has to pass. Only of hedged attempts is the wait for it part of their time.
        hedging: When the first attempt gets a second one beside it, if it may.
        durations: What is known of the function.
        is_stopped: Tells whether the work was stopped that the calls belong to: then they stop waiting for the limiter.
    """
    admission = None if limiter is None else Admission(limiter, is_stopped)
    through: Callable[..., Any] = _as_it_is if admission is None else admission.limited
    if timeout is None and hedging is None:
        return through(function), through(function)
    from meantime.retry.thread_race import hedged_on_threads, timed_on_thread  # noqa: PLC0415  # rarely used

    further = through(function) if timeout is None else timed_on_thread(function, timeout, admission)
    if hedging is None:
        return further, further
    return hedged_on_threads(function, timeout, hedging, durations, admission), further


def async_attempts(
    function: Callable[Parameters, Awaitable[Result]],
    timeout: float | None,
    limiter: Limiter | None,
    hedging: Hedging | None,
    durations: Durations,
) -> tuple[Callable[Parameters, Awaitable[Result]], Callable[Parameters, Awaitable[Result]]]:
    """The same of an async function: on tasks of their own only where they must be."""
    through: Callable[..., Any] = _as_it_is if limiter is None else limiter.limited_async
    if timeout is None and hedging is None:
        return through(function), through(function)
    from meantime.retry.task_race import hedged_on_tasks, timed  # noqa: PLC0415  # rarely used

    further = through(function if timeout is None else timed(function, timeout))
    if hedging is None:
        return further, further
    return hedged_on_tasks(through(function), timeout, hedging, durations), further


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function
