"""Names what blocks the event loop: a thread asks the loop for a sign of life, and looks where it stands if none comes.

It measures the machine, so it goes by the machine's own time, whatever clock a test holds.
"""

from __future__ import annotations

import os
import sys
import time
from threading import Lock, Thread, get_ident

from meantime.callables import place_text
from meantime.frames import current_frames
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from types import CodeType

    from meantime.deadline import Deadline
    from meantime.environment import Environment

    Call = tuple[CodeType, int]  # a function under way, and the line it stands at

# The loop is asked twice in the time that it may be blocked: whatever blocks it for one and a half times that is seen.
_ASKED = 0.5
_OFTENEST = 0.01  # seconds: the watch itself must cost next to nothing

# The share of the reserve after which a loop that is still blocked is reported as it stands: by then the alarm has
# tried to interrupt what blocks it, and Lambda may end the environment before anybody can say more.
_TOLD_AT = 0.6

_QUIET = 60.0  # seconds in which one line of code is reported once only
_DEEPEST = 30  # calls of a stack that are reported
_IDLE = ("_run_once", "select")  # where asyncio's loop stands while it has nothing to do


class StallWatch:
    """Watches the loop of one handler, for the time of each invocation.

    Args:
        threshold: Seconds that the loop may be blocked.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._pause = max(threshold * _ASKED, _OFTENEST)
        self._run: _Run | None = None
        self._thread: Thread | None = None
        self._lock = Lock()  # guards `_parked`
        self._parked = True  # between invocations the thread waits without a timer, and a freeze finds it waiting
        self._wake = Lock()
        self._wake.acquire()
        # When each place was reported last, and how often it has not been since.
        self._told: dict[Call | None, tuple[float, int]] = {}
        if self not in _watches:
            _watches.append(self)

    def begin(self, loop: AbstractEventLoop, deadline: Deadline, environment: Environment) -> None:
        """Watch this loop from now on; called by the function that runs it."""
        self._run = _Run(loop, deadline, environment)
        if self._parked:
            self._rouse()

    def end(self) -> None:
        """Watch no more; what blocked the loop until now is reported."""
        run, self._run = self._run, None
        if run is not None and run.question is not None:
            run.question.answer()

    def forget(self) -> None:
        """Start anew, as a forked child must: its parent's thread does not exist in it."""
        self.__init__(self._threshold)  # type: ignore[misc]  # the same object, since a handler holds it

    def _rouse(self) -> None:
        with self._lock:
            if not self._parked:
                return
            self._parked = False
            if self._thread is None:
                self._thread = Thread(target=self._serve, name="meantime-stalls", daemon=True)
                self._thread.start()
            else:
                self._wake.release()

    def _park(self) -> None:
        with self._lock:
            self._parked = True  # first: who begins from here on, and does not see it, is seen below
            if self._run is not None:
                self._parked = False
                return
        self._wake.acquire()

    def _serve(self) -> None:
        while True:
            time.sleep(self._pause)
            run = self._run
            if run is None:
                self._park()
            else:
                self._look(run)

    def _look(self, run: _Run) -> None:
        question = run.question = _Question(self, run)
        try:
            run.loop.call_soon_threadsafe(question.answer)
        except RuntimeError:  # the loop has just been closed
            return
        if question.answered_within(self._threshold) or self._run is not run:
            return
        question.stack = _stack(run.thread, run.runner)
        if not question.answered_within(run.told_at - time.monotonic()):
            self.report(question, still=True)
            question.answered_within(None)

    def report(self, question: _Question, *, still: bool) -> None:
        """Log one stall, unless the same line of code has just been reported."""
        from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

        seconds = time.monotonic() - question.asked
        stack = question.stack or []
        call = _culprit(stack)
        last, untold = self._told.get(call, (-_QUIET, 0))
        now = time.monotonic()
        if now - last < _QUIET:
            self._told[call] = (last, untold + 1)
            return
        self._told[call] = (now, 0)
        function, place = ("", "") if call is None else (call[0].co_qualname.replace("<locals>.", ""), place_text(call))
        lines = [f"{place_text(each)} in {each[0].co_qualname}" for each in _telling(stack)]
        getLogger("meantime").warning(
            "The event loop %s for at least %.3f s%s%s. %s%s",
            ("has been blocked" if still else "was blocked") if call else "did not get to run",
            seconds,
            f" in {function}, at {place}" if call else "",
            ", and still is" if still else "",
            _ADVICE if call else _STARVED,
            f" Stack: {' > '.join(lines)}." if call else "",
            extra={
                "stall": {
                    "seconds": round(seconds, 6),
                    "function": function,
                    "place": place,
                    "stack": lines,
                    "still": still,
                    "unreported": untold,
                }
            },
        )


_ADVICE = "Nothing else could run meanwhile: await it, or run a blocking function with meantime.in_thread."
_STARVED = "It was ready: other threads held the interpreter, or the function's share of the CPU was used up."


class _Run:
    """One invocation's use of the loop."""

    __slots__ = ("environment", "loop", "question", "runner", "thread", "told_at")

    def __init__(self, loop: AbstractEventLoop, deadline: Deadline, environment: Environment) -> None:
        self.loop = loop
        self.environment = environment
        self.thread = get_ident()
        self.runner = sys._getframe(2).f_code  # noqa: SLF001  # documented; the underscore says: for special uses
        self.told_at = time.monotonic() + deadline.remaining() + _TOLD_AT * deadline.reserve
        self.question: _Question | None = None


class _Question:
    """Whether the loop is alive, asked once, and answered on the loop."""

    __slots__ = ("_answered", "_gate", "_run", "_watch", "asked", "stack")

    def __init__(self, watch: StallWatch, run: _Run) -> None:
        self._watch = watch
        self._run = run
        self._answered = False
        self._gate = Lock()
        self._gate.acquire()
        self.asked = time.monotonic()
        self.stack: list[Call] | None = None  # where the loop stood when its time was over

    def answered_within(self, seconds: float | None) -> bool:
        """Wait for the answer at most so long; whether it came."""
        return self._gate.acquire(timeout=-1 if seconds is None else max(0.0, seconds))

    def answer(self) -> None:
        """The loop is alive, or has ended."""
        if self._answered:
            return
        self._answered = True
        self._gate.release()
        if self.stack is not None:
            self._run.environment.counted.loop_stalls += 1
            self._watch.report(self, still=False)


def _stack(thread: int, runner: CodeType) -> list[Call]:
    """The calls under way on this thread above the one that runs the loop, innermost first."""
    frame = current_frames().get(thread)
    calls = []
    while frame is not None and frame.f_code is not runner:
        calls.append((frame.f_code, frame.f_lineno or 0))
        frame = frame.f_back
    return calls


def _telling(stack: list[Call]) -> list[Call]:
    """The stack as it is read, outermost first, without the machinery that called the first of these functions."""
    stack = stack[:_DEEPEST]
    while len(stack) > 1 and not is_own_code(stack[-1][0].co_filename):
        stack.pop()
    return stack[::-1]


def _culprit(stack: list[Call]) -> Call | None:
    """The innermost call of the function's own code, or of any; None if the loop was idle."""
    own = next((call for call in stack if is_own_code(call[0].co_filename)), None)
    return None if own is None and (not stack or stack[0][0].co_name in _IDLE) else own or stack[0]


def _after_fork() -> None:
    for watch in _watches:
        watch.forget()


_watches: list[StallWatch] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
