"""Other processes that the invocation waits for."""

from __future__ import annotations

import os

from meantime.measure.boundaries import Description, boundary, current_call
from meantime.measure.waiting import waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from meantime.measure.patching import Patches


def install(patches: Patches) -> None:
    """Note waiting for processes from now on."""
    patches.when_imported("subprocess", lambda module: _install(patches, module.Popen))


def _install(patches: Patches, kind: Any) -> None:
    for name in ("wait", "communicate"):
        patches.wrap(kind, name, _wrapping(name))


def _program(args: Any) -> str:
    """What is run, without its arguments: a path, a list, or a command line, which may begin with variables."""
    if isinstance(args, (str, bytes)):
        words = os.fsdecode(args).split()
        return next((word for word in words if "=" not in word), "")
    return os.fsdecode(args if hasattr(args, "__fspath__") else args[0])


def _wrapping(name: str) -> Callable[[Any], Any]:
    def describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        process = args[0]
        within = current_call()
        if process.returncode is not None or (within is not None and within.description.kind == "process"):
            return None  # it is over, or `communicate` waits for its end
        program = _program(process.args)
        timeout = keywords.get("timeout")
        return Description(
            f"{name} {program.rpartition('/')[2]}",
            "process",
            "subprocess",
            timeout_s=timeout,
            has_timeout=timeout is not None,
        )

    return lambda function: boundary(waiting(function, "process"), describe)
