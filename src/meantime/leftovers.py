"""Work still under way when the handler has its answer: found, waited for within the reserve, and reported."""

from __future__ import annotations

import sys
import threading
from contextvars import ContextVar
from time import monotonic
from weakref import WeakKeyDictionary

from meantime.callables import name_of, place_of_caller, place_text
from meantime.executors.underway import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from meantime.callables import Place
    from meantime.deadline import Deadline
    from meantime.environment import Environment


# True where a warm resource is made: the threads and tasks that it starts are no leftovers.
meant_to_stay: ContextVar[bool] = ContextVar("meantime.meant_to_stay", default=False)


class ThreadWatch:
    """Knows which threads the function started itself, and where: it wraps `Thread.start`, for 1 µs a thread."""

    def __init__(self) -> None:
        self.started = 0
        self._places: WeakKeyDictionary[threading.Thread, Place | None] = WeakKeyDictionary()
        self._original = threading.Thread.start

    def install(self) -> None:
        """Start watching; a second call does nothing."""
        if threading.Thread.start is not self._original:
            return
        watch, original = self, self._original

        def start(thread: threading.Thread) -> None:
            if not meant_to_stay.get() and not thread.name.startswith("meantime-"):
                watch._places[thread] = place_of_caller()
                watch.started += 1
            original(thread)

        threading.Thread.start = start  # type: ignore[assignment,method-assign]  # the one place every Python thread goes through

    def forget(self) -> None:
        """What is running now is known of, and no later invocation's leftover."""
        self._places.clear()
        self.started = 0

    def at_work(self) -> list[threading.Thread]:
        """The threads started since the last `forget` that are still at work; idle pool workers are not."""
        threads = [thread for thread in list(self._places) if thread.is_alive()]
        if not threads:
            return []
        frames = sys._current_frames()  # noqa: SLF001  # documented; the underscore says: for special uses
        return [thread for thread in threads if not _is_idle(frames.get(thread.ident or 0))]

    def describe(self, thread: threading.Thread) -> str:
        """A thread as a reader can find it in the source."""
        target = getattr(thread, "_target", None)
        doing = f" running {name_of(target)}" if target is not None else ""
        place = place_text(self._places.get(thread))
        return f"thread {thread.name!r}{doing}" + (f", started at {place}" if place else "")


def _is_idle(frame: Any) -> bool:
    """Whether a thread with this innermost frame is a pool's worker that waits for work."""
    for function, module in _frames(frame):
        if (function, module) in (("_worker", "concurrent.futures.thread"), ("get", "queue")):
            return True
        if module != "threading":
            return False
    return False


def _frames(frame: Any) -> Iterator[tuple[str, str]]:
    while frame is not None:
        yield frame.f_code.co_name, frame.f_globals.get("__name__", "")
        frame = frame.f_back


watch = ThreadWatch()


# The shares of the reserve, once the deadline has passed, by which threads are given up, and then everything else;
# the rest is for answering.
THREADS_CUT_OFF_AT = 0.5
CUT_OFF_AT = 0.75


def cut_off(deadline: Deadline, share: float = CUT_OFF_AT) -> float:
    """When waiting for leftovers must end: within one reserve from now, and in time to answer."""
    return min(deadline.at + share * deadline.reserve, monotonic() + deadline.reserve)


def finish_threads(deadline: Deadline, environment: Environment) -> None:
    """Wait for threads at work until the cut-off; count and report those that are not done."""
    if not registry and not watch.started:
        return
    until = cut_off(deadline, THREADS_CUT_OFF_AT)
    for fan_out in registry.fan_outs():
        fan_out.stopped = True  # queued work is dropped
    registry.wait_until_idle(until - monotonic())
    left = [f"call {waiting}" for waiting in registry.waiting()]
    if watch.started:
        for thread in watch.at_work():
            thread.join(max(0.0, until - monotonic()))
        left += [watch.describe(thread) for thread in watch.at_work()]
        watch.forget()
    if left:
        environment.counted.leftover_threads += len(left)
        report("still running", left)


def report(kind: str, left: Iterable[str]) -> None:
    """One log line for all of them."""
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    getLogger("meantime").warning(
        "Left over at the end of the invocation, %s: %s. Finish work before returning, or hand it to a queue: the "
        "environment freezes under it, and it would run on in a later invocation.",
        kind,
        "; ".join(left),
    )
