"""The calls under way in this process: a deadline names them, the end of an invocation waits for them."""

from __future__ import annotations

import os
from threading import Event, Lock
from time import monotonic

from meantime.callables import name_of, place_of_caller, place_text, shown
from meantime.errors import DeadlineExceeded, Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NOTHING = object()  # what a worker holds between two calls


def call(function: Callable[[], object]) -> object:
    """What `gather` maps over its calls."""
    return function()


class Worker:
    """One worker of a fan-out and the call it has under way; plain attributes, since they are set for every item."""

    __slots__ = ("item", "started")

    def __init__(self) -> None:
        self.item: object = NOTHING
        self.started = 0.0


class FanOut:
    """One use of a verb: its workers, and where it was called.

    Args:
        verb: What the user called, for messages: `threads.map`.
        function: What each item is given to; `call` for `gather`.
        timeout: Seconds for each call, or None.
    """

    __slots__ = ("__weakref__", "failure", "function", "place", "stopped", "timeout", "verb", "workers")

    def __init__(self, verb: str, function: Callable[..., object], timeout: float | None) -> None:
        self.verb = verb
        self.function = function
        self.timeout = timeout
        self.place = place_of_caller()
        self.stopped = False  # no further item may begin
        self.failure: BaseException | None = None
        self.workers: list[Worker] = []

    def named(self, item: object) -> tuple[str, str]:
        """The name of the call with this item, and the item as text."""
        if self.function is call:
            return name_of(item), ""
        return name_of(self.function), shown(item)

    def waiting(self) -> list[Waiting]:
        """The calls under way in this fan-out, and for how long."""
        now, place = monotonic(), place_text(self.place)
        calls = [(worker.item, worker.started) for worker in tuple(self.workers)]
        return [Waiting(*self.named(item), now - started, place) for item, started in calls if item is not NOTHING]

    def deadline_exceeded(self, waiting: list[Waiting]) -> DeadlineExceeded:
        """The error that the caller of the verb gets at the deadline."""
        return DeadlineExceeded(f"{self.verb} stopped at the deadline of the invocation.", waiting)


class Registry:
    """Every fan-out with a worker that has not ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._fan_outs: set[FanOut] = set()
        self._idle: Event | None = None

    def add(self, fan_out: FanOut) -> None:
        """Note that its workers start."""
        with self._lock:
            self._fan_outs.add(fan_out)

    def discard(self, fan_out: FanOut) -> None:
        """Note that its last worker has ended."""
        with self._lock:
            self._fan_outs.discard(fan_out)
            if self._idle is not None and not self._fan_outs:
                self._idle.set()

    def __bool__(self) -> bool:
        return bool(self._fan_outs)

    def fan_outs(self) -> tuple[FanOut, ...]:
        """Those under way now."""
        with self._lock:
            return tuple(self._fan_outs)

    def waiting(self) -> list[Waiting]:
        """Every call under way now."""
        return [waiting for fan_out in self.fan_outs() for waiting in fan_out.waiting()]

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait until no worker is at work, at most `timeout` seconds; whether that was reached."""
        with self._lock:
            if not self._fan_outs:
                return True
            self._idle = idle = Event()
        return idle.wait(max(0.0, timeout))

    def forget(self) -> None:
        """Start anew, as a forked child must: its parent's threads do not exist in it."""
        self.__init__()  # type: ignore[misc]  # the same object, so that everyone who holds it sees it empty


registry = Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=registry.forget)
