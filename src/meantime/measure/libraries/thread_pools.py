"""concurrent.futures' thread pools, also as asyncio uses them: each job is a call, with its time in the queue.

Who waits for such a job waits for what the job tells of: that is no further call.
"""

from __future__ import annotations

import sys
import time
from functools import partial, wraps
from weakref import WeakSet

from meantime.callables import name_of
from meantime.measure.boundaries import Description, carried, is_of
from meantime.measure.containing import failed
from meantime.measure.jobs import for_task
from meantime.measure.libraries import wrap
from meantime.measure.libraries.nesting import is_part, quiet
from meantime.measure.libraries.sums import add
from meantime.measure.session import Active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


_HERE = __file__.removesuffix("libraries/thread_pools.py")
# Those whose jobs tell of themselves.
_told: WeakSet[Any] = WeakSet()


def record(module: ModuleType, patches: Patches) -> None:
    """Note what is submitted."""
    if module.__name__ == "concurrent.futures._base":
        for name in ("result", "exception"):
            wrap(patches, module.Future, name, _waiting)
        wrap(patches, module, "_create_and_install_waiters", _waiting_for_all)
        return
    wrap(patches, module.ThreadPoolExecutor, "submit", _noting)
    wrap(patches, module.ThreadPoolExecutor, "shutdown", quiet)


def _waiting(function: Callable[..., Any]) -> Callable[..., Any]:
    wait_quietly = quiet(function)

    @wraps(function)
    def wait(future: Any, *args: Any, **keywords: Any) -> Any:
        return (wait_quietly if future in _told else function)(future, *args, **keywords)

    return wait


def _waiting_for_all(function: Callable[..., Any]) -> Callable[..., Any]:
    """`wait` and `as_completed`, by what both wait for."""

    @wraps(function)
    def create_and_install_waiters(futures: Any, *args: Any, **keywords: Any) -> Any:
        waiter = function(futures, *args, **keywords)
        if all(future in _told for future in futures):
            waiter.event.wait = quiet(waiter.event.wait)
        return waiter

    return create_and_install_waiters


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    hand_over = quiet(function)

    @wraps(function)
    def submit(pool: Any, job: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
        session = Active.session
        if session is None or not is_of(session) or not callable(job):
            return function(pool, job, *args, **keywords)
        try:
            is_inner = is_part()  # of a library's call, which looks a name up, say
            noted = _for_task(carried(job) if is_inner else _item(pool, job, args))
        except Exception as error:  # noqa: BLE001  # recording must not break what it records: a job may be any object
            failed("ThreadPoolExecutor.submit", error)
            return function(pool, job, *args, **keywords)
        if is_inner:
            return function(pool, noted, *args, **keywords)
        future = hand_over(pool, noted, *args, **keywords)
        _told.add(future)
        return future

    return submit


def _item(pool: Any, job: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    """This job, telling what it does, and how long it was in the queue."""
    name = _name(job, args)
    submitted = time.monotonic()

    def describe(_args: tuple[Any, ...], _keywords: dict[str, Any]) -> Description:
        queued = (time.monotonic() - submitted) * 1e3
        add("fan_out", "ThreadPoolExecutor", pool, most={"longest_queued_ms": queued}, items=0, queued_ms=queued)
        return Description(name, "item", "concurrent.futures")

    noted = carried(job, describe)
    add(
        "fan_out",
        "ThreadPoolExecutor",
        pool,
        fixed={"max_concurrency": float(getattr(pool, "_max_workers", 0))},
        most={"longest_queued_ms": 0.0},
        items=1,
        queued_ms=0.0,
    )
    return noted


def _for_task(job: Callable[..., Any]) -> Callable[..., Any]:
    """This job, as one that a task waits for if a loop hands it over: `run_in_executor`, and so `to_thread`."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  # documented
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    return for_task(job) if frame is not None and frame.f_code.co_name == "run_in_executor" else job


def _name(job: Any, args: tuple[Any, ...]) -> str:
    """What the job calls: asyncio.to_thread gives `context.run` a function, and run_in_executor a partial of one."""
    while isinstance(job, partial):
        job, args = job.func, (*job.args, *args)
    if getattr(job, "__name__", "") == "run" and args and callable(args[0]):
        return _name(args[0], args[1:])
    return name_of(job)
