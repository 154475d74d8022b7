"""Whether something is done under a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_LOCKS = ("threading.", "asyncio.Lock", "asyncio.Semaphore", "asyncio.Condition", "multiprocessing.", "anyio.Lock")


def is_locked(project: Project, guards: Iterable[Expression], within: Function) -> bool:
    """Whether one of the things that `with` enters is a lock, or may be one."""
    return any(_is_lock(project, guard, within) for guard in guards)


def takes_a_lock(function: Function) -> bool:
    """Whether a function takes a lock by hand."""
    return any(call.function.kind == "attribute" and call.function.name == "acquire" for call in function.calls)


def _is_lock(project: Project, guard: Expression, within: Function) -> bool:
    paths = project.paths(guard, within)
    if paths:
        return any(path.startswith(_LOCKS) for path in paths)
    return guard.kind in {"name", "attribute", "item"} or "lock" in _last_name(guard)


def _last_name(guard: Expression) -> str:
    return guard.function.name.lower() if guard.kind == "call" else ""  # type: ignore[attr-defined]  # it is a Call
