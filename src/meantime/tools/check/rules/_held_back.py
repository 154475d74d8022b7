"""Whether a loop that starts work waits, in some of its turns, until there is room for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.fan_out import FanOut
    from meantime.tools.check.model.project import Project

_WAITS = frozenset({"asyncio.wait", "asyncio.gather"})


def is_held_back(project: Project, fan_out: FanOut) -> bool:
    """Whether the loop takes a semaphore, or waits for what it has started, before it starts more."""
    return any(
        any(loop.over is fan_out.over for loop in call.loops)
        and (call.function.name == "acquire" or not _WAITS.isdisjoint(project.targets(call)))
        for call in fan_out.within.calls
    )
