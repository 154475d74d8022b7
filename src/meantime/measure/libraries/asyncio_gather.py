"""asyncio's own fan-outs: what the function's own code gives to `gather`, and what it starts in a `TaskGroup`."""

from __future__ import annotations

import sys
from functools import wraps

from meantime.measure.boundaries import observe
from meantime.measure.libraries import wrap
from meantime.measure.libraries.sums import add
from meantime.own_code import is_own_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from meantime.measure.patching import Patches


def record(module: ModuleType, patches: Patches) -> None:
    """Note how wide each is."""
    if module.__name__ == "asyncio.taskgroups":
        wrap(patches, module.TaskGroup, "create_task", _noting_group)
        return
    package = sys.modules.get("asyncio")  # it has a name of its own for the same function, once it is loaded
    if package is not None and hasattr(package, "gather"):
        patches.wrap_alias(module, "gather", package, _noting)
    else:
        wrap(patches, module, "gather", _noting)


def _noting(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def gather(*awaitables: Any, **keywords: Any) -> Any:
        if awaitables and is_own_code(sys._getframe(1).f_code.co_filename):  # noqa: SLF001  # documented; a library's is its own affair
            width = float(len(awaitables))
            observe("fan_out", "asyncio.gather", numbers={"max_concurrency": width, "items": width})
        return function(*awaitables, **keywords)

    return gather


def _noting_group(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def create_task(group: Any, *args: Any, **keywords: Any) -> Any:
        if is_own_code(sys._getframe(1).f_code.co_filename):  # noqa: SLF001  # as above
            add("fan_out", "asyncio.TaskGroup", group, max_concurrency=1, items=1)
        return function(group, *args, **keywords)

    return create_task
