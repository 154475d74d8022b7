"""The last resort: interrupts the main thread where a blocking call overstays the deadline.

It uses the real-time interval timer and SIGALRM, and stands aside where they are not to be had (Windows, other threads)
or where the function uses SIGALRM itself.
"""

from __future__ import annotations

import signal
import sys
from _signal import getsignal  # type: ignore[import-not-found]  # signal.getsignal's enum costs 20 times as much
from threading import current_thread, main_thread

from meantime import clock
from meantime.callables import place_text
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_AVAILABLE = hasattr(signal, "setitimer")
_SIGALRM = int(getattr(signal, "SIGALRM", 0))
_DEFAULT = int(signal.SIG_DFL)
_SOONEST = 0.001  # 0 would call the timer off

# While Meantime itself is at work, the alarm is put off and looks again this often. Looks are counted, not seconds: an
# environment with little CPU stands still for most of each 20 ms, and whatever it does then seems to stand.
_LOOK_EVERY = 0.00025
_LOOKS_UNTIL_IT_STANDS = 40  # at one place for so long: no step of ours, but a wait, or a function written in C
_LOOKS_AT_MOST = 400  # then rather a count that is wrong than an environment that is surely killed
_LOOKS_WHERE_IT_HARMS = 800  # a lock that stays locked, or a permit that is lost, is little better

# coverage, where it measures a user's tests: a lock of its own that stays locked stops every thread.
_NOT_TO_BE_CUT = ("meantime.", "coverage.", "hypothesis.")

# Where nobody hears of what is raised: Python prints it, and goes on.
_FINALIZER = "__del__"
_WEAK = ("_weakrefset", "weakref")  # their callbacks

# What Meantime works with: interrupted in here, what a line of ours has just locked would stay locked.
# What is raised in asyncio's own work is lost, besides: it logs it, and the loop goes on, or is closed by half.
_BENEATH = frozenset(("_weakrefset", "contextlib", "logging", "queue", "threading", "weakref"))
_LOOP = "asyncio."

_IMPORT = "_find_and_load"  # importlib's own, called by each statement that finds a module not loaded yet


class Interrupted(BaseException):
    """Raised in the main thread at the place that blocks; `function` and `place` say where that is.

    Like KeyboardInterrupt it is no Exception: `except Exception` must not swallow it.
    """

    def __init__(self, function: str, place: str) -> None:
        super().__init__(function, place)
        self.function = function
        self.place = place


_may_interrupt: Callable[[FrameType | None], bool] | None = None
_again_in = 0.0
_rings_at = 0.0  # by `clock`; the timer itself goes by real time
_interrupted: Interrupted | None = None
_looks = 0  # since it has rung
_looks_here = 0  # of these, those that found the same place
_seen_at = (0, 0)


def always(_: FrameType | None) -> bool:
    """Interrupt whatever is at work then."""
    return True


def arm(seconds: float, again_in: float, may_interrupt: Callable[[FrameType | None], bool] = always) -> None:
    """Interrupt the main thread in `seconds`, and once more `again_in` seconds later, if `may_interrupt` agrees then.

    It is asked with the frame that is at work. Only twice, so that what is interrupted has time to clean up.
    """
    global _may_interrupt, _again_in, _interrupted, _looks, _looks_here, _rings_at  # noqa: PLW0603  # a process has one alarm
    if not _AVAILABLE or current_thread() is not main_thread():
        return
    handler = getsignal(_SIGALRM)
    if handler is not _on_signal:
        if handler != _DEFAULT:
            return  # somebody else's
        signal.signal(signal.SIGALRM, _on_signal)
    _interrupted = None
    _looks = _looks_here = 0
    _again_in = again_in
    _rings_at = clock.monotonic() + seconds
    _may_interrupt = may_interrupt
    signal.setitimer(signal.ITIMER_REAL, max(seconds, _SOONEST))


def disarm() -> Interrupted | None:
    """Call it off; what it has raised since it was armed, if it has."""
    global _may_interrupt, _interrupted  # noqa: PLW0603  # a process has one alarm
    while True:
        try:
            if _may_interrupt is not None:
                _may_interrupt = None
                signal.setitimer(signal.ITIMER_REAL, 0.0)
            raised, _interrupted = _interrupted, None
        except Interrupted:  # it rang while it was being called off
            continue
        return raised


def rings_at() -> float | None:
    """When it is to ring, by the clock; None while it is not armed."""
    return None if _may_interrupt is None else _rings_at


def ring() -> None:
    """Ring: that moment has come on a clock which a test holds. Called on the main thread."""
    _interrupt(sys._getframe(1))  # noqa: SLF001  # the public way, inspect.currentframe, imports much


def _on_signal(_signal: int, frame: FrameType | None) -> None:
    if _may_interrupt is None:
        return
    if frame is not None and _does_harm(frame) and _may_be_put_off(frame):
        signal.setitimer(signal.ITIMER_REAL, _LOOK_EVERY)
        return
    _interrupt(frame)


def _interrupt(frame: FrameType | None) -> None:
    global _again_in, _interrupted, _looks, _looks_here, _rings_at  # noqa: PLW0603  # a process has one alarm
    if _may_interrupt is None:
        return
    _looks = _looks_here = 0
    if _again_in > 0:
        signal.setitimer(signal.ITIMER_REAL, max(_again_in, _SOONEST))
        _rings_at += _again_in
        _again_in = 0.0
    else:
        _rings_at = float("inf")
    if _may_interrupt(frame):
        _interrupted = Interrupted(*_user_place(frame))
        raise _interrupted


def _does_harm(frame: FrameType) -> bool:
    """Whether it is better to interrupt a moment later."""
    return _is_ours(frame) or _is_import_of_ours(frame) or _is_finalizer(frame)


def _is_ours(frame: FrameType) -> bool:
    """Whether Meantime is at work, and not what it has called: interrupted there, it could lose a permit or a lock."""
    within: FrameType | None = frame
    while within is not None:
        module = str(within.f_globals.get("__name__", ""))
        if not _is_beneath(module):
            return module.startswith(_NOT_TO_BE_CUT)
        within = within.f_back
    return False


def _is_beneath(module: str) -> bool:
    return module in _BENEATH or module.startswith(_LOOP)


def _is_import_of_ours(frame: FrameType) -> bool:
    """Whether Meantime is loading what it needs now: what is half loaded is thrown away, and loaded again."""
    within: FrameType | None = frame
    while within is not None:
        imports = within.f_code.co_name == _IMPORT
        within = within.f_back
        if imports and within is not None and str(within.f_globals.get("__name__", "")).startswith("meantime."):
            return True
    return False


def _is_finalizer(frame: FrameType) -> bool:
    """Whether what is raised here would be lost."""
    within: FrameType | None = frame
    while within is not None:
        if within.f_code.co_name == _FINALIZER or within.f_globals.get("__name__") in _WEAK:
            return True
        within = within.f_back
    return False


def _may_be_put_off(frame: FrameType) -> bool:
    """Whether it will be over in a moment. All waits of Meantime can be interrupted: they give back what they have."""
    global _looks, _looks_here, _seen_at  # noqa: PLW0603  # a process has one alarm
    seen_at = (id(frame), frame.f_lasti)
    _looks_here = _looks_here + 1 if seen_at == _seen_at else 1
    _seen_at = seen_at
    _looks += 1
    module = str(frame.f_globals.get("__name__", ""))
    harms = _is_beneath(module) or module.startswith(("meantime.limiter.", "coverage."))
    return _looks_here < _LOOKS_UNTIL_IT_STANDS and _looks < (_LOOKS_WHERE_IT_HARMS if harms else _LOOKS_AT_MOST)


def _user_place(frame: FrameType | None) -> tuple[str, str]:
    """The innermost function and line of the user's own code: a library's are less telling."""
    innermost = frame
    while frame is not None and not is_own_code(frame.f_code.co_filename):
        frame = frame.f_back
    frame = frame or innermost
    return ("?", "") if frame is None else (frame.f_code.co_name, place_text((frame.f_code, frame.f_lineno)))
