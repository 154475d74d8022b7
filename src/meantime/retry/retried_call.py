"""One call that has failed at least once: whether it is made again, after which wait, and if not, why not."""

from __future__ import annotations

import os

from meantime import clock
from meantime.errors import CallTimeout, MeantimeError
from meantime.recognition import THROTTLED, TRANSIENT, attempts_already_made, kind_of, retry_after_of
from meantime.retry import guard
from meantime.retry.budget import cost_of
from meantime.retry.notes import set_note
from meantime.retry.underneath import warn_of_attempts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, TypeVar

    from meantime.deadline import Deadline
    from meantime.retry.durations import Durations
    from meantime.retry.policy import Retry

    Result = TypeVar("Result")

_LARGEST_EXPONENT = 64  # any maximum is reached long before, and a float overflows at 1,024


def full_jitter(base: float, maximum: float, number: int) -> float:
    """Seconds to wait before retry `number`, counted from 0: anything up to the exponential backoff, equally likely.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/, "Full Jitter"; the AWS SDKs do the same.
    """
    return fraction() * min(maximum, base * 2.0 ** min(number, _LARGEST_EXPONENT))


def fraction() -> float:
    """A random number from 0 up to 1.

    From the system: a generator's state would be the same in every environment that is restored from one snapshot, and
    they would all come back at the same moment. It takes half a microsecond, and needs no import of `random`.
    """
    return int.from_bytes(os.urandom(7), "big") / (1 << 56)


class RetriedCall:
    """What decides about the attempts of one call, from its first failure on.

    Args:
        policy: What was asked for.
        durations: What is known of the function.
        deadline: The invocation's, if there is one.
        began: When the first attempt began.
        is_stopped: Tells whether the work that the call belongs to was stopped.
    """

    __slots__ = (
        "_began",
        "_cost",
        "_deadline",
        "_durations",
        "_is_stopped",
        "_outcome",
        "_policy",
        "_started",
        "_stopped",
        "attempt",
        "pause",
    )

    def __init__(
        self,
        policy: Retry,
        durations: Durations,
        deadline: Deadline | None,
        began: float,
        is_stopped: Callable[[], bool] | None = None,
    ) -> None:
        self._policy = policy
        self._durations = durations
        self._deadline = deadline
        self._began = began
        self._is_stopped = is_stopped
        self._stopped = False  # found to be so during a wait
        self._started = began  # when the newest attempt began
        self._cost = 0  # what the newest retry took from the budget
        self._outcome: object = None  # the failure that the pause follows
        self.attempt = 1
        self.pause = 0.0

    def goes_on_after_error(self, error: Exception) -> bool:
        """Whether to try again after this; if not, the error gets a note that says why, and is to be raised."""
        kind = kind_of(error)
        if not self._durations.warned and (made := attempts_already_made(error)) > 1:
            warn_of_attempts(made, self._policy.attempts, self._durations)
        if not _is_retryable(error, kind, self._policy):
            before = self._outcome  # for the reader: this may be no more than a consequence
            told = f"; before it, {type(before).__name__}: {before!s:.200}" if isinstance(before, Exception) else ""
            self._end(f"it is not one to be retried{told}", error if self.attempt > 1 else None)
            return False
        return self._goes_on(error, kind)

    def goes_on_after_result(self, result: object) -> bool:
        """Whether to try again after this answer; if not, it is to be returned as it is."""
        wanted = self._policy.on_result
        if wanted is None or not wanted(result):
            self._succeed()
            return False
        return self._goes_on(result, kind_of(result))

    def wait(self) -> None:
        """Block until the next attempt is due, or the work is stopped."""
        if self._deadline is None and self._is_stopped is None:
            if self.pause:
                clock.sleep(self.pause)
            return
        from meantime.retry.pause import Pause  # noqa: PLC0415  # only a failed call needs it

        name = f"the wait before attempt {self.attempt + 1} of {self._durations.name}"
        self._stopped = Pause(name, self._is_stopped).wait(self.pause)

    def begins(self) -> bool:
        """Note that the next attempt begins; False if there is no time left for it after all."""
        now = clock.monotonic()
        if self._stopped:
            return False
        if self._deadline is not None and not self._durations.fits(self._deadline.at - now):
            return False
        self.attempt += 1
        self._started = now
        with guard.lock:
            self._policy.counted.retries += 1
        return True

    def give_up(self) -> object:
        """The answer that was to be tried again; raises the error that was."""
        outcome = self._outcome
        reason = "the work that it belongs to was stopped"
        if not self._stopped:
            reason = "too little time was left when the wait before it was over"
            with guard.lock:
                self._policy.counted.given_up_for_deadline += 1
        try:
            if isinstance(outcome, Exception):
                self._end(reason, outcome)
                raise outcome
            self._end(reason, None)
            return outcome
        finally:
            del outcome  # its traceback will hold this frame: keep no circle

    def forget(self) -> None:
        """Hold nothing any more: an error's traceback holds the frames that hold this."""
        self._outcome = None

    def _goes_on(self, outcome: object, kind: str) -> bool:
        error = outcome if isinstance(outcome, Exception) else None
        if self.attempt >= self._policy.attempts:
            self._end("", error)
            return False
        reason = self._hindrance(outcome, kind)
        if reason:
            self._end(reason, error)
            return False
        with guard.lock:
            self._policy.counted.waited += self.pause
        self._outcome = outcome
        return True

    def _hindrance(self, outcome: object, kind: str) -> str:
        """Why no further attempt can be made, or nothing; sets the wait before it, and pays for it."""
        policy, counted, deadline = self._policy, self._policy.counted, self._deadline
        base = policy.throttled_backoff if kind is THROTTLED else policy.initial_backoff
        self.pause = full_jitter(base, policy.max_backoff, self.attempt - 1)
        asked = retry_after_of(outcome)
        if asked is not None:
            if asked > policy.max_backoff:
                with guard.lock:
                    counted.given_up_for_retry_after += 1
                return f"its server asks to wait {asked:g} s, longer than max_backoff={policy.max_backoff:g}"
            # Jitter above it, or all whom the server has sent away at once would come back at once.
            self.pause = min(policy.max_backoff, asked + self.pause)
        if deadline is not None:
            left = deadline.at - clock.monotonic() - self.pause
            if not self._durations.fits(left):
                with guard.lock:
                    counted.given_up_for_deadline += 1
                return _too_late(self.pause, left, self._durations.fastest)
        if policy.budget is not None:
            self._cost = policy.budget.take(kind)
            if not self._cost:
                with guard.lock:
                    counted.given_up_for_budget += 1
                return f"the retry budget holds {policy.budget.tokens} tokens, and a retry takes {cost_of(kind)}"
        return ""

    def _succeed(self) -> None:
        policy = self._policy
        policy.note_success(self._durations, clock.monotonic() - self._started, self.attempt)
        if policy.budget is not None:
            policy.budget.give(self._cost)

    def _end(self, reason: str, error: Exception | None) -> None:
        counted = self._policy.counted
        with guard.lock:
            counted.failures += 1
            counted.attempts += self.attempt
        if error is None:
            return
        begin = f"Meantime: {self._durations.name}: attempt "
        seconds = clock.monotonic() - self._began
        text = f"{self.attempt} of {self._policy.attempts}, {seconds:.3f} s in all"
        set_note(error, begin, text + (f"; no further attempt: {reason}" if reason else ""))


def again(
    retried_call: RetriedCall, function: Callable[..., Result], args: tuple[Any, ...], keywords: dict[str, Any]
) -> Result:
    """Make the attempts that are left, after a first one that failed."""
    try:
        while True:
            retried_call.wait()
            if not retried_call.begins():
                return retried_call.give_up()  # type: ignore[return-value]  # an answer of this function
            try:
                value = function(*args, **keywords)
            except Exception as error:  # as above
                if not retried_call.goes_on_after_error(error):
                    raise
            else:
                if not retried_call.goes_on_after_result(value):
                    return value
    finally:
        retried_call.forget()


async def again_async(
    retried_call: RetriedCall,
    function: Callable[..., Awaitable[Result]],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Result:
    """Await the attempts that are left, after a first one that failed."""
    try:
        while True:
            await clock.sleep_async(retried_call.pause)
            if not retried_call.begins():
                return retried_call.give_up()  # type: ignore[return-value]  # an answer of this function
            try:
                value = await function(*args, **keywords)
            except Exception as error:  # as above
                if not retried_call.goes_on_after_error(error):
                    raise
            else:
                if not retried_call.goes_on_after_result(value):
                    return value
    finally:
        retried_call.forget()


def _is_retryable(error: Exception, kind: str, policy: Retry) -> bool:
    if isinstance(error, MeantimeError):  # of these only an attempt over its time is the downstream's
        return isinstance(error, CallTimeout)
    on = policy.on
    if on is None:
        return kind is THROTTLED or kind is TRANSIENT
    return isinstance(error, on) if isinstance(on, tuple) else bool(on(error))


def _too_late(pause: float, left: float, fastest: float) -> str:
    if left <= 0:
        return f"the wait of {pause:.3f} s before it would end {-left:.3f} s after the deadline of the invocation"
    return (
        f"after a wait of {pause:.3f} s it would have {left:.3f} s until the deadline of the invocation, and the "
        f"fastest that succeeded took {fastest:.3f} s"
    )
