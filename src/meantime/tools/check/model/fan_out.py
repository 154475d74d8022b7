"""Where a project starts work side by side: what runs, over what, how wide, and on threads, tasks or processes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from meantime.tools.check.model.started_work import FanOut
from meantime.tools.check.model.task_fan_outs import TaskFanOuts
from meantime.tools.check.model.thread_fan_outs import thread_fan_outs
from meantime.tools.check.model.verb_fan_outs import verb_fan_outs

if TYPE_CHECKING:
    from meantime.tools.check.model.project import Project

__all__ = ["FanOut", "fan_outs"]


@lru_cache(maxsize=1)  # one project is checked at a time, by many rules
def fan_outs(project: Project) -> tuple[FanOut, ...]:
    """Every fan-out of a project, in the order of files and lines."""
    tasks = TaskFanOuts(project)
    found = [*tasks.all(), *verb_fan_outs(project)]
    found += thread_fan_outs(project, frozenset(tasks.together))
    return tuple(sorted(found, key=lambda each: (each.within.file, each.call.line, each.call.column)))
