"""One invocation, from event to answer: the decorator that makes a function a correct Lambda handler."""

from __future__ import annotations

import sys
from functools import wraps

from meantime import alarm
from meantime.callables import is_async, name_of
from meantime.deadline import Deadline, current_deadline, deadline_of, deadline_variable
from meantime.environment import current_environment
from meantime.errors import DeadlineExceeded, LoopRunning, MeantimeError, WorkLeftOver
from meantime.leftovers import CUT_OFF_AT, THREADS_CUT_OFF_AT, in_words, own_of, take_over, take_stock, watch
from meantime.options import Options, check_function
from meantime.segments import SDK, let_travel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Protocol, overload

    from meantime.blocking import Blocking
    from meantime.environment import Environment
    from meantime.errors import Leftover
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

# The shares of the reserve by which calls that `on_deadline` makes are cut off, and by which it must have answered: in
# between it makes its answer of what its verbs say.
CALLS_END_BY = 0.6
ANSWER_BY = 0.75

# What these have at the least: where the loop had to be given up, three quarters of the reserve are over by then.
LEAST_FOR_CALLS = 0.1
LEAST_TO_ANSWER = 0.125

_CLOCK_GRAIN = 0.002  # uvloop counts whole milliseconds, and may be early


@overload
def handler(function: Callable[[Any, Any], Any]) -> Handler: ...
@overload
def handler(
    *,
    reserve: float = ...,
    on_deadline: OnDeadline | None = ...,
    leftovers: Literal["end", "wait", "fail"] = ...,
    blocked_after: float | None = ...,
    metrics: bool | str | None = ...,
) -> Callable[[Callable[[Any, Any], Any]], Handler]: ...


def handler(
    function: Callable[[Any, Any], Any] | None = None,
    *,
    reserve: float = DEFAULT_RESERVE,
    on_deadline: OnDeadline | None = None,
    leftovers: str = "end",
    blocked_after: float | None = None,
    metrics: bool | str | None = None,
) -> Any:
    """Make an `async def` (or a `def`) of event and context a correct Lambda handler.

    An async function runs on the one event loop of this execution environment, which stays for the next invocation. At
    the deadline, which is the invocation's remaining time less `reserve`, its tasks are cancelled and the invocation
    ends with DeadlineExceeded, which names what was still waiting; the environment lives on.

    Args:
        function: The function of event and context; it stays reachable as `main`, for tests and for other async code.
        reserve: Seconds kept for answering and cleaning up; at most half of the time there is.
        on_deadline: A blocking function of (event, context, error) that gives the answer when the deadline has passed
            or comes before a limiter's turn, for which it has three quarters of the reserve, and what it calls six
            tenths; without it the error is raised, and Lambda counts the invocation as failed.
        leftovers: What becomes of work that is still under way at the answer. `end`: it is ended, and what cannot be is
            waited for within the reserve. `wait`: it may first go on until the deadline. `fail`: as `end`, and the
            invocation fails with WorkLeftOver. What was ended or still runs is reported in each case.
        blocked_after: Log what blocks the event loop for longer than this many seconds, with the stack of the moment.
            None: what the environment variable MEANTIME_BLOCKED_AFTER says, else nothing is watched.
        metrics: Print one line of metrics for each invocation, in CloudWatch's embedded metric format; a text is their
            namespace. None: what the environment variable MEANTIME_METRICS says, else nothing is printed.

    Returns:
        A plain function of event and context. It raises LoopRunning when called on a running loop: await its `main`
        there.

    Raises:
        TypeError: `function` is not a function of a kind that can answer, or an option is of the wrong type.
        ValueError: An option is out of range.
    """
    options = Options(reserve, on_deadline, leftovers, blocked_after, metrics)
    if function is None:
        return lambda decorated: _handler(decorated, options)
    return _handler(function, options)


def _handler(function: Callable[[Any, Any], Any], options: Options) -> Handler:
    check_function(function)
    watch.install()
    let_travel()
    invoker = _Invoker(function, options)

    @wraps(function)
    def lambda_handler(event: Any, context: Any) -> Any:
        if invoker.is_async:
            _refuse_running_loop(function)
        environment = current_environment()
        deadline = deadline_of(context, invoker.reserve)
        if not environment.busy.acquire(blocking=False):
            return _run_nested(function, event, context)
        try:
            return invoker.invoke(event, context, environment, deadline)
        except Exception as error:
            _log_notes(error)
            raise

    lambda_handler.main = function  # type: ignore[attr-defined]  # the Handler protocol has it
    return lambda_handler  # type: ignore[return-value]  # now it is one


class _Invoker:
    """A function, and what its handler was told."""

    __slots__ = ("_function", "_metrics", "_on_deadline", "_policy", "_stalls", "_supervise", "is_async", "reserve")

    def __init__(self, function: Callable[[Any, Any], Any], options: Options) -> None:
        self._function = function
        self._on_deadline: OnDeadline | None = options.on_deadline
        self._policy = options.leftovers
        self._stalls = options.stall_watch(function)
        self._metrics = options.metric_line(watches=self._stalls is not None)
        self.reserve = options.reserve
        self.is_async = is_async(function)
        self._supervise: type[Supervision | Blocking]
        if self.is_async:
            from meantime.supervision import Supervision  # noqa: PLC0415  # blocking ones pay for no asyncio

            self._supervise = Supervision
        else:
            from meantime.blocking import Blocking  # noqa: PLC0415  # and async ones for nothing of theirs

            self._supervise = Blocking

    def invoke(self, event: Any, context: Any, environment: Environment, deadline: Deadline) -> Any:
        """One invocation; `environment` is marked as busy, and is free again at its end."""
        environment.counted.invocations += 1
        if watch.watched:
            watch.forget()  # what was started before, at import, is meant to stay
        if SDK in sys.modules:
            let_travel()
        token = deadline_variable.set(deadline)
        tally = None if self._metrics is None else self._metrics.begin(environment, deadline)
        left: list[Leftover] = []
        exceeded = False
        threads_by = THREADS_CUT_OFF_AT
        try:
            invocation = self._supervise(environment, deadline, self._stalls)
            try:
                answer = invocation.run(self._function, event, context)
            except DeadlineExceeded as error:
                exceeded = error.foreseen or deadline.remaining() <= _CLOCK_GRAIN
                if self._on_deadline is None or not exceeded:
                    raise
                calls_end = _end_of_calls(deadline)
                try:
                    return _answer_at_deadline(self._on_deadline, event, context, error, calls_end)
                finally:
                    if take_over(calls_end, deadline):
                        threads_by = CUT_OFF_AT
            finally:
                exceeded = exceeded or deadline.remaining() <= _CLOCK_GRAIN
                invocation.finish(self._policy, left, threads_by)
            if left and self._policy == "fail":
                self._fail(left, answer)
            return answer
        finally:
            if exceeded:
                environment.counted.deadlines_exceeded += 1
            if left:
                take_stock(left, environment, self._policy)
            if tally is not None:
                tally.print(context)
            deadline_variable.reset(token)
            deadline.end()
            environment.busy.release()

    def _fail(self, left: list[Leftover], answer: object) -> None:
        if own := own_of(left):
            raise WorkLeftOver(
                f"{name_of(self._function)} had its answer and left work under way, {in_words(own)}. Await it before "
                "returning.",
                own,
                answer,
            )


def _end_of_calls(deadline: Deadline) -> Deadline:
    """The deadline of what `on_deadline` calls; its reserve is what is then left to answer."""
    left, reserve = deadline.remaining(), deadline.reserve
    calls = max(left + CALLS_END_BY * reserve, LEAST_FOR_CALLS * reserve)
    answer = max(left + ANSWER_BY * reserve, LEAST_TO_ANSWER * reserve)
    return Deadline(calls, answer - calls)


def _answer_at_deadline(
    on_deadline: OnDeadline, event: Any, context: Any, error: DeadlineExceeded, calls_end: Deadline
) -> Any:
    """What `on_deadline` answers, or the error itself if that takes too long; the error is logged if it fails."""
    token = deadline_variable.set(calls_end)
    try:
        try:
            alarm.arm(calls_end.remaining() + calls_end.reserve, 0.0)
            return on_deadline(event, context, error)
        finally:
            alarm.disarm()
            deadline_variable.reset(token)
    except alarm.Interrupted:
        alarm.disarm()
        raise error from None
    except Exception as failure:
        if failure is error:  # it has chosen to give none
            raise
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        getLogger("meantime").error("%s failed to answer for: %s", name_of(on_deadline), error)  # noqa: TRY400  # Lambda logs the failure
        raise


def _log_notes(error: Exception) -> None:
    """Log what Meantime has noted on this error: Lambda's runtime client prints no notes (PEP 678)."""
    notes = getattr(error, "__notes__", None)
    if not isinstance(notes, list):
        return
    ours = [" ".join(each.split()) for each in notes if isinstance(each, str) and each.startswith("Meantime: ")]
    if ours:
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        getLogger("meantime").warning("%s: %s", type(error).__name__, "; ".join(ours))


def _run_nested(function: Callable[[Any, Any], Any], event: Any, context: Any) -> Any:
    """One handler calls another: that is one invocation, with one deadline."""
    if current_deadline() is None:
        raise MeantimeError(
            f"{_called(function)} was invoked while another invocation is under way in this process; Lambda never does "
            "that: in tests, invoke one after another"
        )
    if is_async(function):
        raise LoopRunning(
            f"{_called(function)} was called within another handler: make that one an `async def`, and there "
            f"`await {_awaitable(function)}(event, context)`"
        )
    return function(event, context)


def _refuse_running_loop(function: Callable[..., Any]) -> None:
    asyncio = sys.modules.get("asyncio")  # where it is not loaded, no loop runs
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name: get_running_loop raises
        raise LoopRunning(
            f"{_called(function)} was called on a running event loop: there, "
            f"`await {_awaitable(function)}(event, context)`"
        )


def _called(function: Callable[..., Any]) -> str:
    """Its name for users: the `main` of an object that is the handler itself, as an ASGIAdapter, goes by that one's."""
    owner = _handler_that_has(function)
    return name_of(function) if owner is None else type(owner).__name__


def _awaitable(function: Callable[..., Any]) -> str:
    """What other async code awaits instead; an object has the name that the user has given it, most often this one."""
    return "handler.main" if _handler_that_has(function) is not None else f"{name_of(function)}.main"


def _handler_that_has(function: Callable[..., Any]) -> object:
    owner = getattr(function, "__self__", None)
    return owner if callable(owner) and getattr(owner, "main", None) == function else None
