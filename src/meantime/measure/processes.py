"""Other processes that the invocation waits for."""

from __future__ import annotations

from meantime.measure.boundaries import Description, boundary
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


def _wrapping(name: str) -> Callable[[Any], Any]:
    def describe(args: tuple[Any, ...], keywords: dict[str, Any]) -> Description | None:
        process = args[0]
        if process.returncode is not None:
            return None
        program = process.args if isinstance(process.args, str) else process.args[0]
        timeout = keywords.get("timeout")
        return Description(
            f"{name} {str(program).rpartition('/')[2]}",
            "process",
            "subprocess",
            timeout_s=timeout,
            has_timeout=timeout is not None,
        )

    return lambda function: boundary(waiting(function, "process"), describe)
