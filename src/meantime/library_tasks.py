"""Tasks that libraries keep on each loop, for all requests: known by name, since nothing else tells them apart.

Such a task is no work that a request has left behind: ended with it, it would be reported and started again each time,
and waited for where leftovers are.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any

# By their coroutine: the module that it is of, and its name.
_KNOWN = {
    # Looks twice a second whether uvicorn is about to end; started with the first response of server-sent events, of
    # MCP's too. https://github.com/sysid/sse-starlette/blob/main/sse_starlette/sse.py
    "_shutdown_watcher": "sse_starlette.sse",
}


def is_of_a_library(task: asyncio.Task[Any]) -> bool:
    """Whether it is one of these."""
    coroutine = task.get_coro()
    home = _KNOWN.get(getattr(coroutine, "__name__", ""))
    if home is None:
        return False
    frame = getattr(coroutine, "cr_frame", None)
    return frame is not None and frame.f_globals.get("__name__") == home
