"""One blocking invocation: from its event to its answer, its failure, or its deadline; asyncio is not loaded for it."""

from __future__ import annotations

import sys

from meantime import alarm
from meantime.callables import is_async, is_coroutine, name_of
from meantime.errors import NO_ANSWER, DeadlineExceeded, InvocationCancelled, Leftover, Waiting
from meantime.executors.underway import registry
from meantime.leftovers import THREADS_CUT_OFF_AT, finish_threads, wait_for_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.deadline import Deadline
    from meantime.environment import Environment


class Blocking:
    """Runs `function(event, context)`, and interrupts it before the reserve is used up."""

    __slots__ = ("_deadline", "_environment")

    def __init__(self, environment: Environment, deadline: Deadline, _: object = None) -> None:
        self._environment = environment
        self._deadline = deadline

    def run(self, function: Callable[[Any, Any], Any], event: Any, context: Any) -> Any:
        """The answer of `function`.

        Raises:
            DeadlineExceeded: The deadline passed first.
            InvocationCancelled: `function` ended with CancelledError.
            Exception: Whatever `function` raises.
        """
        deadline = self._deadline
        if deadline.remaining() <= 0:
            raise DeadlineExceeded(NO_ANSWER)
        half = deadline.reserve / 2
        interrupted: alarm.Interrupted | None = None
        try:
            try:
                alarm.arm(deadline.remaining() + half, half / 2)
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
            raise TypeError(_returned_a_coroutine(function))
        return answer

    def finish(self, policy: str, left: list[Leftover], threads_by: float = THREADS_CUT_OFF_AT) -> None:
        """End what is left over, or wait for it first; to be called once there is an answer.

        Args:
            policy: One of `leftovers.POLICIES`.
            left: Gets what had to be cut off.
            threads_by: The share of the reserve by which threads are given up.
        """
        deadline = self._deadline
        waits = policy == "wait" and deadline.remaining() > 0
        _finish_tasks(deadline, self._environment, left, waits=waits)
        if waits:
            wait_for_threads(deadline)
        finish_threads(deadline, left, threads_by)


def _finish_tasks(deadline: Deadline, environment: Environment, left: list[Leftover], *, waits: bool) -> None:
    """A blocking handler may run the loop itself, and leave tasks on it."""
    asyncio = sys.modules.get("asyncio")  # where it is not loaded, there are no tasks
    if asyncio is None or asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name
        return
    from meantime.loop import any_task_is_pending, kept_loop_of  # noqa: PLC0415  # asyncio is loaded already
    from meantime.supervision import clean_up, wait_for_leftovers  # noqa: PLC0415  # likewise

    if any_task_is_pending():
        kept_loop = kept_loop_of(environment)
        kept_loop.ready()
        if kept_loop.leftover_tasks():
            trusted = not waits or wait_for_leftovers(kept_loop, deadline, left)
            clean_up(kept_loop, deadline, left, trusted=trusted)


def _returned_a_coroutine(function: Callable[..., object]) -> str:
    name, wrapped = name_of(function), getattr(function, "__wrapped__", None)
    if wrapped is not None and is_async(wrapped):
        return (
            f"{name} is an async function under a decorator that does not await it: put that decorator above "
            "meantime.handler, where it has a plain function of (event, context)"
        )
    return (
        f"{name} is a blocking function that returned a coroutine, which nobody would await: make it an `async def` "
        "that awaits it"
    )


def _is_cancelled_error(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and isinstance(error, asyncio.CancelledError)
