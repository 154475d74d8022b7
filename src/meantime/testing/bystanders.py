"""Who goes by a held clock, and whether they all wait: only then does the next moment come.

A thread counts as waiting while it waits for the clock, an event loop while it has nothing to call. A thread that is at
work, or is blocked by something that the clock knows nothing of, is waited for a little in real time, and then left out
until it uses the clock again.
"""

from __future__ import annotations

import threading
from threading import Lock, current_thread
from weakref import WeakKeyDictionary

from meantime.executors.pool import ThreadPool, pool
from meantime.executors.underway import registry
from meantime.frames import current_frames
from meantime.limiter.waiters import running_loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from threading import Event, RLock, Thread
    from types import CodeType

    from meantime.testing.agenda import ThreadWait

# Looks at who is at work before these are left out: counted, not timed, since a slow machine slows both alike. Many
# more where somebody is certain to go on soon, as a thread that has been woken is.
_PATIENCE, _PATIENCE_IF_CERTAIN = 50, 2000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.00005, 0.001  # real seconds between two looks

_TURNS = 20  # of a loop that does not show whether it has anything to call, as uvloop does not

# The library's own threads go by their names: the kept ones have numbers, and these two have a time of their own.
_KEPT, _ASIDE = "meantime-", ("meantime-clock", "meantime-stalls")
_IDLE = ThreadPool._serve.__code__  # noqa: SLF001  # where a kept thread stands that has no job


class Bystanders:
    """The threads and loops that go by one clock, from now on.

    Threads that are there already count once they use the clock; those that are started later count at once.

    Args:
        lock: The clock's, which guards the waits.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._elsewhere = frozenset(threading.enumerate())
        self._threads: set[Thread] = set()
        self._loops: WeakKeyDictionary[AbstractEventLoop, Thread] = WeakKeyDictionary()
        self._waits: set[ThreadWait] = set()
        self._left_out: set[Thread] = set()
        self._changes = 0
        self.note()

    def note(self) -> None:
        """This thread uses the clock, and so does the loop that runs on it."""
        thread = current_thread()
        self._threads.add(thread)
        self._left_out.discard(thread)
        loop = running_loop()
        if loop is not None:
            self._loops[loop] = thread

    def note_loop(self, loop: AbstractEventLoop) -> None:
        """This loop uses the clock, and will run on this thread if it does not yet."""
        self.note()
        self._loops[loop] = current_thread()

    def begin(self, wait: ThreadWait) -> None:
        """Note that this thread waits; under the lock."""
        self.note()
        self._changes += 1
        self._waits.add(wait)

    def end(self, wait: ThreadWait) -> None:
        """Note that it waits no longer; under the lock."""
        self._changes += 1
        self._waits.discard(wait)
        wait.cancel()

    def nudge(self) -> None:
        """Let those that wait for a gate look at it, and at whether the clock is still in use; under the lock."""
        for wait in self._waits:
            if wait.gate is not None:
                wait.nudge()

    def are_none(self) -> bool:
        """Whether there is nobody but this thread."""
        return {*self._everybody()} <= {current_thread()}

    def wait_for(self, left: Event) -> None:
        """Return once all of them wait, or those that do not are to be left out; or when this event is set."""
        looks, changes, pause = 0, -1, _FIRST_PAUSE
        while (busy := self._busy()) and not left.is_set():
            if changes != self._changes:
                looks, changes, pause = 0, self._changes, _FIRST_PAUSE
            looks += 1
            if looks > (_PATIENCE_IF_CERTAIN if None in busy else _PATIENCE):
                self._leave_out(busy)
                return
            left.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _leave_out(self, busy: set[Thread | None]) -> None:
        places = _places()
        for thread in busy:
            # A loop that the clock does not know may be told something at any time: that is waited for every time.
            if thread is not None and not (thread in self._threads and _is_select(places.get(thread.ident))):
                self._left_out.add(thread)

    def _everybody(self) -> set[Thread | None]:
        """The threads that may do something; None stands for one that is certain to."""
        everybody: set[Thread | None] = set()
        jobs, at_work = pool.jobs, 0
        places = _places() if jobs else {}
        for thread in threading.enumerate():
            if thread.name.startswith(_KEPT) and thread.name.removeprefix(_KEPT).isdecimal():
                if jobs and places.get(thread.ident) is not _IDLE:
                    everybody.add(thread)
                    at_work += 1
            elif (thread in self._threads or thread not in self._elsewhere) and thread.name not in _ASIDE:
                everybody.add(thread)
        if at_work < jobs:
            everybody.add(None)  # a job is being handed over: it begins unless all kept threads are taken
        return everybody

    def _busy(self) -> set[Thread | None]:
        """Those that do not wait."""
        busy = self._at_work()
        loops = {loop: thread for loop, thread in tuple(self._loops.items()) if thread in busy and loop.is_running()}
        threads = set(loops.values())
        if not loops or busy - threads:  # who is at work may tell a loop anything until it waits itself
            return busy
        for loop in [*loops] * min(2, len(loops)):  # of several, one may have told another that was asked already
            if not _Question(loop).is_answered():
                return busy
        return self._at_work() - threads  # before a loop has nothing to call any more, it may give work to others

    def _at_work(self) -> set[Thread | None]:
        """The threads that do not wait for the clock, those of idle loops among them."""
        with self._lock:
            changes = self._changes
            waiting = {wait for wait in self._waits if wait.is_blocked()}
            woken = self._waits - waiting
            for wait in woken:
                if wait.gate is not None:
                    wait.nudge()
        busy = self._everybody() - {wait.thread for wait in waiting}
        self._left_out &= busy
        busy -= self._left_out
        if registry:  # else these are about to go on
            busy = {thread for thread in busy if thread is None or thread.ident not in registry.waiters}
        with self._lock:
            if woken or changes != self._changes or not all(wait.is_blocked() for wait in waiting):
                busy.add(None)
        return busy


def _places() -> dict[int | None, CodeType]:
    """Where each thread stands; of the frames themselves nothing is kept, since they hold what they work with."""
    return {ident: frame.f_code for ident, frame in current_frames().items()}


def _is_select(place: CodeType | None) -> bool:
    return place is not None and place.co_name == "select" and place.co_filename.endswith("selectors.py")


class _Question:
    """Asks a loop whether it has nothing to call but this."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._answered = Lock()
        self._answered.acquire()
        self._turns = 0
        self._is_over = False

    def is_answered(self) -> bool:
        """Whether the loop says so within a moment."""
        try:
            self._loop.call_soon_threadsafe(self._answer)
        except RuntimeError:  # it has just been closed
            return False
        answered = self._answered.acquire(True, _LONGEST_PAUSE)
        self._is_over = True
        return answered

    def _answer(self) -> None:
        if self._is_over:
            return
        ready = getattr(self._loop, "_ready", None)
        self._turns += 1
        if ready or (ready is None and self._turns < _TURNS):
            self._loop.call_soon(self._answer)
        else:
            self._answered.release()
