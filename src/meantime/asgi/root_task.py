"""The root task of a loop: anyio ends its worker threads with it, and so keeps them from one request to the next.

A `def` route of FastAPI or Starlette runs on such a thread. anyio takes the task that `run_until_complete` was called
with for the root, and known by its callback (`find_root_task` in anyio/_backends/_asyncio.py). A kept loop has a task
for each request instead, and each would get a thread of its own. So a task that stays gets that callback.
"""

from __future__ import annotations

import os
import threading
from asyncio.base_events import _run_until_complete_cb  # type: ignore[attr-defined]  # what anyio looks for
from contextvars import Context

from meantime.environment import current_environment
from meantime.leftovers import staying_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any

_roots: list[RootTask] = []


def hold_root_task(loop: asyncio.AbstractEventLoop) -> None:
    """See to it that this loop, which runs, has a root task."""
    for root in _roots[:]:
        if root.loop is loop:
            return
        if root.loop.is_closed():  # given up, without a chance to end its tasks
            root.release()
    RootTask(loop)


class RootTask:
    """Stands for the loop, as long as that lasts. It is closed like a warm resource, as the last of its loop.

    Args:
        loop: The loop that runs.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._process = os.getpid()
        self._end: asyncio.Future[None] = loop.create_future()
        self.task: asyncio.Task[None] = Context().run(loop.create_task, self._stand())
        self.task.add_done_callback(_run_until_complete_cb, context=Context())
        staying_tasks.add(self.task)
        _roots.append(self)
        current_environment().resources.insert(0, self)

    def close(self) -> None:
        """Ask the task to end."""
        if self.loop.is_closed():
            self.release()
        elif not self._end.done():
            self._end.set_result(None)

    def discard(self) -> None:
        """Nothing: a restored environment has its threads again."""

    def release(self) -> None:
        """Tell those who wait for the task's end that it has come, though the loop does not run any more."""
        self._forget()
        if self._process == os.getpid():  # the threads of a parent process are not here
            callbacks: Any = getattr(self.task, "_callbacks", None) or ()
            for callback, context in tuple(callbacks):
                context.run(callback, self.task)

    async def _stand(self) -> None:
        try:
            await self._end
        finally:
            self._forget()

    def _forget(self) -> None:
        self.task.remove_done_callback(_run_until_complete_cb)  # it would stop the loop, whoever runs it
        if self in _roots:
            _roots.remove(self)
        resources = current_environment().resources
        if self in resources:
            resources.remove(self)


def _release_all() -> None:
    for root in _roots[:]:
        root.release()


# Workers of anyio are no daemons: before Python waits for them at its end, they must be told.
threading._register_atexit(_release_all)  # type: ignore[attr-defined]  # noqa: SLF001  # as concurrent.futures has it
