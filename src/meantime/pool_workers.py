"""The worker threads of pools, of concurrent.futures and of anyio: which have work, and what it is."""

from __future__ import annotations

import threading

from meantime.frames import current_frames
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from meantime.callables import Place


def is_pool_worker(thread: threading.Thread) -> bool:
    """Whether it is of either kind."""
    return _is_executors_worker(thread) or is_anyio_worker(thread)


def is_anyio_worker(thread: threading.Thread) -> bool:
    """Whether it is one of those that run the `def` routes of FastAPI and Starlette, and wait for the next."""
    kind = type(thread)
    return kind.__name__ == "WorkerThread" and kind.__module__.startswith("anyio.")


def has_call(worker: Any) -> bool:
    """Whether such a worker has a call. For anyio it is idle once the loop has the result, which may not run again."""
    if worker.stopping or worker in worker.idle_workers:
        return False
    return bool(worker.queue.unfinished_tasks)


def call_awaited(future: object) -> Place | None:
    """The function's own call on one of anyio's workers that this future stands for."""
    workers = [thread for thread in threading.enumerate() if is_anyio_worker(thread)]
    frames = current_frames() if workers else {}
    for worker in workers:
        outer = frame = frames.get(worker.ident or 0)
        while outer is not None and outer.f_code is not type(worker).run.__code__:
            outer = outer.f_back
        if outer is not None and outer.f_locals.get("future") is future:
            return own_call(frame)
    return None


def own_call(frame: Any) -> Place | None:
    """The outermost call of the function's own code under way here, at the line it stands at."""
    found = None
    while frame is not None:
        if is_own_code(frame.f_code.co_filename):
            found = (frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return found


def busy_pool_of(thread: threading.Thread) -> object | None:
    """The pool of this worker, if not all of its workers wait for work."""
    if not _is_executors_worker(thread):
        return None
    pool = getattr(thread, "_args", (bool,))[0]()  # a weak reference to it
    idle = getattr(getattr(pool, "_idle_semaphore", None), "_value", None)
    return pool if idle is not None and idle < len(getattr(pool, "_threads", ())) else None


def is_idle(frame: Any) -> bool:
    """Whether a thread with this innermost frame is a pool's worker that waits for work."""
    for function, module in _frames(frame):
        if (function, module) in (("_worker", "concurrent.futures.thread"), ("get", "queue")):
            return True
        if module != "threading":
            return False
    return False


def _is_executors_worker(thread: threading.Thread) -> bool:
    return getattr(getattr(thread, "_target", None), "__module__", "") == "concurrent.futures.thread"


def _frames(frame: Any) -> Iterator[tuple[str, str]]:
    while frame is not None:
        yield frame.f_code.co_name, frame.f_globals.get("__name__", "")
        frame = frame.f_back
