"""What a handler's own adapter does about work that is left at the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.project import Chain, Project


def leftovers_of(project: Project, chain: Chain) -> str:
    """What becomes of leftovers: `end`, `wait`, `fail`; empty if Meantime has nothing to do with it."""
    handler = chain.handler
    if handler is None or not handler.adapter.startswith("meantime."):
        return ""
    function = project.functions.get(handler.function)
    for decorator in () if function is None else function.decorators:
        if decorator.kind == "call" and "leftovers" in decorator.keywords:  # type: ignore[attr-defined]  # it is a Call
            said = decorator.keywords["leftovers"].value  # type: ignore[attr-defined]  # likewise
            return said if isinstance(said, str) else "wait"
    return "end"
