"""The same verbs one call after another, on the caller's own thread: the simplest thing, and the measure of all others.

A blocking call cannot be stopped from its own thread: `timeout` and the deadline take effect when it returns.
"""

from __future__ import annotations

from contextvars import copy_context

from meantime import clock
from meantime.callables import is_coroutine
from meantime.errors import DeadlineExceeded, InvocationEnded, MeantimeError
from meantime.executors.arguments import (
    DEFAULT_MAX_CONCURRENCY,
    CallOptions,
    check_blocking,
    check_completion,
    check_items,
    check_result,
    known_length,
)
from meantime.executors.attempts import blocking_attempts
from meantime.executors.collecting import Settling, Streaming, Values, is_outcome
from meantime.executors.underway import NOTHING, FanOut, Worker, call, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeVar

    from meantime.callables import Place
    from meantime.limiter import Limiter
    from meantime.outcomes import Completion, Outcome, Outcomes
    from meantime.retry import Retry

    Item = TypeVar("Item")
    Result = TypeVar("Result")


def map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> list[Result]:
    """Call a blocking function with one item after another; give the results in order.

    Args:
        function: A blocking function of one item.
        items: May be lazy; drawn one at a time.
        max_concurrency: Checked, and otherwise without effect: there is never more than one call.
        timeout: Seconds that each call may take, noticed when it returns.
        limiter: What every call has to pass, shared with whatever else uses that downstream.
        retry: How a failed call is made again.

    Raises:
        CallTimeout: A call took longer than `timeout`.
        DeadlineExceeded: The invocation's deadline has passed; nothing further is begun.
        TypeError: `function` is an async function, or `items` cannot be iterated.
        ValueError: `max_concurrency` or `timeout` is out of range.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    check_blocking(function, "sequential.map")
    return SequentialFanOut("sequential.map", function, check_items(items), options).values()


def gather(
    *calls: Callable[[], Any],
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> list[Any]:
    """Make different blocking calls one after another; give their results in order.

    Args:
        calls: Functions without arguments.
        max_concurrency: Checked, and otherwise without effect.
        timeout: Seconds that each call may take, noticed when it returns.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Raises:
        Exception: As `map` does.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    for each in calls:
        check_blocking(each, "sequential.gather")
    return SequentialFanOut("sequential.gather", call, iter(calls), options).values()


def settle(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    completion: Completion | None = None,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Outcomes[Item, Result]:
    """Call a blocking function with one item after another; say of each what became of it, and raise nothing.

    Args:
        function: A blocking function of one item.
        items: May be lazy; drawn one at a time.
        completion: When it is complete before all is done; None: never, however many fail.
        max_concurrency: Checked, and otherwise without effect.
        timeout: Seconds that each call may take; one that took longer has failed with CallTimeout.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Returns:
        Every item as succeeded, failed or unfinished; at the invocation's deadline too.

    Raises:
        SettleFailed: The input raised; it carries the outcomes until then.
        TypeError: `function` is an async function, or `items` cannot be iterated.
        ValueError: A keyword is out of range, or `completion` asks for more than there are items.
    """
    options, total = CallOptions(max_concurrency, timeout, limiter, retry), known_length(items)
    check_completion(completion, total)
    check_blocking(function, "sequential.settle")
    sequence = SequentialFanOut("sequential.settle", function, check_items(items), options)
    return sequence.outcomes(Settling(completion, total), total)


def as_completed(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    timeout: float | None = None,
    limiter: Limiter | None = None,
    retry: Retry | None = None,
) -> Iterator[Outcome[Item, Result]]:
    """Call a blocking function with one item after another; give the outcome of each as it comes.

    Args:
        function: A blocking function of one item.
        items: May be lazy, and endless; drawn one at a time, when the next outcome is asked for.
        max_concurrency: Checked, and otherwise without effect.
        timeout: Seconds that each call may take; one that took longer has failed with CallTimeout.
        limiter: What every call has to pass.
        retry: How a failed call is made again.

    Raises:
        DeadlineExceeded: The deadline has passed; nothing further is begun.
        Exception: Whatever the input raises; and as `map` does for bad arguments.
    """
    options = CallOptions(max_concurrency, timeout, limiter, retry)
    check_blocking(function, "sequential.as_completed")
    return SequentialFanOut("sequential.as_completed", function, check_items(items), options).stream()


class SequentialFanOut(FanOut):
    """One use of a verb, whose only worker is the caller itself.

    Args:
        verb: What the user called, for messages.
        function: What each item is given to.
        items: Where it draws from.
        options: The verb's keywords.
        place: What is told as the place where it was started; None: the line that called the verb.
    """

    __slots__ = ("_caller", "_context", "_items", "_worker")

    def __init__(
        self,
        verb: str,
        function: Callable[..., object],
        items: Iterator[object],
        options: CallOptions,
        *,
        place: Place | None = None,
    ) -> None:
        # With a retry every attempt has the timeout, and the retry sees to it.
        super().__init__(verb, function, options.timeout if options.retry is None else None, place)
        self._items = items
        self._context = copy_context()
        self._worker = Worker()
        self._caller = blocking_attempts(function, options, self._worker, lambda: self.failure is not None)
        self.workers.append(self._worker)

    def values(self) -> list[Any]:
        """The values in order, or the first failure raised."""
        collector = Values()
        with self:
            for index, item in self._draw(collector):
                collector.succeed(index, self._call(item))
        return collector.values

    def outcomes(self, collector: Settling, total: int | None) -> Outcomes[Any, Any]:
        """What became of each item."""
        with self:
            try:
                self._settle(collector, is_lazy=total is None)
            except DeadlineExceeded as error:
                collector.expire(error)
            except InvocationEnded:
                raise
            except Exception as error:
                collector.input_failed()
                raise self.settle_failed(error, collector.close((), exhausted=False)) from error
        rest = () if total is None else self._items
        return collector.close(rest, exhausted=self.exhausted or total is not None)

    def stream(self) -> Iterator[Outcome[Any, Any]]:
        """Each outcome as it comes."""
        outcomes: list[Outcome[Any, Any]] = []
        collector = Streaming(outcomes.append)
        with self:
            try:
                for index, item in self._draw(collector):
                    self._attempt(collector, index, item)
                    registry.discard(self)  # while the consumer looks at it, nothing is under way
                    yield outcomes.pop()
                    registry.add(self)
            except DeadlineExceeded as error:
                collector.expire(error)
                yield from outcomes
                raise

    def _settle(self, collector: Settling, *, is_lazy: bool) -> None:  # noqa: C901  # in one piece, see below
        """Settle one item after another; a method a step would cost more than an item."""
        worker, items, caller, context, timeout = self._worker, self._items, self._caller, self._context, self.timeout
        begin, succeed, last_start = collector.begin, collector.succeed, self.last_start
        while True:
            if is_lazy:
                self._check_deadline()
            try:
                item = next(items)
            except StopIteration:
                self.exhausted = True
                return
            index = begin(item)
            started = worker.started = clock.monotonic()
            if started >= last_start or self.failure is not None:  # the input may have taken its time, too
                collector.not_started(index)
                self._check_deadline()
            worker.item = item
            try:
                value = context.copy().run(caller, item)
                if is_coroutine(value):
                    check_result(self.function, value)
                if timeout is not None and clock.monotonic() - started > timeout:
                    raise self.call_timeout(item)  # noqa: TRY301  # an outcome like any other
            except BaseException as error:
                if not is_outcome(error):
                    raise
                self._note_not_let_through(collector, index)
                verdict = collector.fail(index, error)
            else:
                verdict = succeed(index, value)
            finally:
                worker.item = NOTHING
            if verdict is not None:
                return

    def __enter__(self) -> None:
        registry.add(self)
        if self.gauge is not None:
            self.gauge.begin()

    def __exit__(self, *_: object) -> None:
        registry.discard(self)
        if self.gauge is not None:
            self.gauge.end()

    def _draw(self, collector: Values | Settling | Streaming) -> Iterator[tuple[int, Any]]:
        while True:
            self._check_deadline()
            try:
                item = next(self._items)
            except StopIteration:
                self.exhausted = True
                return
            index = collector.begin(item)
            try:
                self._check_deadline()  # the input may have taken its time
            except MeantimeError:
                collector.not_started(index)
                raise
            yield index, item

    def _attempt(self, collector: Settling | Streaming, index: int, item: object) -> str | None:
        try:
            value = self._call(item)
        except BaseException as error:
            if not is_outcome(error):
                raise
            self._note_not_let_through(collector, index)
            return collector.fail(index, error)
        return collector.succeed(index, value)

    def _note_not_let_through(self, collector: Settling | Streaming, index: int) -> None:
        if self._worker.waits_for is not None:  # the limiter has not let its call through
            self._worker.waits_for = None
            collector.not_started(index)

    def _check_deadline(self) -> None:
        if clock.monotonic() >= self.last_start:
            raise self.deadline_exceeded([])
        if self.failure is not None:  # the invocation ended meanwhile: this runs on a thread that was left behind
            raise self.failure

    def _call(self, item: object) -> Any:
        worker, function = self._worker, self.function
        worker.started = clock.monotonic()
        worker.item = item
        try:
            value = self._context.copy().run(self._caller, item)
        finally:
            worker.item = NOTHING
        if is_coroutine(value):
            check_result(item if function is call else function, value)  # type: ignore[arg-type]  # gather's items are functions
        if self.timeout is not None and clock.monotonic() - worker.started > self.timeout:
            raise self.call_timeout(item)
        return value
