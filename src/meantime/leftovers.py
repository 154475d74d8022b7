"""Work still under way when the handler has its answer: found, ended or waited for, and reported."""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar
from weakref import WeakKeyDictionary, WeakSet

from meantime import clock
from meantime.callables import name_of, place_of_caller, place_text
from meantime.errors import InvocationEnded, Leftover, Waiting
from meantime.executors.underway import registry
from meantime.frames import current_frames
from meantime.pool_workers import busy_pool_of, has_call, is_anyio_worker, is_idle, is_pool_worker, own_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from meantime.callables import Place
    from meantime.deadline import Deadline
    from meantime.environment import Environment
    from meantime.executors.underway import FanOut

# The warm resources that are being made here, outermost first: the threads and tasks that they start are no leftovers.
being_made: ContextVar[tuple[object, ...]] = ContextVar("meantime.being_made", default=())

# The tasks that hold a warm resource open: they live as long as the loop.
staying_tasks: WeakSet[Any] = WeakSet()

# What a handler may do about them: end them at once, wait for them while there is time, or count them as a failure.
POLICIES = ("end", "wait", "fail")

# The shares of the reserve, once the deadline has passed, by which threads are given up, and then everything else;
# the rest is for answering.
THREADS_CUT_OFF_AT = 0.5
CUT_OFF_AT = 0.75

CANCELLED = "cancelled"
NOT_CANCELLED = "and not to be cancelled"
STILL_RUNNING = "still running"
EARLIER = "from before"
GIVEN_UP = "with a loop that had to be given up"

_LOOK_EVERY = 0.002  # seconds between two looks at a pool's worker: nobody tells when it becomes idle


# How the names of threads begin that do no work of an invocation's: Meantime's own, and the one by which sentry_sdk
# looks, as long as the process lives, whether its server can be reached.
_NO_WORK = ("meantime-", "sentry.monitor")


class ThreadWatch:
    """Knows which threads the function started itself, and where: it wraps `Thread.start`, for 1 µs a thread."""

    def __init__(self) -> None:
        self.watched = False  # whether there is any thread to look at
        self._installed = False
        self._places: WeakKeyDictionary[threading.Thread, Place | None] = WeakKeyDictionary()
        self._reported: WeakSet[threading.Thread] = WeakSet()

    def install(self) -> None:
        """Start watching; a second call does nothing."""
        if self._installed:
            return
        self._installed = True
        watch, original = self, threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if not being_made.get() and not thread.name.startswith(_NO_WORK):
                watch._places[thread] = place_of_caller()
                watch.watched = True
            original(thread)

        threading.Thread.start = start  # type: ignore[assignment,method-assign]  # the one place every thread goes through

    def forget(self) -> None:
        """What has been started so far is no later invocation's leftover; but a pool's workers may get its work."""
        for thread in list(self._places):
            if not thread.is_alive() or not is_pool_worker(thread):
                del self._places[thread]
        self.watched = bool(self._places)

    def at_work(self) -> list[threading.Thread]:
        """The watched threads that are at work and were not reported for it; idle pool workers are not at work."""
        threads = [thread for thread in list(self._places) if thread.is_alive()]
        busy = [thread for thread in threads if is_anyio_worker(thread) and has_call(thread)]
        if others := [thread for thread in threads if not is_anyio_worker(thread)]:
            frames = current_frames()
            busy += [thread for thread in others if not is_idle(frames.get(thread.ident or 0))]
            for thread in others:  # a pool's worker that has been given work, and is only about to wake up
                if thread not in busy and busy_pool_of(thread) not in (None, *map(busy_pool_of, busy)):
                    busy.append(thread)
        if self._reported:
            self._reported &= WeakSet(busy)
        return [thread for thread in busy if thread not in self._reported] if self._reported else busy

    def wait(self, until: float) -> list[threading.Thread]:
        """Wait for them until the point in time `until`; those that are still at work."""
        ends = time.monotonic() + until - clock.monotonic()  # threads take real time, whatever the clock
        while (busy := self.at_work()) and (left := ends - time.monotonic()) > 0:
            if is_pool_worker(busy[0]):
                time.sleep(min(left, _LOOK_EVERY))
            else:
                busy[0].join(left)
        return busy

    def finish(self, until: float) -> list[Leftover]:
        """Wait for them until the point in time `until`; describe those that are still at work, once."""
        busy = self.wait(until)
        described = [self._describe(thread) for thread in busy]
        if busy:
            self._reported |= WeakSet(busy)
        self.forget()
        return described

    def _describe(self, thread: threading.Thread) -> Leftover:
        target = getattr(thread, "_target", None)
        place = place_text(self._places.get(thread))
        name = thread.name if target is None else name_of(target)
        if is_anyio_worker(thread) and (call := own_call(current_frames().get(thread.ident or 0))):
            name, place = call[0].co_qualname.replace("<locals>.", ""), place_text(call)  # not who started the worker
        doing = f" running {name}" if name != thread.name else ""
        return Leftover("thread", name, STILL_RUNNING, place, f"thread {thread.name!r}{doing}")


watch = ThreadWatch()


def cut_off(deadline: Deadline, share: float = CUT_OFF_AT) -> float:
    """When waiting for leftovers must end: within one reserve from now, and in time to answer."""
    return min(deadline.at + share * deadline.reserve, clock.monotonic() + deadline.reserve)


def threads_at_work(deadline: Deadline) -> bool:
    """Whether calls, or threads of the function's own, are under way in this invocation.

    A stream between two outcomes is not: who may still draw from it is under way itself.
    """
    if registry and not all(fan_out.is_parked for fan_out in registry.fan_outs(deadline)):
        return True
    return watch.watched and bool(watch.at_work())


def wait_for_threads(deadline: Deadline) -> None:
    """Let what runs on threads finish, until the deadline."""
    ends = time.monotonic() + deadline.remaining()  # threads take real time, whatever the clock
    while (left := ends - time.monotonic()) > 0 and threads_at_work(deadline):
        if registry:
            registry.wait_until_idle(left, deadline, or_parked=True)
        if watch.watched:
            watch.wait(clock.monotonic() + ends - time.monotonic())


def take_over(calls_end: Deadline, deadline: Deadline) -> bool:
    """Count what `on_deadline` has left under way as the invocation's own; whether there is any.

    Args:
        calls_end: The deadline that it had for its calls; it is ended.
        deadline: Of the invocation that it has answered.
    """
    calls_end.end()
    left = registry.fan_outs(calls_end)
    for fan_out in left:
        fan_out.deadline = deadline
    return bool(left)


def finish_threads(deadline: Deadline, left: list[Leftover], share: float = THREADS_CUT_OFF_AT) -> None:
    """Begin no further call, and wait for this invocation's threads until the cut-off.

    Args:
        deadline: Of the invocation that has its answer.
        left: Gets those that are not done.
        share: The share of the reserve by which they are given up.
    """
    if not (registry or watch.watched):
        return
    until = cut_off(deadline, share)
    if registry and (mine := registry.fan_outs(deadline)):
        for fan_out in mine:
            drop(fan_out)
            if not getattr(fan_out, "tasks", True):  # a stream whose last worker has ended, and that was kept
                registry.discard(fan_out)
        registry.wait_until_idle(until - clock.monotonic(), deadline)
        for fan_out in registry.fan_outs(deadline):
            kind = "process" if fan_out.verb.startswith("processes.") else "call"
            left += [_describe_call(kind, waiting) for waiting in fan_out.waiting()]
    if registry and (earlier := _stuck_before(deadline)):
        told = f"{earlier} calls of earlier invocations that still run; give their clients a timeout"
        left.append(Leftover("call", "", EARLIER, text=told))
    if watch.watched:
        left += watch.finish(until)


def drop(fan_out: FanOut) -> None:
    """Tell this fan-out, and whoever asks it for more, that its invocation has ended."""
    fan_out.drop(InvocationEnded(f"{fan_out.verb} was still under way when its invocation ended"))


def _describe_call(kind: str, waiting: Waiting) -> Leftover:
    words = str(Waiting(waiting.function, None, waiting.seconds, text=waiting.text))
    return Leftover(kind, waiting.function, STILL_RUNNING, waiting.place, f"call {words}")


def _stuck_before(deadline: Deadline) -> int:
    """How many calls of earlier invocations still hold a thread."""
    now = clock.monotonic()
    before = (each for each in registry.fan_outs() if each.deadline not in (None, deadline) and each.last_start < now)
    return sum(len(fan_out.waiting()) for fan_out in before)


def take_stock(left: Sequence[Leftover], environment: Environment, policy: str) -> None:
    """Count what an invocation has left, and report it in one line of the log.

    A log in JSON (AWS_LAMBDA_LOG_FORMAT=JSON) has it in fields as well, so that it can be asked for.
    """
    counted = environment.counted
    for each in own_of(left):
        if each.kind == "task":
            counted.leftover_tasks += 1
        elif each.kind == "process":
            counted.leftover_processes += 1
        elif each.kind != "loop":
            counted.leftover_threads += 1
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    getLogger("meantime").warning(
        "Left over at the end of the invocation, %s. Finish work before returning, give each client a timeout, or "
        "hand the work to a queue: the environment freezes under it, and it would run on in a later invocation.",
        in_words(left),
        extra={
            "leftovers": [{name: getattr(each, name) for name in Leftover.__slots__} for each in left],
            "policy": policy,
        },
    )


def tell_given_up(reason: str) -> None:
    """Say in the log that the loop is about to be retired, and what begins anew for it: that takes its time."""
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    from meantime.environment import current_environment  # noqa: PLC0415  # likewise

    getLogger("meantime").warning(
        "The event loop is given up, since %s; it is number %d in this environment. The async warm resources and the "
        "lifespan of an application end with it, and begin again on the next one.",
        reason,
        current_environment().counted.loops_retired + 1,
    )


def own_of(left: Sequence[Leftover]) -> list[Leftover]:
    """What the invocation has left itself; calls of earlier ones are reported with it."""
    return [each for each in left if each.state != EARLIER]


def in_words(left: Sequence[Leftover]) -> str:
    """All of them, by what became of them."""
    states: dict[str, list[str]] = {}
    for each in left:
        states.setdefault(each.state, []).append(str(each))
    return "; ".join(f"{state}: {'; '.join(texts)}" for state, texts in states.items())
