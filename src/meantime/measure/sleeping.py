"""Sleep, blocking and asynchronous: a call of its own, as the retries and polls of libraries and of own code are."""

from __future__ import annotations

import time

from meantime.measure.boundaries import Description, boundary, boundary_async
from meantime.measure.timeline import NUMBERS
from meantime.measure.waiting import waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from meantime.measure.patching import Patches


def install(patches: Patches) -> None:
    """Note sleep from now on."""
    patches.wrap(time, "sleep", lambda sleep: boundary(waiting(sleep, "sleep"), _describe_blocking))
    patches.when_imported("asyncio", lambda asyncio: _install_async(patches, asyncio))


def _install_async(patches: Patches, asyncio: Any) -> None:
    patches.wrap_alias(asyncio.tasks, "sleep", asyncio, lambda sleep: boundary_async(sleep, _describe))


def _describe_blocking(_args: tuple[Any, ...], _keywords: dict[str, Any]) -> Description:
    return Description("sleep", "sleep", "time")


def _describe(args: tuple[Any, ...], _keywords: dict[str, Any]) -> Description | None:
    if args and args[0] <= 0:  # a turn for others, which is no wait
        return None
    return Description("sleep", "sleep", "asyncio")


SLEEP = NUMBERS["sleep"]
