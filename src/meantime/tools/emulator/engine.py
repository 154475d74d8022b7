"""One event loop on one background thread: the emulator answers even while its user's own thread is busy."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from meantime.tools.emulator.errors import ClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
P = ParamSpec("P")


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function on a thread; a caller that is cancelled leaves only when the function has ended."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


class Engine:
    """A loop that runs until it has done its last work, and takes work from any thread until it is given that."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._finishing = False
        self._last_error: BaseException | None = None
        self._ended: Future[None] = Future()
        # "Running" to begin with: nobody who stops waiting for the end can cancel it for the others.
        self._ended.set_running_or_notify_cancel()
        # A daemon, so that an emulator nobody closed cannot keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name="meantime-emulator", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `work` on the loop; return where its result will be. The work goes on if the future is cancelled.

        Raises:
            ClosedError: The last work was given already.
        """
        result: Future[T] = Future()
        # Under the lock, so that all work is in the queue before the last.
        with self._lock:
            if self._finishing:
                work.close()
                raise ClosedError("the emulator is closed")
            self._loop.call_soon_threadsafe(self._begin, work, result)
        return result

    def finish(self, last: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        """Do the last work, then cancel what still runs and end the loop; return what is done when all of that is.

        Whoever calls it again gets the same future, which nobody can cancel, and their `last` is not called.
        """
        with self._lock:
            if not self._finishing:
                self._loop.call_soon_threadsafe(self._begin_last, last)
                self._finishing = True
        return self._ended

    def _begin(self, work: Coroutine[Any, Any, T], result: Future[T]) -> None:
        def hand_over(done: asyncio.Task[T]) -> None:
            if not result.set_running_or_notify_cancel():
                if not done.cancelled():
                    done.exception()  # seen, so that asyncio does not report it as forgotten
            elif done.cancelled():
                result.set_exception(ClosedError("the emulator was closed meanwhile"))
            elif (error := done.exception()) is not None:
                result.set_exception(error)
            else:
                result.set_result(done.result())

        self._loop.create_task(work).add_done_callback(hand_over)

    def _begin_last(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        def stop(done: asyncio.Task[None]) -> None:
            self._last_error = ClosedError("the closing was cancelled") if done.cancelled() else done.exception()
            self._loop.stop()

        self._loop.create_task(last()).add_done_callback(stop)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(_end_others())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()
            if self._last_error is None:
                self._ended.set_result(None)
            else:
                self._ended.set_exception(self._last_error)


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
