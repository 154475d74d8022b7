"""Threads and tasks that the invocation starts: what they do is a part of the call that started them, and its line."""

from __future__ import annotations

from functools import wraps
from weakref import WeakSet

from meantime.measure.boundaries import Description, carried, is_of
from meantime.measure.containing import contained
from meantime.measure.session import Active, own_place, spawned
from meantime.measure.stalling import watch
from meantime.measure.timeline import timeline_of
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches
    from meantime.measure.session import Session


# The threads that tell what they do.
told: WeakSet[Any] = WeakSet()


def install(patches: Patches) -> None:
    """Note what is started from now on."""
    patches.when_imported("threading", lambda module: patches.wrap(module.Thread, "start", _starting))
    patches.when_imported(
        "asyncio.base_events", lambda module: patches.wrap(module.BaseEventLoop, "create_task", _creating)
    )
    patches.when_imported("uvloop", lambda module: patches.wrap(module.Loop, "create_task", _creating))


def _starting(start: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(start)
    def noted(thread: Any) -> Any:
        session = Active.session
        run = None if session is None else _carried_run(session, thread)
        if run is None:
            return start(thread)
        thread.run = run
        told.add(thread)
        try:
            return start(thread)
        except BaseException:
            vars(thread).pop("run", None)
            raise

    return noted


@contained
def _carried_run(session: Session, thread: Any) -> Callable[[], None] | None:
    """What it runs, as a part of what runs now; None where that is not the invocation's, or tells of itself."""
    if not is_of(session) or "run" in vars(thread):
        return None
    function = getattr(thread, "_target", None) if type(thread).run is _plain_run() else type(thread).run
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or not is_own_code(code.co_filename):
        return None  # a pool's
    name = getattr(function, "__qualname__", "thread")
    run = carried(thread.run, lambda *_: Description(name, "item", "threading"))

    def run_noted() -> None:
        vars(thread).pop("run", None)  # the thread as it was
        run()

    return run_noted


def _plain_run() -> Any:
    from threading import Thread  # noqa: PLC0415  # loaded: a thread is being started

    return Thread.run


def _creating(create_task: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(create_task)
    def noted(loop: Any, *args: Any, **keywords: Any) -> Any:
        session = Active.session
        place = None if session is None else _looked_after(session, loop)
        if place is None or keywords.get("context") is not None:
            return create_task(loop, *args, **keywords)
        token = spawned.set(place)  # the task's context is a copy of this one
        try:
            return create_task(loop, *args, **keywords)
        finally:
            spawned.reset(token)

    return noted


@contained
def _looked_after(session: Session, loop: Any) -> tuple[Any, ...]:
    """Where the task is made."""
    watch(session, timeline_of(session), loop)
    return own_place(3)
