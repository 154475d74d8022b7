"""One use of a verb on child processes: workers on kept threads, each of which waits for a child's answers.

Unlike on threads, what must stop stops: at a timeout, at the deadline, at the first failure of a `map`, or when the
consumer leaves, the children at work are killed, and replaced when they are next needed.
"""

from __future__ import annotations

from collections import deque

from meantime import clock
from meantime.callables import name_of
from meantime.errors import NotPicklable
from meantime.executors.arguments import CallOptions
from meantime.executors.attempts import blocking_attempts
from meantime.executors.children.calls import ChildCalls, CutOff
from meantime.executors.collecting import STOP
from meantime.executors.thread_fan_out import ThreadFanOut
from meantime.executors.underway import DRAWING, NOTHING, call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from meantime.executors.children.calls import ChildCall
    from meantime.executors.children.chunks import Chunks
    from meantime.executors.children.pool import ChildPool
    from meantime.executors.children.wire import Part
    from meantime.executors.collecting import Settling
    from meantime.executors.underway import Worker
    from meantime.outcomes import Outcome, Outcomes


_READ_WITHIN = 0.2  # seconds to read what a killed child has said before; it takes far less


class ProcessFanOut(ThreadFanOut):
    """One use of a verb on processes.

    Args:
        verb: What the user called, for messages.
        function: What each item is given to.
        items: Where the workers draw from.
        known: How many items there are, where that can be told.
        options: The verb's keywords.
        packed: The function, packed.
        pool: Where the children come from.
        start_method: How they are started.
        chunks: How many items go to a child at once; None: one.
    """

    __slots__ = ("_children", "_chunks", "_drawn")

    def __init__(
        self,
        verb: str,
        function: Callable[..., object],
        items: Iterator[object],
        known: int | None,
        options: CallOptions,
        *,
        packed: list[Part],
        pool: ChildPool,
        start_method: str,
        chunks: Chunks | None,
    ) -> None:
        timeout = options.timeout
        if timeout is None and options.retry is not None:
            timeout = options.retry.timeout
        # A call over its timeout is killed by who waits for it; the threads' way, to leave it, is not needed.
        super().__init__(
            verb, function, items, known, CallOptions(options.max_concurrency, None, options.limiter, options.retry)
        )
        self._chunks = chunks
        self._drawn = 0
        self._children = ChildCalls(
            pool,
            packed,
            start_method,
            timeout=timeout,
            deadline=self.deadline,
            named=self.named,
            stop_at_failure=verb == "processes.map",
        )

    def values(self) -> list[Any]:
        """As on threads; what is still under way at its end is killed."""
        try:
            return super().values()
        finally:
            self._children.cut_off()

    def outcomes(self, collector: Settling) -> Outcomes[Any, Any]:
        """As on threads; what is still under way at its end is killed, once it has been taken down as unfinished."""
        try:
            return super().outcomes(collector)
        finally:
            self._children.cut_off()

    def stream(self) -> Iterator[Outcome[Any, Any]]:
        """As on threads; what is still under way at its end is killed."""
        try:
            yield from super().stream()
        finally:
            self._children.cut_off()

    def drop(self, reason: BaseException) -> None:
        """Begin no further call, tell the caller, and kill what is under way."""
        super().drop(reason)
        self._children.cut_off()

    def caller(self, worker: Worker) -> Callable[[Any], object]:
        """What this worker gives its items to, where they go to a child one by one."""
        if self.function is call and self._options.retry is not None:  # each call has statistics of its own
            return lambda each: self._attempts(each, worker)(each)
        return self._attempts(self.function, worker)

    def _attempts(self, named_as: Callable[..., object], worker: Worker) -> Callable[[Any], object]:
        in_child = self._children.call

        def call_in_child(item: object) -> object:
            return in_child(item)

        # The retry's statistics know a function by these, and a partial or an object has none of its own.
        call_in_child.__module__ = str(getattr(named_as, "__module__", ""))
        call_in_child.__qualname__ = name_of(named_as)
        return blocking_attempts(call_in_child, self._options, worker, self._is_stopped)

    def _end(self) -> None:
        super()._end()
        if self._chunks is not None:  # what a child has begun must be known before it is told
            self._children.cut_off(_READ_WITHIN)

    def _work(self, worker: Worker) -> None:
        if self._chunks is None:
            super()._work(worker)
            return
        drawn: deque[tuple[int, object]] = deque()  # with their index; those that have begun are taken out
        try:
            while self._draw(worker, drawn, self._chunks) and self._make_calls(worker, drawn, self._chunks):
                pass
        except CutOff:
            pass  # whoever waited has gone on
        except BaseException as error:  # noqa: BLE001  # the input's, or no process can be started
            self._fail(error, at_once=self._collector.raises)
        finally:
            worker.item = NOTHING
            if drawn and clock.monotonic() >= self.last_start:
                self._expire()
            self.release(worker)
            self._end_worker(lost=False)

    def _draw(self, worker: Worker, drawn: deque[tuple[int, object]], chunks: Chunks) -> bool:
        """Draw the items of one chunk; whether there were any."""
        with self._drawing:
            size = chunks.next_size(self._drawn)
            try:
                while len(drawn) < size and not (self.stopped or self.exhausted):
                    worker.started = clock.monotonic()
                    worker.item = DRAWING
                    item = self._context.run(next, self._items)
                    index = self._collector.begin(item)
                    self._collector.not_started(index)
                    drawn.append((index, item))
            except StopIteration:
                self.exhausted = True
            finally:
                worker.item = NOTHING
                self._drawn += len(drawn)
        if drawn and self._known is None and self._running < self._width:
            self._start_worker()
        return bool(drawn)

    def _make_calls(self, worker: Worker, drawn: deque[tuple[int, object]], chunks: Chunks) -> bool:
        """Have these items worked on; whether there may be more."""

        def begins(begun: ChildCall) -> None:
            if drawn and drawn[0][0] == begun.index:  # else it had to be sent once more
                drawn.popleft()
                self._collector.started(begun.index)
            worker.index = begun.index
            worker.started = clock.monotonic()
            worker.item = begun.item

        while drawn:
            began = clock.monotonic()
            if self.stopped or began >= self.last_start:
                return False
            try:
                message = self._message(drawn, chunks)
            except NotPicklable as error:
                index, _ = drawn.popleft()
                if not self._note(index, None, error):
                    return False
                continue
            answers, goes_on = 0, True
            for done, result, failure in self._children.answers(message, begins):
                answers += 1
                goes_on = self._note(done.index, result, failure)
                if not goes_on and answers < len(message) and not self._collector.raises:
                    begins(message[answers])  # its child is at the next one already
                    return False
            worker.item = NOTHING
            if not goes_on or answers < len(message):
                return False
            chunks.note(answers, clock.monotonic() - began)
        return True

    def _message(self, drawn: Iterable[tuple[int, object]], chunks: Chunks) -> list[ChildCall]:
        """As many of these as should go at once; NotPicklable if the first cannot go at all."""
        message: list[ChildCall] = []
        size = 0
        for index, item in drawn:
            if chunks.is_full(size):
                break
            try:
                message.append(self._children.pack(index, item))
            except NotPicklable:
                if not message:
                    raise
                break
            size += message[-1].size
        return message

    def _note(self, index: int, result: object, error: BaseException | None) -> bool:
        """Take down what became of an item; whether to go on."""
        collector = self._collector
        verdict = collector.succeed(index, result) if error is None else collector.fail(index, error)
        if error is not None and collector.raises:
            self._fail(error)
        if verdict is STOP:
            self._stop()
        return verdict is None
