"""Waiting for tasks for so long and no longer, by the clock that a test may hold, and without cancelling them."""

from __future__ import annotations

import sys

from meantime import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable
    from typing import Any


async def ended(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> None:
    """Return when these tasks have ended, or after `seconds`."""
    waiting = {task for task in tasks if not task.done()}
    if not waiting:
        return
    loop = sys.modules["asyncio"].get_running_loop()
    over = loop.create_future()

    def end(task: asyncio.Task[Any] | None = None) -> None:
        waiting.discard(task)
        if (task is None or not waiting) and not over.done():
            over.set_result(None)

    timer = clock.call_at(loop, clock.monotonic() + seconds, end)
    for task in tuple(waiting):
        task.add_done_callback(end)
    try:
        await over
    finally:
        timer.cancel()
        for task in waiting:
            task.remove_done_callback(end)
