"""What runs on this thread: which event loop, which task, which context; asked without loading asyncio."""

from __future__ import annotations

import sys
from contextvars import Context

from meantime.measure.session import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.timeline import Timeline


def running_loop() -> Any:
    """The event loop that runs on this thread; None where there is none, or another library's."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()  # noqa: SLF001  # documented for loops and the like


def task_name(timeline: Timeline) -> str | None:
    """The name of the task that runs; which sort of loop runs it is noted once."""
    loop = running_loop()
    if loop is None:
        return None
    if timeline.loop is None:
        module = sys.modules.get("asyncio.selector_events")
        seen = module is not None and isinstance(loop, module.BaseSelectorEventLoop)
        timeline.loop = "asyncio" if seen else type(loop).__module__.partition(".")[0]
    task = sys.modules["asyncio.tasks"].current_task(loop)
    return None if task is None else str(task.get_name())


def in_its_context(function: Callable[..., Any]) -> Callable[..., Any]:
    """What `asyncio.to_thread` hands over runs in a context copied before: this call is under way there, too."""
    context = getattr(getattr(function, "func", None), "__self__", None)
    if not isinstance(context, Context):
        return function

    def run(*args: Any, **keywords: Any) -> Any:
        context.run(current.set, current.get())
        return function(*args, **keywords)

    return run
