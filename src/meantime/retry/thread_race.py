"""Blocking attempts that somebody else may overtake: on kept threads, because their caller must be able to go on.

Python cannot stop a thread. An attempt that was given up, for its timeout or because another answered first, runs on
until it returns; the end of the invocation waits for it within the reserve and reports it if it is left.
"""

from __future__ import annotations

from contextvars import copy_context
from threading import Lock

from meantime import clock
from meantime.callables import is_coroutine, name_of, shown
from meantime.executors.pool import pool
from meantime.executors.underway import NOTHING, FanOut, Worker, registry
from meantime.retry.notes import set_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, ParamSpec, TypeVar

    from meantime.retry.admission import Admission
    from meantime.retry.durations import Durations
    from meantime.retry.hedging import Hedging

    Parameters = ParamSpec("Parameters")
    Result = TypeVar("Result")


def timed_on_thread(
    function: Callable[Parameters, Result], timeout: float, admission: Admission | None = None
) -> Callable[Parameters, Result]:
    """The same function, given up with CallTimeout when it takes longer.

    Its caller waits for the limiter before that time begins; the permit is the call's, and kept until that returns.
    """

    def call_in_time(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        race = _ThreadRace(function, args, keywords, timeout, admission)
        return race.answer()  # type: ignore[no-any-return]  # of this function

    return call_in_time


def hedged_on_threads(
    function: Callable[Parameters, Result],
    timeout: float | None,
    hedging: Hedging,
    durations: Durations,
    admission: Admission | None = None,
) -> Callable[Parameters, Result]:
    """The same function, made twice where the first one takes its time: the first answer counts.

    Each attempt waits for the limiter on its own thread, as long as somebody waits for the attempt.
    """
    alone = function if admission is None else admission.limited(function)

    def call_hedged(*args: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        delay = hedging.delay(durations)
        if delay is None and timeout is None:  # nothing can overtake it: no thread is needed
            return alone(*args, **keywords)
        race = _ThreadRace(function, args, keywords, timeout, admission)
        return race.answer(delay, hedging, durations)  # type: ignore[no-any-return]  # of this function

    return call_hedged


def item_of(args: tuple[object, ...], keywords: dict[str, object]) -> object:
    """What a reader knows the call by."""
    if keywords:
        return (*args, keywords) if args else keywords
    return args[0] if len(args) == 1 else args


def call_text(function: Callable[..., object], item: object) -> tuple[str, str]:
    """The name of a call with this item, and the item as text."""
    return name_of(function), "" if item == () else shown(item)


def joined(failures: Sequence[BaseException | None]) -> BaseException:
    """The error of a call whose every attempt has failed: the first one's, with a note of the second's."""
    first, *others = failures
    assert first is not None  # noqa: S101  # for the type checker
    for other in others:
        set_note(first, "Meantime: the hedged attempt failed, too: ", f"{type(other).__name__}: {other!s:.200}")
    return first


class _Attempt(Worker):
    """One attempt: a worker of its race, and what became of it."""

    __slots__ = ("answered", "failure", "value")

    def __init__(self) -> None:
        super().__init__()
        self.answered = False
        self.failure: BaseException | None = None
        self.value: Any = None


class _ThreadRace(FanOut):
    """The attempts of one blocking call that are under way side by side: one, or two."""

    __slots__ = (
        "_admission",
        "_args",
        "_attempts",
        "_context",
        "_gate",
        "_gate_open",
        "_has_permit",
        "_keywords",
        "_lock",
        "_running",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        keywords: dict[str, Any],
        timeout: float | None,
        admission: Admission | None,
    ) -> None:
        super().__init__("Retry", function, timeout)
        self._args = args
        self._keywords = keywords
        self._admission = admission
        self._context = copy_context()
        self._attempts: list[_Attempt] = []
        self._lock = Lock()  # guards what follows, and is never held for long
        self._has_permit = False  # one that no attempt has taken over yet
        self._running = 0
        self._gate = Lock()  # held until there is news for the caller
        self._gate_open = False

    def answer(
        self, delay: float | None = None, hedging: Hedging | None = None, durations: Durations | None = None
    ) -> Any:
        """Start the first attempt, and the second after `delay` if it may; the first answer, or the first's error."""
        self._gate.acquire()
        try:
            if self._admission is not None and hedging is None:
                self._admission.acquire()
                self._has_permit = True
            registry.add(self)
            first = self._start()
            hedge_at = None if delay is None else first.started + delay
            while True:
                now = clock.monotonic()
                winner = self._settled(now)
                if winner is not None:
                    if winner is not first and hedging is not None:
                        hedging.has_won()
                    return winner.value
                if hedge_at is not None and now >= hedge_at:
                    hedge_at = None
                    if hedging is not None and durations is not None:
                        self._hedge(now, hedging, durations)
                    continue
                self._wait(now, hedge_at)
        finally:
            with self._lock:
                self.stopped = True
                unused, self._has_permit = self._has_permit, False
                ended = self._running == 0
                for attempt in self._attempts:
                    attempt.failure = attempt.value = None  # an error's traceback holds this frame: keep no circle
            self.failure = None
            if unused and self._admission is not None:
                self._admission.release()
            if ended:
                registry.discard(self)

    def named(self, item: object) -> tuple[str, str]:
        """The name of the call, and its arguments as text."""
        return call_text(self.function, item)

    def drop(self, reason: BaseException) -> None:
        """Begin no further attempt, and tell the caller."""
        with self._lock:
            self.stopped = True
            if self.failure is None:
                self.failure = reason
            self._open_gate()

    def _settled(self, now: float) -> _Attempt | None:
        """The attempt that has answered, if one has; raises once none can any more."""
        with self._lock:
            for attempt in self._attempts:
                if attempt.answered:
                    return attempt
            if self.failure is not None:
                raise self.failure
        failures = [self._failure_of(attempt, now) for attempt in self._attempts]
        try:
            for failure in failures:
                if failure is not None and not isinstance(failure, Exception):
                    raise failure  # SystemExit and the like: not one attempt's business
            if None not in failures:
                raise joined(failures)
        finally:
            failure = None
            failures.clear()
        if self.deadline is not None and now >= self.deadline.at:
            raise self.deadline_exceeded(self.waiting())
        return None

    def _failure_of(self, attempt: _Attempt, now: float) -> BaseException | None:
        if attempt.failure is None and self.timeout is not None and now >= attempt.started + self.timeout:
            attempt.failure = self.call_timeout(item_of(self._args, self._keywords))
        return attempt.failure

    def _hedge(self, now: float, hedging: Hedging, durations: Durations) -> None:
        if hedging.may_begin(now, self.deadline, durations):
            try:
                self._start()
            except RuntimeError:  # not a single thread can be started: the first one may still answer
                return

    def _wait(self, now: float, hedge_at: float | None) -> None:
        moments = [] if hedge_at is None else [hedge_at]
        if self.deadline is not None:
            moments.append(self.deadline.at)
        if self.timeout is not None:
            moments += [attempt.started + self.timeout for attempt in self._attempts if attempt.failure is None]
        if clock.acquire(self._gate, min(moments) - now if moments else None):
            with self._lock:
                self._gate_open = False

    def _start(self) -> _Attempt:
        attempt = _Attempt()
        attempt.started = clock.monotonic()
        attempt.item = item_of(self._args, self._keywords)
        with self._lock:
            self._running += 1
            self.workers.append(attempt)
            self._attempts.append(attempt)
        try:
            pool.start(lambda: self._run(attempt))
        except BaseException:
            self._attempts.remove(attempt)
            self._ended(attempt)
            raise
        return attempt

    def _run(self, attempt: _Attempt) -> None:
        begun = False
        try:
            begun = self._may_begin(attempt)
            if not begun:
                return
            value = self._context.copy().run(self.function, *self._args, **self._keywords)
            if is_coroutine(value):
                value.close()
                raise TypeError(  # noqa: TRY301  # as any failure of the attempt
                    f"{name_of(self.function)} returned a coroutine, and for a timeout or a hedge Retry must know "
                    "before the call that it is async: make it an `async def` that awaits it"
                )
        except BaseException as error:  # noqa: BLE001  # whatever the call raises belongs to the caller, SystemExit too
            if not self.stopped:  # nobody would hear it, and it would hold itself by its traceback
                attempt.failure = error
            if begun and self._admission is not None:
                self._admission.release(error)
        else:
            attempt.value = value
            attempt.answered = True
            if self._admission is not None:  # only now: a hedge that this lets through must see that it is too late
                self._admission.release(value)
        finally:
            self._ended(attempt)

    def _may_begin(self, attempt: _Attempt) -> bool:
        """Whether somebody still waits for the attempt, which then has a permit."""
        with self._lock:
            if self.stopped:
                return False
            if self._admission is None or self._has_permit:
                self._has_permit = False
                return True
        return self._admission.acquire_for(attempt, lambda: self._is_given_up(attempt))

    def _is_given_up(self, attempt: _Attempt) -> bool:
        return self.stopped or attempt.failure is not None or any(each.answered for each in tuple(self._attempts))

    def _ended(self, attempt: _Attempt) -> None:
        attempt.item = NOTHING
        with self._lock:
            self._running -= 1
            unheard = self._running == 0 and self.stopped
            self._open_gate()
        if unheard:
            registry.discard(self)

    def _open_gate(self) -> None:
        if not self._gate_open:
            self._gate_open = True
            self._gate.release()
