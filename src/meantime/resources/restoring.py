"""Over a SnapStart snapshot: what is warm is closed before it, and made anew in every environment restored from it.

Connections do not survive a snapshot, and tokens, leases and random state must not be shared by all who are restored
from it: https://docs.aws.amazon.com/lambda/latest/dg/snapstart-best-practices.html. The event loop stays: its
descriptors, an epoll and a pair of sockets, are inside the machine that is restored as a whole.
"""

from __future__ import annotations

import sys

from meantime.environment import current_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any

# How long all that lives on loops may take to close. AWS counts it to the initialisation, which has 130 seconds then.
_LIMIT = 10.0


def register_hooks() -> None:
    """Have the runtime close what is warm before the snapshot, and again, should anything be, after the restore."""
    try:
        from snapshot_restore_py import (  # type: ignore[import-untyped]  # noqa: PLC0415  # it has no types, and only here
            register_after_restore,
            register_before_snapshot,
        )
    except ImportError:  # then the runtime that calls the hooks is not here either
        return
    register_before_snapshot(close_before_snapshot)
    register_after_restore(discard_after_restore)


def close_before_snapshot() -> None:
    """Close the warm resources, newest first; a failure is logged."""
    resources = current_environment().resources
    for resource in reversed(resources[:]):
        loop = resource.loop
        if loop is not None and loop.is_running():  # on some thread: it is told, and not waited for
            resource.discard()
            continue
        resource.close()
        if loop is not None and not loop.is_closed():
            loop.run_until_complete(_wait(resource.task))
        if resource in resources:
            resources.remove(resource)


def discard_after_restore() -> None:
    """Discard what hooks that ran after ours have made: who asks next gets another. Closing goes on beside that."""
    for resource in reversed(current_environment().resources[:]):
        resource.discard()


async def _wait(task: asyncio.Task[Any]) -> None:
    await sys.modules["asyncio"].wait([task], timeout=_LIMIT)
