"""The calls under way in this process: a deadline names them, the end of an invocation waits for them."""

from __future__ import annotations

import os
from contextvars import ContextVar, copy_context
from sys import modules
from threading import Condition, RLock, get_ident
from time import monotonic
from weakref import ref

from meantime import clock
from meantime.callables import arguments_text, name_of, place_of_caller, place_text, shown
from meantime.deadline import current_deadline
from meantime.errors import CallTimeout, DeadlineExceeded, SettleFailed, Waiting
from meantime.segments import SDK, let_travel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from typing import Any

    from meantime.callables import Place
    from meantime.deadline import Deadline
    from meantime.executors.gauge import Gauge
    from meantime.outcomes import Outcomes

NOTHING = object()  # an item that is no item: the worker is between two calls
DRAWING = object()  # likewise: the worker is waiting for the input to give the next item


# The share of the reserve that a verb gives, after the deadline, to the verbs within its calls: a `settle` there says
# what became of its items, and that is then the outcome of the call.
INNER_FIRST = 0.1
LOOK_EVERY = 0.001
LOOKS = 20

PARKED_LOOK_EVERY = 0.005  # seconds between two looks at the streams that may be parked

# The fan-out whose call this code is, if it is one's.
parent_variable: ContextVar[ref[FanOut] | None] = ContextVar("meantime.parent", default=None)


class NothingReady(Exception):
    """Raised by an input that has nothing for this worker, and will have something for another."""


def call(function: Callable[[], object]) -> object:
    """What `gather` maps over its calls."""
    return function()


class Worker:
    """One worker of a fan-out and the call it has under way; plain attributes, since they are set for every item."""

    __slots__ = ("given_up", "index", "item", "started", "waits_for")

    def __init__(self) -> None:
        self.item: object = NOTHING
        self.index = 0
        self.started = 0.0
        self.waits_for: object = None  # the limiter that has not let it through yet
        self.given_up = False  # its call is over its timeout, and has been told of


class FanOut:
    """One use of a verb: its workers, where it was called, and the invocation that it belongs to.

    Args:
        verb: What the user called, for messages: `threads.map`.
        function: What each item is given to; `call` for `gather`.
        timeout: Seconds for each call, or None.
        place: What is told as the place where it was started; None: the line that called the verb.
    """

    __slots__ = (
        "__weakref__",
        "deadline",
        "exhausted",
        "failure",
        "function",
        "gauge",
        "looks",
        "parent",
        "place",
        "stopped",
        "timeout",
        "verb",
        "workers",
    )

    def __init__(
        self, verb: str, function: Callable[..., object], timeout: float | None, place: Place | None = None
    ) -> None:
        if SDK in modules:
            let_travel()
        self.verb = verb
        self.function = function
        self.timeout = timeout
        self.deadline = current_deadline()
        self.parent = parent_variable.get()
        self.looks = 0  # how often it still waits, after the deadline, for who was over within one of its calls
        self.place = place or place_of_caller()
        self.exhausted = False  # the input has no further item
        self.stopped = False  # no further item may begin
        self.failure: BaseException | None = None
        self.workers: list[Worker] = []
        gauges = registry.gauges
        self.gauge = None if gauges is None or self.deadline is None else gauges[verb == "in_thread"]

    def call_context(self) -> Context:
        """The context whose copies its calls run in: the caller's, and verbs within them know whose they are."""
        context = copy_context()
        context.run(parent_variable.set, ref(self))
        return context

    @property
    def last_start(self) -> float:
        """The point in time from which no call may begin."""
        return float("inf") if self.deadline is None else self.deadline.at

    @property
    def is_gather(self) -> bool:
        """Whether its items are the calls themselves."""
        return self.verb.endswith(".gather")

    def waits_for_inner(self) -> bool:
        """Whether, after the deadline, a verb within one of its calls has time to say what became of its items.

        To be asked every `LOOK_EVERY` seconds: once that verb is over, its caller needs a moment to hand that on.
        """
        deadline = self.deadline
        if deadline is None or clock.monotonic() >= deadline.at + INNER_FIRST * deadline.reserve:
            return False
        if any(each.is_within(self) and not each.is_over for each in registry.fan_outs(deadline)):
            self.looks = LOOKS
        else:
            self.looks -= 1
        return self.looks > 0

    def is_within(self, outer: FanOut) -> bool:
        """Whether it was started by a call of that one."""
        parent = None if self.parent is None else self.parent()
        return parent is outer and self.verb != "in_thread"

    @property
    def is_over(self) -> bool:
        """Whether its caller has been told what became of its items."""
        return False

    @property
    def is_parked(self) -> bool:
        """Whether it is a stream with no call under way, which goes on only if somebody draws from it."""
        return self.verb.endswith(".as_completed") and all(each.item is NOTHING for each in tuple(self.workers))

    def drop(self, reason: BaseException) -> None:
        """Begin no further call; if any was still to come, this is what its caller is told."""
        self.stopped = True
        if self.failure is None:
            self.failure = reason

    def named(self, item: object) -> tuple[str, str]:
        """The name of the call with this item, and the item as text."""
        if self.is_gather:
            return name_of(item), arguments_text(item)
        return name_of(self.function), shown(item)

    def waiting(self) -> list[Waiting]:
        """The calls under way in this fan-out, and for how long."""
        now, place = clock.monotonic(), place_text(self.place)
        found = []
        for worker in tuple(self.workers):
            item, started = worker.item, worker.started
            if item is DRAWING:
                found.append(Waiting(f"the next item of the input of {self.verb}", None, now - started, place))
            elif item is not NOTHING:
                function, text = self.named(item)
                if worker.waits_for is not None:
                    function = f"{worker.waits_for}, to let through {function}"
                found.append(Waiting(function, None if self.is_gather else item, now - started, place, text))
        return found

    def call_timeout(self, item: object) -> CallTimeout:
        """The error for a call that took longer than it may."""
        function, text = self.named(item)
        return CallTimeout(function, None if self.is_gather else item, text, self.timeout or 0.0)

    def settle_failed(self, error: BaseException, outcomes: Outcomes[Any, Any]) -> SettleFailed:
        """The error for a `settle` that could not go on; it carries what became of the items until then."""
        done, total = outcomes.success_count + outcomes.failure_count, outcomes.total_count
        return SettleFailed(f"{self.verb} could not go on after {done} of {total} items: {error!r}", outcomes)

    def deadline_exceeded(self, waiting: list[Waiting]) -> DeadlineExceeded:
        """The error that the caller of the verb gets at the deadline."""
        return DeadlineExceeded(f"{self.verb} stopped at the deadline of the invocation.", waiting)


class Registry:
    """Every fan-out with a worker that has not ended."""

    def __init__(self) -> None:
        self._lock = RLock()  # entered itself: Ctrl-C within the `__enter__` of the condition would leave it held
        self._changed = Condition(self._lock)
        self._fan_outs: set[FanOut] = set()
        self.waiters: set[int] = set()  # threads in `wait_until_idle`: a clock that a test holds does not wait for them
        self.gauges: tuple[Gauge, Gauge] | None = None  # of verbs, and of `in_thread`, where somebody asks for them

    def add(self, fan_out: FanOut) -> None:
        """Note that its workers start."""
        outer = None if fan_out.parent is None else fan_out.parent()
        if outer is not None:
            outer.looks = LOOKS
        with self._lock:
            self._fan_outs.add(fan_out)

    def discard(self, fan_out: FanOut) -> None:
        """Note that its last worker has ended."""
        with self._lock:
            self._fan_outs.discard(fan_out)
            if self.waiters:  # mostly nobody waits, and to tell nobody takes a microsecond
                self._changed.notify_all()

    def discard_loop(self, loop: object) -> None:
        """Note that this event loop has been given up: the workers on it will never end."""
        with self._lock:
            self._fan_outs -= {each for each in self._fan_outs if getattr(each, "loop", None) is loop}
            self._changed.notify_all()

    def __bool__(self) -> bool:
        return bool(self._fan_outs)

    def fan_outs(self, deadline: Deadline | None = None) -> tuple[FanOut, ...]:
        """Those under way now; of one invocation only, where its deadline is given."""
        with self._lock:
            found = tuple(self._fan_outs)
        return found if deadline is None else tuple(each for each in found if each.deadline is deadline)

    def waiting(self, deadline: Deadline | None = None) -> list[Waiting]:
        """Every call under way now; of one invocation only, where its deadline is given."""
        return [waiting for fan_out in self.fan_outs(deadline) for waiting in fan_out.waiting()]

    def wait_until_idle(self, timeout: float, deadline: Deadline | None = None, *, or_parked: bool = False) -> bool:
        """Wait until no worker is at work, at most `timeout` seconds; whether that was reached.

        Args:
            timeout: Seconds.
            deadline: Of the invocation whose workers are meant; None: all.
            or_parked: Whether the workers of a parked stream may stay.
        """

        def is_idle() -> bool:
            return not any(
                (deadline is None or each.deadline is deadline) and not (or_parked and each.is_parked)
                for each in self._fan_outs
            )

        with self._lock:
            self.waiters.add(get_ident())
            try:
                if not or_parked:
                    return self._changed.wait_for(is_idle, max(0.0, timeout))
                ends = monotonic() + timeout
                while not is_idle() and (left := ends - monotonic()) > 0:  # nobody tells when one is parked
                    self._changed.wait(min(left, PARKED_LOOK_EVERY))
                return is_idle()
            finally:
                self.waiters.discard(get_ident())

    def forget(self) -> None:
        """Start anew, as a forked child must: its parent's threads do not exist in it."""
        self.__init__()  # type: ignore[misc]  # the same object, so that everyone who holds it sees it empty


registry = Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=registry.forget)
