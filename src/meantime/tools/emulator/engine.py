"""One event loop on one background thread: the emulator answers even while its user's own thread is busy."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

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
    """A loop that runs from `start` to `stop`, and takes work from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon, so that an emulator nobody closed cannot keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name="meantime-emulator", daemon=True)

    def start(self) -> None:
        """Let the loop run."""
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run `work` on the loop; return where its result will be. The work goes on if the future is cancelled."""
        result: Future[T] = Future()
        self._loop.call_soon_threadsafe(self._begin, work, result)
        return result

    def stop(self) -> None:
        """Cancel what still runs, end the loop, and wait for its thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _begin(self, work: Coroutine[Any, Any, T], result: Future[T]) -> None:
        def hand_over(done: asyncio.Task[T]) -> None:
            if not result.set_running_or_notify_cancel():
                if not done.cancelled():
                    done.exception()  # seen, so that asyncio does not report it as forgotten
            elif done.cancelled():
                result.set_exception(asyncio.CancelledError())
            elif (error := done.exception()) is not None:
                result.set_exception(error)
            else:
                result.set_result(done.result())

        self._loop.create_task(work).add_done_callback(hand_over)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(_end_others())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
