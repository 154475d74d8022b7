"""One invocation, from event to answer: the decorator that makes a function a correct Lambda handler."""

from __future__ import annotations

import sys
from functools import wraps
from math import isfinite

from meantime import alarm
from meantime.callables import is_async, is_async_generator, is_coroutine, is_generator, name_of
from meantime.deadline import current_deadline, deadline_of, deadline_variable
from meantime.environment import current_environment
from meantime.errors import NO_ANSWER, DeadlineExceeded, InvocationCancelled, LoopRunning, MeantimeError, Waiting
from meantime.executors.underway import registry
from meantime.leftovers import finish_threads, watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, overload

    from meantime.deadline import Deadline
    from meantime.environment import Environment
    from meantime.supervision import Supervision

    class Handler(Protocol):
        """What Lambda sees: a plain function of event and context."""

        __wrapped__: Callable[..., Any]
        main: Callable[..., Any]

        def __call__(self, event: Any, context: Any) -> Any:
            """Run one invocation."""
            ...

    OnDeadline = Callable[[Any, Any, DeadlineExceeded], Any]
else:

    def overload(function):  # noqa: ANN001, ANN201  # for type checkers only
        return function


# Enough to answer at 128 MB, where a millisecond of CPU takes fourteen: 128/1769 of a core.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
DEFAULT_RESERVE = 0.5

# The share of the reserve by which `on_deadline` must have answered.
ANSWER_BY = 0.75

_CLOCK_GRAIN = 0.002  # uvloop counts whole milliseconds, and may be early


@overload
def handler(function: Callable[[Any, Any], Any]) -> Handler: ...
@overload
def handler(
    *, reserve: float = ..., on_deadline: OnDeadline | None = ...
) -> Callable[[Callable[[Any, Any], Any]], Handler]: ...


def handler(
    function: Callable[[Any, Any], Any] | None = None,
    *,
    reserve: float = DEFAULT_RESERVE,
    on_deadline: OnDeadline | None = None,
) -> Any:
    """Make an `async def` (or a `def`) of event and context a correct Lambda handler.

    An async function runs on the one event loop of this execution environment, which stays for the next invocation. At
    the deadline, which is the invocation's remaining time less `reserve`, its tasks are cancelled and the invocation
    ends with DeadlineExceeded, which names what was still waiting; the environment lives on. What is still under way at
    the answer is ended, or reported.

    Args:
        function: The function of event and context; it stays reachable as `main`, for tests and for other async code.
        reserve: Seconds kept for answering and cleaning up; at most half of the time there is.
        on_deadline: A blocking function of (event, context, error) that gives the answer when the deadline has passed,
            for which it has three quarters of the reserve;
            without it the error is raised, and Lambda counts the invocation as failed.

    Returns:
        A plain function of event and context. It raises LoopRunning when called on a running loop: await its `main`
        there.

    Raises:
        TypeError: `function` is not a function of a kind that can answer.
        ValueError: `reserve` is negative or no finite number.
    """
    if function is None:
        return lambda decorated: _handler(decorated, reserve, on_deadline)
    return _handler(function, reserve, on_deadline)


def _handler(function: Callable[[Any, Any], Any], reserve: float, on_deadline: OnDeadline | None) -> Handler:
    _check(function, reserve, on_deadline)
    watch.install()
    asynchronous = is_async(function)
    supervise: type[Supervision | _Blocking] = _Blocking
    if asynchronous:
        from meantime.supervision import Supervision as supervise  # noqa: N813, PLC0415  # blocking ones pay for no asyncio

    @wraps(function)
    def lambda_handler(event: Any, context: Any) -> Any:
        if asynchronous:
            _refuse_running_loop(function)
        environment = current_environment()
        deadline = deadline_of(context, reserve)
        outer = current_deadline()
        if not environment.busy.acquire(blocking=False):
            if outer is None:
                raise MeantimeError(
                    f"{name_of(function)} was invoked while another invocation is under way in this process; Lambda "
                    "never does that: in tests, invoke one after another"
                )
            return _run_nested(function, event, context)  # one handler calls another: one invocation, one deadline
        environment.counted.invocations += 1
        if watch.watched:
            watch.forget()  # what was started before, at import, is meant to stay
        token = deadline_variable.set(deadline)
        try:
            invocation = supervise(environment, deadline)
            try:
                return invocation.run(function, event, context)
            except DeadlineExceeded as error:
                if on_deadline is None or deadline.remaining() > _CLOCK_GRAIN:
                    raise
                return _answer_at_deadline(on_deadline, event, context, error, deadline)
            finally:
                invocation.finish()
        finally:
            if deadline.remaining() <= _CLOCK_GRAIN:
                environment.counted.deadlines_exceeded += 1
            deadline_variable.reset(token)
            environment.busy.release()

    lambda_handler.main = function  # type: ignore[attr-defined]  # the Handler protocol has it
    return lambda_handler  # type: ignore[return-value]  # now it is one


def _answer_at_deadline(
    on_deadline: OnDeadline, event: Any, context: Any, error: DeadlineExceeded, deadline: Deadline
) -> Any:
    """What `on_deadline` answers, or the error itself if that takes too long; the error is logged if it fails."""
    try:
        try:
            alarm.arm(deadline.remaining() + ANSWER_BY * deadline.reserve, 0.0, lambda: True)
            return on_deadline(event, context, error)
        finally:
            alarm.disarm()
    except alarm.Interrupted:
        alarm.disarm()
        raise error from None
    except Exception:
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        getLogger("meantime").error("%s failed to answer for: %s", name_of(on_deadline), error)  # noqa: TRY400  # Lambda logs the failure
        raise


class _Blocking:
    """One invocation of a blocking handler, with the same two steps as an async one's supervision."""

    __slots__ = ("_deadline", "_environment")

    def __init__(self, environment: Environment, deadline: Deadline) -> None:
        self._environment = environment
        self._deadline = deadline

    def run(self, function: Callable[[Any, Any], Any], event: Any, context: Any) -> Any:
        deadline = self._deadline
        if deadline.remaining() <= 0:
            raise DeadlineExceeded(NO_ANSWER)
        half = deadline.reserve / 2
        interrupted: alarm.Interrupted | None = None
        try:
            try:
                alarm.arm(deadline.remaining() + half, half / 2, lambda: True)
                answer = function(event, context)
            finally:
                interrupted = alarm.disarm()
        except BaseException as error:
            interrupted = interrupted or alarm.disarm() or (error if isinstance(error, alarm.Interrupted) else None)
            if interrupted is not None:
                blocked = Waiting(f"blocking code in {interrupted.function}", None, None, interrupted.place)
                exceeded = DeadlineExceeded(NO_ANSWER, [blocked, *registry.waiting(deadline)])
                raise exceeded.with_traceback(interrupted.__traceback__) from None
            if _is_cancelled_error(error):  # the runtime client catches Exception only
                raise InvocationCancelled("the handler ended with CancelledError, raised by its own code") from error
            raise
        if is_coroutine(answer):
            answer.close()
            raise TypeError(
                f"{name_of(function)} is a blocking function that returned a coroutine, which nobody would await: make "
                "it an `async def` that awaits it"
            )
        return answer

    def finish(self) -> None:
        _finish_tasks(self._deadline, self._environment)
        finish_threads(self._deadline, self._environment)


def _finish_tasks(deadline: Deadline, environment: Environment) -> None:
    """A blocking handler may run the loop itself, and leave tasks on it."""
    asyncio = sys.modules.get("asyncio")  # where it is not loaded, there are no tasks
    if asyncio is None or asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name
        return
    from meantime.loop import any_task_is_pending, kept_loop_of  # noqa: PLC0415  # asyncio is loaded already
    from meantime.supervision import clean_up  # noqa: PLC0415  # likewise

    if any_task_is_pending():
        kept_loop = kept_loop_of(environment)
        kept_loop.ready()
        if kept_loop.leftover_tasks():
            clean_up(kept_loop, deadline, environment)


def _is_cancelled_error(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _run_nested(function: Callable[[Any, Any], Any], event: Any, context: Any) -> Any:
    if is_async(function):
        raise LoopRunning(
            f"{name_of(function)} was called within another handler: make that one an `async def`, and there "
            f"`await {name_of(function)}.main(event, context)`"
        )
    return function(event, context)


def _refuse_running_loop(function: Callable[..., Any]) -> None:
    asyncio = sys.modules.get("asyncio")  # where it is not loaded, no loop runs
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name: get_running_loop raises
        name = name_of(function)
        raise LoopRunning(f"{name} was called on a running event loop: there, `await {name}.main(event, context)`")


def _check(function: Any, reserve: float, on_deadline: Any) -> None:
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"handler takes a function of (event, context), got {function!r:.80}")
    if is_generator(function) or is_async_generator(function):
        raise TypeError(
            f"{name_of(function)} yields, and Lambda's Python runtime cannot stream answers: return the answer instead"
        )
    if isinstance(reserve, bool) or not isinstance(reserve, (int, float)):
        raise TypeError(f"reserve must be a number of seconds, got {reserve!r}")
    if not isfinite(reserve) or reserve < 0:
        raise ValueError(f"reserve must be 0 or more seconds, got {reserve}")
    if on_deadline is not None and (not callable(on_deadline) or is_async(on_deadline)):
        raise TypeError(
            "on_deadline must be a blocking function of (event, context, error): at the deadline there is no time to "
            "await"
        )
