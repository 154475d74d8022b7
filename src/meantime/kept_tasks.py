"""The tasks of the kept loop: where each was started, and which of them go on when their invocation has ended."""

from __future__ import annotations

import asyncio
import sys
from contextvars import copy_context

from meantime.callables import place_of_caller
from meantime.executors.underway import registry
from meantime.leftovers import being_made, staying_tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from contextvars import Context
    from typing import Any

    from meantime.callables import Place


class PlacedTask(asyncio.Task):  # type: ignore[type-arg]  # not generic at run time on 3.11
    """A task that knows where it was started, and whether it belongs to a warm resource and so may stay."""

    __slots__ = ("context", "place", "stays")

    context: Context  # where Python does not tell it
    place: Place | None
    stays: bool


if sys.version_info >= (3, 12):  # there a task tells its context: `get_context()`

    def placed_task(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> PlacedTask:
        """A task of this loop: its task factory."""
        task = PlacedTask(coroutine, loop=loop, **options)
        task.place = place_of_caller()
        task.stays = bool(being_made.get())
        return task

else:

    def placed_task(
        loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], context: Context | None = None
    ) -> PlacedTask:
        """A task of this loop: its task factory."""
        if context is None:
            context = copy_context()
        task = PlacedTask(coroutine, loop=loop, context=context)
        task.context = context
        task.place = place_of_caller()
        task.stays = bool(being_made.get())
        return task


def stays(task: asyncio.Task[Any]) -> bool:
    """Whether it belongs to a warm resource, or holds one open."""
    return getattr(task, "stays", False) or task in staying_tasks


def in_staying_groups(tasks: Iterable[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Those of them that were started in a task group which a warm resource holds open, as a lifespan is one."""
    from meantime.task_groups import belongs_to  # noqa: PLC0415  # the good path must not pay for it

    return {task for task in tasks if belongs_to(task, stays)}


def workers_for(callers: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """The workers of verbs that these have called when they had no invocation's deadline any more."""
    fan_outs = [each for each in registry.fan_outs() if each.deadline is None]
    return {
        task for each in fan_outs if getattr(each, "caller", None) in callers for task in getattr(each, "tasks", ())
    }
