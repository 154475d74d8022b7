"""The last resort: interrupts the main thread where a blocking call overstays the deadline.

It uses the real-time interval timer and SIGALRM, and stands aside where they are not to be had (Windows, other threads)
or where the function uses SIGALRM itself.
"""

from __future__ import annotations

import signal
from _signal import getsignal  # type: ignore[import-not-found]  # signal.getsignal wraps the answer in an enum, which costs 20 times as much as asking
from threading import current_thread, main_thread

from meantime.callables import is_own_code, place_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_available = hasattr(signal, "setitimer")
_SIGALRM = int(getattr(signal, "SIGALRM", 0))
_DEFAULT = int(signal.SIG_DFL)
_may_interrupt: Callable[[], bool] | None = None


class Interrupted(BaseException):  # like KeyboardInterrupt: `except Exception` must not swallow it
    """Raised in the main thread at the place that blocks; `function` and `place` say where that is."""

    def __init__(self, function: str, place: str) -> None:
        super().__init__(function, place)
        self.function = function
        self.place = place


def arm(seconds: float, repeat: float, may_interrupt: Callable[[], bool]) -> bool:
    """Interrupt the main thread in `seconds`, and then each `repeat` seconds, if `may_interrupt` agrees then.

    Returns:
        Whether it is armed.
    """
    global _may_interrupt  # noqa: PLW0603  # a process has one alarm
    if not _available or current_thread() is not main_thread():
        return False
    handler = getsignal(_SIGALRM)
    if handler is not _interrupt:
        if handler != _DEFAULT:
            return False  # somebody else's
        signal.signal(signal.SIGALRM, _interrupt)
    _may_interrupt = may_interrupt
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), max(repeat, 0.001))
    return True


def disarm() -> None:
    """Call it off."""
    global _may_interrupt  # noqa: PLW0603  # a process has one alarm
    _may_interrupt = None
    signal.setitimer(signal.ITIMER_REAL, 0.0)


def _interrupt(_signal: int, frame: FrameType | None) -> None:
    if _may_interrupt is not None and _may_interrupt():
        raise Interrupted(*_user_place(frame))


def _user_place(frame: FrameType | None) -> tuple[str, str]:
    """The innermost function and line of the user's own code: a library's are less telling."""
    innermost = frame
    while frame is not None and not is_own_code(frame.f_code.co_filename):
        frame = frame.f_back
    frame = frame or innermost
    return ("?", "") if frame is None else (frame.f_code.co_name, place_text((frame.f_code, frame.f_lineno)))
