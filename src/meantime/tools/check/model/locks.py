"""Whether something is done under a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    is_unknown = not paths or any("#" in path for path in paths)
    if is_unknown or "lock" in _last_name(guard).lower() or any(path.startswith(_LOCKS) for path in paths):
        return True
    return any(
        takes_a_lock(each) or is_locked(project, each.entered, each) or _gives_a_lock(project, each)
        for each in _entering(project, guard, paths)
    )


def _entering(project: Project, guard: Expression, paths: Iterable[str]) -> Iterator[Function]:
    """The own functions that run when a guard is entered: the one that is called for it, the class's `__enter__`."""
    if guard.kind == "call":
        yield from project.callees(guard)  # type: ignore[arg-type]  # it is a Call
    for path in paths:
        of_class = project.classes.get(path.removesuffix("()"))
        for name in ("__enter__", "__aenter__"):
            if of_class is not None and name in of_class.methods:
                yield project.functions[of_class.methods[name]]


def _gives_a_lock(project: Project, function: Function) -> bool:
    """Whether a function makes locks: those that it keeps by their keys, for one."""
    return any(path.startswith(_LOCKS) for call in function.calls for path in project.targets(call))


def _last_name(guard: Expression) -> str:
    return guard.function.name if guard.kind == "call" else guard.name  # type: ignore[attr-defined]  # it is a Call
