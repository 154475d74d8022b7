"""Workers on kept threads that draw from one iterator: an item costs less than a future would."""

from __future__ import annotations

import sys
from collections import deque
from contextvars import copy_context
from threading import Lock, Semaphore

from meantime import clock
from meantime.callables import is_coroutine
from meantime.errors import InvocationEnded, LoopRunning
from meantime.executors.arguments import check_result
from meantime.executors.attempts import blocking_attempts
from meantime.executors.collecting import LOST, STOP, Streaming, Values
from meantime.executors.pool import pool
from meantime.executors.underway import DRAWING, LOOK_EVERY, NOTHING, FanOut, NothingReady, Worker, call, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from meantime.callables import Place
    from meantime.executors.arguments import CallOptions
    from meantime.executors.collecting import Settling
    from meantime.outcomes import Outcome, Outcomes


_REST_WITHIN = 0.05  # seconds to wait for an input that is just giving an item


class ThreadFanOut(FanOut):
    """One use of a verb on threads.

    Args:
        verb: What the user called, for messages.
        function: What each item is given to.
        items: Where the workers draw from.
        known: How many items there are, where that can be told.
        options: The verb's keywords.
        place: What is told as the place where it was started; None: the line that called the verb.
    """

    __slots__ = (
        "_active",
        "_collector",
        "_context",
        "_drawing",
        "_gate",
        "_gate_open",
        "_input_context",
        "_is_over",
        "_items",
        "_known",
        "_lock",
        "_options",
        "_running",
        "_slots",
        "_width",
    )

    def __init__(
        self,
        verb: str,
        function: Callable[..., object],
        items: Iterator[object],
        known: int | None,
        options: CallOptions,
        *,
        place: Place | None = None,
    ) -> None:
        # With a retry every attempt has the timeout, and the retry sees to it.
        super().__init__(verb, function, options.timeout if options.retry is None else None, place)
        self._options = options
        self._items = items
        self._known = known
        self._width = options.max_concurrency
        self._collector: Values | Settling | Streaming
        self._drawing = Lock()  # held while the input gives an item, which may take as long as it likes
        self._lock = Lock()  # guards what follows, and is never held for long
        self._running = 0  # workers that have not ended
        self._active = 0  # of these, those that were not given up
        self._gate = Lock()  # held until the caller may go on
        self._gate_open = False
        self._is_over = False  # the caller may go on
        self._slots: Semaphore | None = None  # where a consumer sets the pace: how many more items may be drawn
        self._context = self.call_context()
        self._input_context = copy_context()  # what a lazy input sets there is no call's

    def values(self) -> list[Any]:
        """Run it all; the values in order, or the first failure raised."""
        collector = self._collector = Values()
        if self.deadline is not None and self.deadline.remaining() <= 0:
            raise self.deadline_exceeded([])
        try:
            self._run()
        finally:
            self.failure = None  # its traceback holds this frame: keep no circle
        return collector.values

    def outcomes(self, collector: Settling) -> Outcomes[Any, Any]:
        """Run it all; what became of each item."""
        self._collector = collector
        try:
            self._run()
        except BaseException as error:
            if error is not self.failure or isinstance(error, InvocationEnded) or not isinstance(error, Exception):
                raise
            collector.input_failed()
            raise self.settle_failed(error, collector.close(self._rest(), exhausted=self.exhausted)) from error
        finally:
            self.failure = None  # its traceback holds this frame: keep no circle
        return collector.close(self._rest(), exhausted=self.exhausted)

    def stream(self) -> Iterator[Outcome[Any, Any]]:
        """Run it; each outcome as it comes. While it is not asked for the next one, it begins no further call."""
        arrived: deque[Outcome[Any, Any]] = deque()
        slots = self._slots = Semaphore(self._width)
        self._collector = Streaming(lambda outcome: self._hand_on(arrived, outcome))
        try:
            self._start(streams=True)
            while self._wait(arrived) or arrived:
                yield arrived.popleft()
                slots.release()
            if self.failure is not None:
                raise self.failure
        finally:
            self._end()
            self.failure = None

    @property
    def is_over(self) -> bool:
        """Whether its caller has been told what became of its items."""
        return self._is_over

    def drop(self, reason: BaseException) -> None:
        """Begin no further call, and tell the caller."""
        self._fail(reason)
        if self._slots is not None:
            self._slots.release(self._width)

    def caller(self, worker: Worker) -> Callable[[Any], object]:
        """What this worker gives its items to."""
        return blocking_attempts(self.function, self._options, worker, self._is_stopped)

    def release(self, worker: Worker) -> None:
        """The worker has ended: give back what its calls needed."""

    def _run(self) -> None:
        try:
            self._start()
            self._wait()
            if self.failure is not None:
                raise self.failure
        finally:
            self._end()

    def _start(self, *, streams: bool = False) -> None:
        self._gate.acquire()
        if self._known == 0:
            self.exhausted = True
            self._is_over = True
            self._open_gate()
            return
        registry.add(self)
        # Of a lazy input nobody knows the length: there each worker starts the next when it finds work.
        for number in range(1 if self._known is None else min(self._known, self._width)):
            # The consumer of a stream must not run a worker itself: it would wait for the consumer.
            self._start_worker(may_run_here=not streams, beyond=streams and number == 0)

    def _end(self) -> None:
        self.stopped = self._is_over = True
        if self._slots is not None:
            self._slots.release(self._width)  # who waits for a turn finds that there is none
        if not self._running:
            registry.discard(self)

    def _start_worker(self, *, may_run_here: bool = True, beyond: bool = False) -> None:
        worker = Worker()
        with self._lock:
            self._running += 1
            self._active += 1
            self.workers.append(worker)
        if self.gauge is not None:
            self.gauge.begin()
        try:
            begun = pool.start(lambda: self._work(worker), may_run_here=may_run_here, beyond=beyond)
        except BaseException:
            self._end_worker(lost=False)
            raise
        if not begun:
            self._end_worker(lost=False)

    def _wait(self, arrived: deque[Outcome[Any, Any]] | None = None) -> bool:
        """Wait until it is over or, where a consumer waits for outcomes, one has arrived; whether it is not over."""
        deadline = None if self.deadline is None else self.deadline.at
        while not (arrived or self._is_over):
            now = clock.monotonic()
            if deadline is not None and now >= deadline:
                if not self._let_inner_end():
                    self._expire()
                continue
            wake = deadline
            if self.timeout is not None:
                overdue = self._oldest_call(now) + self.timeout
                if overdue <= now:
                    self._give_up_overdue(now, self.timeout)
                    continue
                wake = overdue if wake is None else min(wake, overdue)
            if clock.acquire(self._gate, None if wake is None else wake - now):
                with self._lock:
                    self._gate_open = False
        return not self._is_over

    def _calls(self) -> Iterator[tuple[Worker, int, object, float]]:
        for worker in tuple(self.workers):
            index, item, started = worker.index, worker.item, worker.started
            if item is NOTHING or item is DRAWING or worker.waits_for is not None or worker.given_up:
                continue
            if worker.started == started and worker.index == index:  # else it has just begun another
                yield worker, index, item, started

    def _oldest_call(self, now: float) -> float:
        return min((started for _, _, _, started in self._calls()), default=now)

    def _give_up_overdue(self, now: float, timeout: float) -> None:
        """Python cannot stop a thread: what takes too long has failed, and keeps its place until it returns."""
        for worker, index, item, started in self._calls():
            if started + timeout > now:
                continue
            error = self.call_timeout(item)
            worker.given_up = True
            verdict = self._collector.fail(index, error)
            if verdict is LOST:
                worker.given_up = False  # it has just returned
            elif self._collector.raises:
                self._fail(error)
            elif verdict is STOP:
                self._stop()
            else:
                with self._lock:
                    self._active -= 1
                    if self._active == 0 and self._is_drawn():
                        self._is_over = True
                        self._open_gate()

    def _is_drawn(self) -> bool:
        """Whether all items have been drawn, where no worker is drawing."""
        drawn = max(each.index for each in self.workers) + 1
        return self.exhausted or (self._known is not None and drawn >= self._known)

    def _comes_back(self, worker: Worker) -> bool:
        """Whether this worker, whose call was given up and has returned after all, is to go on."""
        with self._lock:
            if self.stopped or self._is_over:
                return False
            worker.given_up = False
            self._active += 1
            return True

    def _let_inner_end(self) -> bool:
        """Whether it has waited a moment for a verb within one of the calls, which has met the deadline, too."""
        if not self.waits_for_inner():
            return False
        if self._gate.acquire(timeout=LOOK_EVERY):  # real time, whatever the clock
            with self._lock:
                self._gate_open = False
        return True

    def _work(self, worker: Worker) -> None:  # noqa: C901, PLR0912, PLR0915  # a method a step costs more than an item
        collector, context, drawing, slots = self._collector, self._context, self._drawing, self._slots
        begin, succeed = collector.begin, collector.succeed
        last_start = self.last_start
        verdict: str | None = None
        try:
            function = self.caller(worker)
            while True:
                if slots is not None:
                    slots.acquire()
                with drawing:
                    if self.stopped or self.exhausted:
                        return
                    worker.started = clock.monotonic()
                    worker.item = DRAWING
                    try:
                        item = self._input_context.run(next, self._items)
                    except StopIteration:
                        self.exhausted = True
                        return
                    except NothingReady:
                        return
                    index = begin(item)
                if self._known is None and self._running < self._width:
                    self._start_worker(may_run_here=False)
                worker.index = index
                worker.started = clock.monotonic()
                if self._is_stopped() or worker.started >= last_start:  # while the input took its time
                    collector.not_started(index)
                    if worker.started >= last_start:
                        self._expire()
                    return
                worker.item = item
                try:
                    value = context.copy().run(function, item)
                    worker.item = NOTHING
                    if is_coroutine(value):
                        check_result(item if self.function is call else self.function, value)  # type: ignore[arg-type]  # gather's items are functions
                    verdict = succeed(index, value)
                except BaseException as error:  # noqa: BLE001  # whatever a call raises is its outcome, SystemExit too
                    if worker.waits_for is not None:  # the limiter has not let it through
                        worker.waits_for = None
                        collector.not_started(index)
                    verdict = collector.fail(index, error)
                    if collector.raises:
                        self._fail(error)
                if verdict is LOST and self._comes_back(worker):
                    verdict = None
                if verdict is not None:
                    if verdict is STOP:
                        self._stop()
                    return
        except BaseException as error:  # noqa: BLE001  # the input's, or no thread can be started
            self._fail(error, at_once=collector.raises)
        finally:
            worker.item = NOTHING
            self.release(worker)
            self._end_worker(lost=verdict is LOST)

    def _hand_on(self, arrived: deque[Outcome[Any, Any]], outcome: Outcome[Any, Any]) -> None:
        arrived.append(outcome)
        with self._lock:
            self._open_gate()

    def _is_stopped(self) -> bool:
        return self.stopped

    def _expire(self) -> None:
        """The deadline has come: no further call begins, and what is under way is cut off."""
        error = self.deadline_exceeded(self.waiting())
        for worker in self.workers:
            if worker.waits_for is not None:  # no limiter has let it through yet
                self._collector.not_started(worker.index)
        self._collector.expire(error)
        if self._collector.raises or self._slots is not None:
            self._fail(error)
        else:
            self._stop()

    def _stop(self) -> None:
        with self._lock:
            self.stopped = True
            self._is_over = True
            self._open_gate()

    def _fail(self, error: BaseException, *, at_once: bool = True) -> None:
        with self._lock:
            if not (self.failure is not None or self._is_over):
                self.failure = error
            self.stopped = True
            if at_once:
                self._is_over = True
                self._open_gate()

    def _end_worker(self, *, lost: bool) -> None:
        if self.gauge is not None:
            self.gauge.end()
        with self._lock:
            self._running -= 1
            last = self._running == 0
            if not lost:
                self._active -= 1
                if self._active == 0:
                    self._is_over = True
                    self._open_gate()
        if last:
            registry.discard(self)

    def _open_gate(self) -> None:
        if not self._gate_open:
            self._gate_open = True
            self._gate.release()

    def _rest(self) -> list[object]:
        """The items of an input of known length that were not drawn: they are looked at, not begun."""
        if self._known is None or self.exhausted or not self._drawing.acquire(timeout=_REST_WITHIN):
            return []
        try:
            rest = list(self._items)
        except Exception:  # noqa: BLE001  # then `exhausted` says that there are more
            return []
        finally:
            self._drawing.release()
        self.exhausted = True
        return rest


def refuse_running_loop(verb: str) -> None:
    """LoopRunning where this verb would block a running event loop."""
    asyncio = sys.modules.get("asyncio")  # where it is not loaded, no loop runs
    if asyncio is not None and asyncio._get_running_loop() is not None:  # noqa: SLF001  # public, but for its name: get_running_loop raises
        raise LoopRunning(
            f"{verb} was called on the event loop, and would block it: use `await tasks.{verb.partition('.')[2]}(...)` "
            "with `meantime.in_thread(function)` for each blocking function"
        )
