"""The policy: what is tried again, how often, after which waits, and what it has counted."""

from __future__ import annotations

from functools import wraps
from types import CoroutineType
from weakref import WeakSet

from meantime import clock
from meantime.callables import is_async, is_async_generator, is_generator, name_of
from meantime.deadline import current_deadline
from meantime.errors import DeadlineExceeded
from meantime.retry import guard
from meantime.retry.arguments import check_attempts, check_on, check_on_result, check_seconds
from meantime.retry.attempts import async_attempts, blocking_attempts
from meantime.retry.budget import RetryBudget
from meantime.retry.durations import Durations
from meantime.retry.hedging import Hedging
from meantime.retry.retried_call import RetriedCall, again, again_async
from meantime.retry.statistics import RetryStatistics
from meantime.retry.underneath import warn_of_client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from typing import Any, ParamSpec, TypeVar

    from meantime.limiter import Limiter

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")

_DEFAULT_BUDGET: Any = object()
_MOST_FUNCTIONS = 1000  # names of functions come from source code, unless somebody makes functions without end


class Retry:
    """A policy for the calls of one downstream: make it once, at module level; threads and tasks share it.

    Used as a decorator, `@retry`, of blocking and async functions, or as `retry=` of the verbs. Use it for calls that
    may be made twice: a call whose answer got lost may have done its work.

    Args:
        attempts: How often a call is tried in all, the first time included.
        on: Which errors are worth another attempt: types, or a function that tells of an error. By default those that
            are throttled or transient, of whichever client: timeouts, lost connections, HTTP 429 and 5xx, AWS's codes.
        on_result: A function that tells of an answer whether it is worth another attempt; by default none is.
        initial_backoff: Before retry n, counted from 0, the wait is anything up to `initial_backoff` * 2**n seconds.
        throttled_backoff: The same after a throttled attempt.
        max_backoff: The longest wait. A server that asks for a longer one (Retry-After) gets no further attempt.
        budget: How many retries the downstream is asked to bear; None for any number.
        timeout: Seconds for each attempt. One that takes longer is a CallTimeout, and tried again.
        hedge_after: Seconds after which a second attempt begins beside the first, or a percentile of the seconds that
            calls have taken, as "p95".
        hedge_budget: The share of the calls that may be hedged.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument is out of range.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        on: type[Exception] | Iterable[type[Exception]] | Callable[[Exception], bool] | None = None,
        on_result: Callable[[Any], bool] | None = None,
        initial_backoff: float = 0.05,
        throttled_backoff: float = 1.0,
        max_backoff: float = 20.0,
        budget: RetryBudget | None = _DEFAULT_BUDGET,
        timeout: float | None = None,
        hedge_after: float | str | None = None,
        hedge_budget: float = 0.1,
    ) -> None:
        self.attempts = check_attempts(attempts)
        self.on = check_on(on)
        self.on_result = check_on_result(on_result)
        self.initial_backoff = check_seconds("initial_backoff", initial_backoff)
        self.throttled_backoff = check_seconds("throttled_backoff", throttled_backoff)
        self.max_backoff = check_seconds("max_backoff", max_backoff)
        self.timeout = None if timeout is None else check_seconds("timeout", timeout, above_zero=True)
        if budget is _DEFAULT_BUDGET:
            budget = RetryBudget()
        elif budget is not None and not isinstance(budget, RetryBudget):
            raise TypeError(f"budget must be a RetryBudget or None, got {budget!r}: use RetryBudget(capacity=...)")
        self.budget = budget
        self.hedging = None if hedge_after is None else Hedging(hedge_after, hedge_budget, budget)
        self.counted = RetryStatistics()
        self._durations: dict[tuple[str, str], Durations] = {}
        policies.add(self)

    def __call__(self, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        """Retry this function: the same signature, blocking or async as it is.

        Raises:
            TypeError: It is no function, or a generator, whose errors come after the call.
        """
        if not callable(function):
            raise TypeError(f"expected a function to retry, got {type(function).__name__}: {function!r:.80}")
        if is_async_generator(function) or (is_generator(function) and not is_async(function)):
            raise TypeError(
                f"{name_of(function)} is a generator: its errors come when it is iterated, not when it is called; "
                "retry the calls inside it instead"
            )
        if is_async(function):
            return self.retried_async(function)  # type: ignore[return-value,arg-type]  # its Result is the coroutine
        return self.retried(function, awaits=True)

    def statistics(self) -> RetryStatistics:
        """What it has counted so far: a copy."""
        copy = RetryStatistics()
        with guard.lock:
            for name in RetryStatistics.__slots__:
                setattr(copy, name, getattr(self.counted, name))
        copy.calls = copy.successes + copy.failures
        copy.tokens = None if self.budget is None else self.budget.tokens
        if self.hedging is not None:
            copy.hedges, copy.hedges_won = self.hedging.hedges, self.hedging.won
        return copy

    def __repr__(self) -> str:
        hedging = "" if self.hedging is None else f", hedge_after={self.hedging.after!r}"
        timeout = "" if self.timeout is None else f", timeout={self.timeout:g}"
        return (
            f"Retry(attempts={self.attempts}, initial_backoff={self.initial_backoff:g}, "
            f"throttled_backoff={self.throttled_backoff:g}, max_backoff={self.max_backoff:g}{timeout}{hedging}, "
            f"budget={self.budget!r})"
        )

    def retried(
        self,
        function: Callable[Parameters, Result],
        timeout: float | None = None,
        *,
        limiter: Limiter | None = None,
        is_stopped: Callable[[], bool] | None = None,
        awaits: bool = False,
    ) -> Callable[Parameters, Result]:
        """A blocking function that makes these attempts; for the verbs.

        Args:
            function: A blocking function.
            timeout: Seconds for each attempt; by default the policy's.
            limiter: What every attempt has to pass. Only of hedged attempts is the wait for it part of their time.
            is_stopped: Tells whether the work was stopped that the calls belong to: then there is no further attempt.
            awaits: Whether a coroutine that it gives after all is to be retried, too.
        """
        timeout = self.timeout if timeout is None else timeout
        durations = self._durations_of(function)
        first, further = blocking_attempts(function, timeout, limiter, self.hedging, durations, is_stopped=is_stopped)
        on_result = self.on_result

        @wraps(function)
        def call(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
            deadline = current_deadline()
            began = clock.monotonic()
            if deadline is not None and began >= deadline.at:
                raise _not_begun(durations)
            try:
                value = first(*args, **keywords)
            except Exception as error:  # which ones are retried, the policy says
                retried_call = RetriedCall(self, durations, deadline, began, is_stopped)
                if not retried_call.goes_on_after_error(error):
                    raise
            else:
                if type(value) is CoroutineType and awaits:
                    return self._retried_coroutine(value, function, args, keywords)  # type: ignore[arg-type,return-value]  # as above
                if on_result is None or not on_result(value):
                    self.note_success(durations, clock.monotonic() - began)
                    return value
                retried_call = RetriedCall(self, durations, deadline, began, is_stopped)
                if not retried_call.goes_on_after_result(value):
                    return value
            return again(retried_call, further, args, keywords)

        return call

    def retried_async(
        self,
        function: Callable[Parameters, Awaitable[Result]],
        timeout: float | None = None,
        *,
        limiter: Limiter | None = None,
    ) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
        """An async function that makes these attempts; for the verbs.

        Args:
            function: Anything whose call gives an awaitable.
            timeout: Seconds for each attempt; by default the policy's.
            limiter: What every attempt has to pass. Only of hedged attempts is the wait for it part of their time.
        """
        timeout = self.timeout if timeout is None else timeout
        durations = self._durations_of(function)
        first, further = async_attempts(function, timeout, limiter, self.hedging, durations)
        return self._async_call(function, first, further, durations)

    def make_cold(self) -> None:
        """Start anew, as in a new execution environment: nothing seen or counted yet, and a full budget."""
        with guard.lock:
            self.counted = RetryStatistics()
            for each in self._durations.values():
                each.make_cold()
            if self.hedging is not None:
                self.hedging.make_cold()
            if self.budget is not None:
                self.budget.tokens = self.budget.capacity

    def note_success(self, durations: Durations, seconds: float, attempts: int = 1) -> None:
        """Count a call that has succeeded, whose last attempt took this long."""
        counted = self.counted
        with guard.lock:
            counted.attempts += attempts
            counted.successes += 1
            durations.note(seconds)
        if attempts == 1 and self.budget is not None:
            self.budget.give()
        if self.hedging is not None:
            durations.keep(seconds)

    def _async_call(
        self,
        function: Callable[..., object],
        first: Callable[Parameters, Awaitable[Result]],
        further: Callable[Parameters, Awaitable[Result]],
        durations: Durations,
    ) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
        on_result = self.on_result

        @wraps(function)
        async def call(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
            deadline = current_deadline()
            began = clock.monotonic()
            if deadline is not None and began >= deadline.at:
                raise _not_begun(durations)
            try:
                value = await first(*args, **keywords)
            except Exception as error:  # which ones are retried, the policy says
                retried_call = RetriedCall(self, durations, deadline, began)
                if not retried_call.goes_on_after_error(error):
                    raise
            else:
                if on_result is None or not on_result(value):
                    self.note_success(durations, clock.monotonic() - began)
                    return value
                retried_call = RetriedCall(self, durations, deadline, began)
                if not retried_call.goes_on_after_result(value):
                    return value
            return await again_async(retried_call, further, args, keywords)

        return call

    def _retried_coroutine(
        self,
        coroutine: Coroutine[Any, Any, Result],
        function: Callable[Parameters, Awaitable[Result]],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Coroutine[Any, Any, Result]:
        """Retry what a function that looked like a blocking one has begun."""
        call = self._async_call(function, lambda *_, **__: coroutine, function, self._durations_of(function))
        return call(*args, **keywords)

    def _durations_of(self, function: Callable[..., object]) -> Durations:
        name = name_of(function)
        key = (getattr(function, "__module__", None) or "", name)
        durations = self._durations.get(key)
        if durations is None:
            durations = Durations(name)
            with guard.lock:
                if len(self._durations) < _MOST_FUNCTIONS:
                    durations = self._durations.setdefault(key, durations)
        if self.attempts > 1 and not durations.warned:
            warn_of_client(function, self.attempts, durations)
        return durations


def _not_begun(durations: Durations) -> DeadlineExceeded:
    return DeadlineExceeded(f"{durations.name} was not begun: the deadline of the invocation has passed.")


# Every policy there is: the metrics of an invocation ask for what they have counted, and a test makes them cold.
policies: WeakSet[Retry] = WeakSet()
