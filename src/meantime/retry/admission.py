"""How blocking attempts get through a limiter, where one thread may wait for the permit and another make the call."""

from __future__ import annotations

from meantime.errors import InvocationEnded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    from meantime.executors.underway import Worker
    from meantime.limiter import Limiter

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")


class Admission:
    """The limiter that attempts have to pass.

    Args:
        limiter: The limiter.
        is_stopped: Tells whether the work was stopped that the calls belong to: then they wait no longer.
    """

    __slots__ = ("_is_stopped", "_limiter")

    def __init__(self, limiter: Limiter, is_stopped: Callable[[], bool] | None) -> None:
        self._limiter = limiter
        self._is_stopped = is_stopped

    def limited(self, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        """The function with a permit for each call, where the same thread waits and makes the call."""
        return self._limiter.limited(function, self._is_stopped)

    def acquire(self) -> None:
        """Wait on the caller's thread for a permit, which the attempt's will release."""
        self._limiter.acquire(self._is_stopped)

    def acquire_for(self, attempt: Worker, is_given_up: Callable[[], bool]) -> bool:
        """Wait on the attempt's own thread for a permit; False without one if nobody waits for the attempt any more."""

        def is_stopped() -> bool:
            return is_given_up() or (self._is_stopped is not None and self._is_stopped())

        attempt.waits_for = self._limiter
        try:
            self._limiter.acquire(is_stopped)
        except InvocationEnded:
            if is_given_up():
                return False
            raise
        finally:
            attempt.waits_for = None
        if is_given_up():  # just now
            self._limiter.release()
            return False
        return True

    def release(self, outcome: object = None) -> None:
        """Give a permit back: the call has returned or raised this, however late, or was never begun."""
        self._limiter.release(outcome)
