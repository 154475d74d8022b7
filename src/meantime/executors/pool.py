"""The kept threads: made when first needed, idle ones used again, kept over invocations.

They are daemons: work that never returns must not keep the process from ending.
"""

from __future__ import annotations

import os
from queue import SimpleQueue
from threading import Lock, Thread, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Lambda allows an execution environment 1,024 threads and processes together; the function's own need room too.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_THREADS = 512


class ThreadPool:
    """Runs jobs on kept threads, one thread a job, up to `max_threads`; further jobs wait for one to end.

    A job that starts further jobs when no thread is left runs them itself: waiting for them could wait for ever.
    """

    def __init__(self, max_threads: int = MAX_THREADS) -> None:
        self.max_threads = max_threads
        self.threads = 0
        self._lock = Lock()
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._free = 0  # idle threads less waiting jobs
        self._here = local()

    @property
    def jobs(self) -> int:
        """How many have not ended, those among them that wait for a thread."""
        return self.threads - self._free

    def start(self, job: Callable[[], None], *, may_run_here: bool = True, beyond: bool = False) -> bool:
        """Run this job on a kept thread, which must not raise; whether it was begun, or waits for a thread.

        Args:
            job: What to run.
            may_run_here: Where no thread is left, whether a job that starts it may run it itself; else it is not begun.
            beyond: Whether to start a thread for it where there are as many as may be: who waits for it runs on one.

        Raises:
            RuntimeError: Not a single thread can be started.
        """
        with self._lock:
            if self._free > 0:
                self._free -= 1
                self._jobs.put(job)
                return True
            spawn = self.threads < self.max_threads or beyond
            if spawn:
                self.threads += 1
            name = f"meantime-{self.threads}"
        if not spawn:
            return self._start_later(job, may_run_here=may_run_here)
        try:
            Thread(target=self._serve, args=(job,), name=name, daemon=True).start()
        except RuntimeError as error:  # the machine gives no more threads: make do with those there are
            with self._lock:
                self.threads -= 1
                if self.threads == 0:
                    raise RuntimeError(f"no thread can be started for this work: {error}") from error
            return self._start_later(job, may_run_here=may_run_here)
        return True

    def _start_later(self, job: Callable[[], None], *, may_run_here: bool) -> bool:
        if getattr(self._here, "is_worker", False):
            if may_run_here:
                job()
            return may_run_here
        with self._lock:
            self._free -= 1
            self._jobs.put(job)
        return True

    def _serve(self, job: Callable[[], None]) -> None:
        self._here.is_worker = True
        while True:
            job()
            del job  # an idle thread must keep nothing of its last job alive
            with self._lock:
                self._free += 1
            job = self._jobs.get()

    def forget(self) -> None:
        """Start anew, as a forked child must: its parent's threads do not exist in it."""
        self.__init__(self.max_threads)  # type: ignore[misc]  # the same object, so that everyone who holds it sees it empty


pool = ThreadPool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.forget)
