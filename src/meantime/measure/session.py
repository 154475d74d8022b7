"""The one recording under way: its calls, its threads' timelines, its asynchronous waits, what was observed."""

from __future__ import annotations

import os
import time
from array import array
from contextlib import suppress
from contextvars import ContextVar
from sys import _getframe
from threading import Lock, RLock

from meantime.measure.timeline import IDLE, NO_CALL, Timeline, timeline_of
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Token
    from types import CodeType
    from typing import Any

    from meantime.measure.description import Description
    from meantime.measure.stalling import Watcher

    Place = tuple[CodeType, int]

# The most samples of one thread: ten megabytes.
ROOM = 180_000

# The most files that are kept open to ask the kernel about as many threads: of the 1,024 that a process may have.
FILES = 128

# The most observations: what happens with each item says as much after a thousand of them.
OBSERVATIONS = 1_000

_DEEPEST = 60  # frames that are looked at for the function's own code
_MOST_PLACES = 40  # lines that led to a call, innermost first: each job may be submitted by the one before


class Current:
    """The call that the code which runs now is a part of: a context variable, which each recording has of its own.

    What goes on from a recording before, as a thread or a task of the function's, is in none of this one's calls. So
    who resets it asks the token: `token.var.reset(token)`.
    """

    __slots__ = ("get", "set")

    get: Callable[[], Call | None]
    set: Callable[[Call | None], Token[Call | None]]

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """A recording begins."""
        variable: ContextVar[Call | None] = ContextVar("meantime.measure.call", default=None)
        self.get, self.set = variable.get, variable.set


current = Current()

# Where the task that runs was made: the function's own code, innermost first.
spawned: ContextVar[tuple[Place, ...]] = ContextVar("meantime.measure.spawned", default=())

# The recording that this context is a part of: what a library runs on a thread of its own, in a copy of it, is too.
invocation: ContextVar[Session | None] = ContextVar("meantime.measure.invocation", default=None)


_jobs = Lock()


class Call:
    """One call under way or done. What a library learns of it meanwhile is added to it."""

    __slots__ = (
        "arrived",
        "attempts",
        "computed",
        "cpu",
        "description",
        "elsewhere",
        "ended",
        "error",
        "held",
        "is_async",
        "new_connection",
        "number",
        "on_loop",
        "parent",
        "phase",
        "place",
        "received",
        "sent",
        "started",
        "task",
        "timeline",
        "told",
        "waited",
        "waited_elsewhere",
    )

    def __init__(
        self, description: Description, parent: Call | None, place: tuple[Place, ...], *, is_async: bool
    ) -> None:
        self.description = description
        self.parent = parent
        self.place = place
        self.is_async = is_async
        self.number = NO_CALL  # what a recording has no room for keeps this one
        self.timeline: Timeline | None = None
        self.task: str | None = None
        self.started = self.ended = 0
        self.computed = self.waited = self.held = 0  # nanoseconds
        self.cpu = 0  # its thread's CPU clock when it began
        self.elsewhere = self.waited_elsewhere = 0  # of its wait under way, what threads have done for it meanwhile
        self.told = 0  # of what it computed, what came before its last wait
        self.on_loop = False  # a blocking call that a running event loop has to wait for
        self.arrived = 0  # the earliest that its last data can have come, where its loop was busy then
        self.phase = -1  # the kind of wait it is in while its task is suspended, where that is known better
        self.attempts = 1
        self.sent = self.received = 0
        self.new_connection: bool | None = None
        self.error: str | None = None

    def add_bytes(self, *, sent: int = 0, received: int = 0) -> None:
        """Bytes went over its connection; they are its parents', too."""
        call: Call | None = self
        while call is not None:
            call.sent += sent
            call.received += received
            call = call.parent

    def add_computing(self, nanoseconds: int) -> None:
        """A loop computed for it outside of its task's steps; so it did for what it is a part of."""
        call: Call | None = self
        while call is not None and call.task == self.task and call.timeline is self.timeline:
            call.computed += nanoseconds
            call = call.parent

    def add_job(self, took: int, computed: int, waited: int) -> None:
        """A thread has done a job for it, while its task waits for that: so it did for what it is a part of."""
        call: Call | None = self
        with _jobs:
            while call is not None and call.is_async and call.task == self.task and call.timeline is self.timeline:
                call.elsewhere += took
                call.waited_elsewhere += waited
                call.computed += computed
                call = call.parent

    def take_jobs(self, wait: int) -> int:
        """How much of a wait that is over was jobs on threads, whose own waits are its waits."""
        with _jobs:
            took, waited = self.elsewhere, self.waited_elsewhere
            self.elsewhere = self.waited_elsewhere = 0
        part = min(took, wait)
        self.waited += min(waited, took) * part // took
        return part

    def used_connection(self, *, new: bool) -> None:
        """It, and what it is a part of, opened a connection, or had one already."""
        call: Call | None = self
        while call is not None:
            if new or call.new_connection is None:
                call.new_connection = new
            call = call.parent


class Session:
    """A recording under way.

    Args:
        max_calls: The most calls it keeps; the rest are counted.
        watcher: Looks after its loops; else it gets one when there is a loop.
    """

    def __init__(self, max_calls: int, watcher: Watcher | None = None) -> None:
        self._lock = RLock()  # a signal's handler may make a call, too, while its thread is in here
        self._max_calls = max_calls
        _own.clear()
        self.calls: list[Call] = []
        self.dropped = 0
        self.left_out: set[str] = set()  # what failed, and is not recorded any longer
        self.timelines: list[Timeline] = []
        self.waits = array("q")  # of tasks: kind, begin, end, resumed, thread, call, CPU before
        self.owners: dict[int, Call] = {}  # who sent on a connection last, by its descriptor: the answer is for it
        self.unanswered: dict[int, int] = {}  # bytes sent on a connection, which are the next answer's call's
        self.observations: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []  # observations of steps of a loop that took long
        self.suspects: dict[int, Any] = {}  # steps that may, by thread
        self.watcher = watcher
        self.ended = 0
        self.began = time.monotonic_ns()
        self.wall = time.time()
        self.cpu = time.process_time_ns()
        current.renew()
        self.main = timeline_of(self)
        self.main.scopes = 1
        self._invocation = invocation.set(self)
        self.began = self.main.mark(IDLE)[0]  # what came before is not recorded

    def new_timeline(self) -> Timeline:
        """A timeline for this thread."""
        with self._lock:
            files = sum(timeline.has_file() for timeline in self.timelines)
            timeline = Timeline(len(self.timelines), ROOM, has_file=files < FILES and not self.ended)
            self.timelines.append(timeline)
            return timeline

    def admit(self, call: Call) -> None:
        """A call begins: it gets its number, if there is room."""
        with self._lock:
            if len(self.calls) < self._max_calls:
                call.number = len(self.calls)
                self.calls.append(call)
            else:
                self.dropped += 1

    def end(self) -> None:
        """Nothing is recorded from now on."""
        self.ended = self.main.mark()[0]
        self.cpu = time.process_time_ns() - self.cpu
        if self.watcher is not None:
            self.watcher.end()
        for timeline in self.timelines:
            timeline.close()
        with suppress(ValueError):  # it ends in another context than it began in
            invocation.reset(self._invocation)

    def forget(self) -> None:
        """Drop what was recorded: threads and tasks that go on may keep this as long as the process lives."""
        for timeline in self.timelines:
            timeline.forget()
        for kept in (self.calls, self.timelines, self.owners, self.observations, self.steps, self.suspects):
            kept.clear()
        self.waits = array("q")


class Active:
    """Which session is under way; a class, since a module's global cannot be bound by its importers."""

    session: Session | None = None


def own_place(depth: int) -> tuple[Place, ...]:
    """The function's own code that is under way here, innermost first, as code objects and line numbers.

    In a task it goes on with the code that made the task, not with the code that runs the loop. Below the boundary of
    the call that is under way, it is that call's.
    """
    frame = _getframe(depth)
    places: list[Place] = []
    for _ in range(_DEEPEST):
        code = frame.f_code
        if code in boundary_code:
            call = current.get()
            if call is not None and not call.ended:
                return (*places, *call.place)[:_MOST_PLACES]
        is_own = _own.get(code)
        if is_own is None:
            is_own = _own[code] = is_own_code(code.co_filename)
        if is_own:
            places.append((code, frame.f_lineno or code.co_firstlineno))
        back = frame.f_back
        if back is None:
            break
        if code.co_flags & COROUTINE and not back.f_code.co_flags & COROUTINE and spawned.get():
            places.extend(spawned.get())
            break
        frame = back
    return tuple(places[:_MOST_PLACES])


# Which code that was under way is the function's own: a walk through the stack asks for each of its frames.
_own: dict[CodeType, bool] = {}

# The code of the boundaries themselves.
boundary_code: set[CodeType] = set()

# What a loop steps, and what that awaits: inspect.COCOROUTINE | CO_ITERABLECOROUTINE | CO_ASYNC_GENERATOR
COROUTINE = 0x80 | 0x100 | 0x200


def _after_fork() -> None:
    Active.session = None  # the parent's: what the child does is not the invocation's


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
