"""One async invocation on the kept loop: from its event to its answer, its failure, or its deadline."""

from __future__ import annotations

import asyncio
from types import coroutine

from meantime import alarm, clock
from meantime.callables import is_coroutine, name_of
from meantime.errors import NO_ANSWER, DeadlineExceeded, InvocationCancelled, Leftover, MeantimeError, Waiting
from meantime.executors.underway import INNER_FIRST, registry
from meantime.leftovers import (
    CUT_OFF_AT,
    GIVEN_UP,
    THREADS_CUT_OFF_AT,
    cut_off,
    finish_threads,
    tell_given_up,
    threads_at_work,
)
from meantime.loop import KeptLoop, hear, kept_loop_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from types import FrameType
    from typing import Any

    from meantime.deadline import Deadline
    from meantime.environment import Environment
    from meantime.stalls import StallWatch

# The share of the reserve after which verbs have told their callers: later than they wait for the verbs within them.
CANCEL_REST_AT = INNER_FIRST + 0.05

# The share of the reserve after which those who were told by DeadlineExceeded have had their time to answer.
CANCEL_ALL_AT = 0.5

# The most turns that the loop may take before `main` begins, as long as something happens in them. That a connection is
# closed takes several: what the peer said last, its end, and telling the client; with TLS, and its own farewell, more.
_TURNS = 5

# One turn of asyncio's own loop, and one callback within it. Of uvloop's there is nothing to be seen.
_TURN = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]  # noqa: SLF001  # nobody else says where it stands
_CALLBACK = asyncio.Handle._run.__code__  # noqa: SLF001  # likewise

_LOOK_EVERY = 0.01  # seconds between two looks at the threads: nobody tells the loop when one has finished


def wait_for_leftovers(kept_loop: KeptLoop, deadline: Deadline, left: list[Leftover]) -> bool:
    """Let the tasks and threads that are left finish, until the deadline; whether the loop came back by itself.

    Args:
        kept_loop: The loop, which does not run.
        deadline: Of the invocation that has its answer.
        left: Gets what broke the loop off.
    """
    loop = kept_loop.ready()
    heard: set[asyncio.Task[Any]] = set()
    next_look: asyncio.Handle

    def look(_: object = None) -> None:
        nonlocal next_look
        next_look.cancel()
        tasks = set(kept_loop.leftover_tasks()) - _parked_workers(deadline)
        for task in tasks - heard:
            heard.add(task)
            task.add_done_callback(look)
        if threads_at_work(deadline):
            next_look = loop.call_later(_LOOK_EVERY, look)
        elif not tasks:
            loop.stop()

    next_look = loop.call_soon(look)
    timer = clock.call_at(loop, deadline.at, loop.stop)
    cause: BaseException | None = None
    try:
        share = CANCEL_ALL_AT * deadline.reserve
        alarm.arm(deadline.remaining() + share, CUT_OFF_AT * deadline.reserve - share, _has_code_under_way)
        loop.run_forever()
    except (alarm.Interrupted, SystemExit) as error:
        cause = error
    cause = alarm.disarm() or cause
    timer.cancel()
    next_look.cancel()
    for task in heard:
        task.remove_done_callback(look)
        if cause is not None:
            hear(task)  # it is reported as what broke the loop off
    if cause is not None:
        left.append(Leftover("loop", "", GIVEN_UP, text=f"work waited for that ended with {cause!r}"))
    return cause is None


def clean_up(kept_loop: KeptLoop, deadline: Deadline, left: list[Leftover], *, trusted: bool = True) -> None:
    """End the tasks that are left on the loop; retire it if they do not end, or if it cannot be trusted.

    Args:
        kept_loop: The loop, which does not run.
        deadline: Of the invocation that has just ended.
        left: Gets what was left over.
        trusted: Whether the loop came back by itself.
    """
    until = cut_off(deadline)
    cause: BaseException | None = None
    try:
        share = (1 - CUT_OFF_AT) / 2 * deadline.reserve
        alarm.arm(until - clock.monotonic() + share, share / 2, _has_code_under_way)
        ended = kept_loop.finish_tasks(until, left)
        if not (ended and trusted):
            tell_given_up("a task on it did not end" if trusted else "what ran on it had to be cut off")
            kept_loop.retire(max(0.0, until - clock.monotonic()))
    except (alarm.Interrupted, SystemExit, KeyboardInterrupt) as error:
        cause = error
    cause = alarm.disarm() or cause
    if cause is not None:
        left.append(Leftover("loop", "", GIVEN_UP, text=f"clean-up that ended with {cause!r}"))
        kept_loop.abandon()
    if isinstance(cause, KeyboardInterrupt):
        raise cause
    kept_loop.ready()  # a new one, if it was given up: Mangum beside us takes what is there, and makes none


def _comes_back(callback: Callable[[Supervision], None]) -> Callable[[Supervision], None]:
    """Stop the loop if the alarm rings within this callback: asyncio would log it, and nobody else would stop it."""

    def called(self: Supervision) -> None:
        try:
            callback(self)
        except alarm.Interrupted:
            self._loop.stop()

    return called


class Supervision:
    """Runs `main(event, context)` on the loop, and brings the loop back before the reserve is used up."""

    __slots__ = (
        "_cut_off",
        "_deadline",
        "_environment",
        "_has_begun",
        "_interrupted",
        "_kept_loop",
        "_loop",
        "_stalls",
        "_task",
        "_waiting",
    )

    def __init__(self, environment: Environment, deadline: Deadline, stalls: StallWatch | None = None) -> None:
        self._environment = environment
        self._stalls = stalls
        self._kept_loop = kept_loop_of(environment)
        self._deadline = deadline
        self._cut_off = deadline.at + CUT_OFF_AT * deadline.reserve
        self._waiting: list[Waiting] | None = None  # what was waiting when the deadline passed; None before
        self._task: asyncio.Task[Any] | None = None
        self._has_begun = False  # `main` itself
        self._interrupted: alarm.Interrupted | None = None

    def finish(self, policy: str, left: list[Leftover], threads_by: float = THREADS_CUT_OFF_AT) -> None:
        """End what is left over, or wait for it first; to be called once there is an answer.

        Args:
            policy: One of `leftovers.POLICIES`.
            left: Gets what had to be cut off.
            threads_by: The share of the reserve by which threads are given up.
        """
        kept_loop, deadline = self._kept_loop, self._deadline
        trusted = self._interrupted is None and (self._task is None or self._task.done())
        may_wait = policy == "wait" and trusted and deadline.remaining() > 0
        if may_wait and (kept_loop.may_have_leftovers() or threads_at_work(deadline)):
            trusted = wait_for_leftovers(kept_loop, deadline, left)
        if not trusted or kept_loop.may_have_leftovers():
            clean_up(kept_loop, deadline, left, trusted=trusted)
        finish_threads(deadline, left, threads_by)

    def run(self, main: Callable[[Any, Any], Coroutine[Any, Any, Any]], event: Any, context: Any) -> Any:
        """The answer of `main`.

        Raises:
            DeadlineExceeded: The deadline passed first.
            InvocationCancelled: `main` ended with CancelledError, and not by the deadline.
            Exception: Whatever `main` raises.
        """
        self._loop = loop = self._kept_loop.ready()
        deadline = self._deadline
        self._task = asyncio.Task(self._main(main, event, context), loop=loop)
        timer = self._kept_loop.timer
        timer.set(deadline.at, self._deadline_passed)
        share = CANCEL_ALL_AT * deadline.reserve
        try:
            try:
                alarm.arm(deadline.remaining() + share, self._cut_off - deadline.at - share, self._loop_is_stuck)
                if self._stalls is not None:
                    self._stalls.begin(loop, deadline, self._environment)
                loop.run_forever()
            finally:
                self._interrupted = alarm.disarm()
        except alarm.Interrupted as interrupted:
            alarm.disarm()
            self._interrupted = interrupted
            if not self._has_begun:
                self._task.cancel()  # nothing of the handler's is left then
        finally:
            timer.clear()
            if self._stalls is not None:
                self._stalls.end()
            if self._task is not None:  # as it is, unless it was too late to begin
                hear(self._task)  # SystemExit leaves the loop before anybody could
        return self._answer()

    async def _main(self, main: Callable[[Any, Any], Coroutine[Any, Any, Any]], event: Any, context: Any) -> Any:
        loop = self._loop
        try:
            # The first turns notice what happened to sockets during the freeze.
            for _ in range(_TURNS):
                if not getattr(loop, "_ready", True):  # uvloop does not show it: there, always take them all
                    break
                await _turn()
            if self._deadline.remaining() <= 0:
                raise self._deadline_exceeded()
            self._has_begun = True
            return await main(event, context)
        finally:
            loop.stop()

    def _answer(self) -> Any:
        task, interrupted = self._task, self._interrupted
        if interrupted is not None and (task is None or not _has_answer(task)):
            blocked = Waiting(
                f"blocking code on the event loop in {interrupted.function}", None, None, interrupted.place
            )
            self._waiting = [blocked, *(self._waiting or [])]
            raise self._deadline_exceeded().with_traceback(interrupted.__traceback__) from None
        if task is None or not task.done():
            if self._waiting is not None or self._deadline.remaining() <= 0:
                raise self._deadline_exceeded()
            raise MeantimeError(
                "the event loop was stopped before the handler had its answer: Meantime runs it, call no loop.stop()"
            )
        if task.cancelled():
            if self._waiting is not None:
                raise self._deadline_exceeded() from None
            raise InvocationCancelled(
                "the handler ended with CancelledError: it, or something that it awaited, was cancelled by its own code"
            )
        answer = task.result()
        if is_coroutine(answer):
            name = name_of(answer)
            answer.close()
            raise TypeError(
                f"the handler returned the coroutine of {name}, which nobody would await: `return await` it"
            )
        return answer

    def _deadline_exceeded(self) -> DeadlineExceeded:
        return DeadlineExceeded(NO_ANSWER, self._waiting or ())

    def _loop_is_stuck(self, frame: FrameType | None) -> bool:
        return clock.monotonic() >= self._cut_off or (self._waiting is None and _has_code_under_way(frame))

    @_comes_back
    def _deadline_passed(self) -> None:
        if not self._has_begun and self._task is not None:
            self._task.cancel()  # before its first step, that would not stop the loop
            self._task = None
            self._waiting = []
            self._loop.stop()
            return
        self._waiting = []  # the loop is not stuck: from here on the alarm waits until it must be cut off
        from meantime.awaited import waiting_task  # noqa: PLC0415  # the good path must not pay for it

        left = self._kept_loop.leftover_tasks()
        self._waiting = registry.waiting(self._deadline) or [waiting_task(task) for task in left]
        if registry.fan_outs(self._deadline):  # a verb tells its caller, by its own timer, what became of its items
            at = self._deadline.at + CANCEL_REST_AT * self._deadline.reserve
            self._kept_loop.timer.set(at, self._cancel_rest)
        else:
            self._cancel_rest()

    @_comes_back
    def _cancel_rest(self) -> None:
        """Cancel all but those who wait for a verb, which sees to them."""
        fan_outs = registry.fan_outs(self._deadline)
        callers = {caller for fan_out in fan_outs if (caller := getattr(fan_out, "caller", None)) is not None}
        workers = {task for fan_out in fan_outs for task in getattr(fan_out, "tasks", ())}
        for task in self._kept_loop.leftover_tasks():
            if task not in callers and task not in workers:
                task.cancel()
        self._kept_loop.timer.set(self._deadline.at + CANCEL_ALL_AT * self._deadline.reserve, self._cancel_all)

    @_comes_back
    def _cancel_all(self) -> None:
        for task in self._kept_loop.leftover_tasks():
            task.cancel()
        self._kept_loop.timer.set(self._cut_off, self._loop.stop)


@coroutine
def _turn() -> Generator[None, None, None]:
    """Let the loop take one turn; `asyncio.sleep(0)` by its working part."""
    yield


def _parked_workers(deadline: Deadline) -> set[asyncio.Task[Any]]:
    """The tasks that wait until somebody draws from their stream: it is for others to do that, or for nobody."""
    parked = (fan_out for fan_out in registry.fan_outs(deadline) if fan_out.is_parked)
    return {task for fan_out in parked for task in getattr(fan_out, "tasks", ())}


def _has_code_under_way(frame: FrameType | None) -> bool:
    """Whether the loop is within a callback; else nothing blocks it, and it was the process that stood still."""
    while frame is not None and frame.f_code is not _CALLBACK:
        if frame.f_code is _TURN:
            return False
        frame = frame.f_back
    return True


def _has_answer(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
