"""The task groups of anyio: whom a task belongs to that was started in one.

A group is cancelled as a whole if one of its tasks is, whoever did that. So a task that a request starts in a group of
the application's lifespan, as a server of MCP does for each, cannot be ended by itself: the application would go with
it. https://anyio.readthedocs.io/en/stable/tasks.html
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Any

_BACKEND = "anyio._backends._asyncio"


def belongs_to(task: asyncio.Task[Any], stays: Callable[[Any], bool]) -> bool:
    """Whether the task was started in a group of anyio's that is held open by a task for which `stays` is true."""
    backend = sys.modules.get(_BACKEND)
    if backend is None:
        return False
    state = getattr(backend, "_task_states", {}).get(task)
    scope = getattr(state, "cancel_scope", None)  # its own ones first, then that of its group, and so on outwards
    while scope is not None:
        host = getattr(scope, "_host_task", None)
        if host is not None and host is not task and stays(host):
            return True
        scope = getattr(scope, "_parent_scope", None)
    return False
