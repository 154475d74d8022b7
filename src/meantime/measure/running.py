"""Which event loop and which task run on this thread; asked without loading asyncio."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
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
