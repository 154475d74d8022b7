"""Functions that work for plain and for async callers, and choose at run time: not all in them runs on a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_ASKING = frozenset(
    {
        "asyncio.get_running_loop",
        "asyncio._get_running_loop",
        "asyncio.current_task",
        "asyncio.iscoroutine",
        "asyncio.iscoroutinefunction",
        "inspect.isawaitable",
        "inspect.iscoroutine",
        "inspect.iscoroutinefunction",
        "sniffio.current_async_library",
    }
)


def chooses_by_caller(project: Project, function: Function, chain: Chain | None) -> bool:
    """Whether a function, or a plain one on the way to it, looks whether a loop runs, or is told so by its caller."""
    return any(_chooses(project, each) for each in (function, *functions_on_way(project, chain)) if not each.is_async)


def _chooses(project: Project, function: Function) -> bool:
    if any("async" in each.name.lower() for each in function.parameters):
        return True
    if any(_asks(path) for call in function.calls for path in project.targets(call)):
        return True
    functions = project.modules[function.file].functions.values()
    return any(each.is_async and each.parent == function.qualified for each in functions)


def _asks(path: str) -> bool:
    return path in _ASKING or path.endswith("_event_loop().is_running")


def functions_on_way(project: Project, chain: Chain | None) -> Iterator[Function]:
    """The functions whose calls a chain is made of."""
    for step in () if chain is None else chain.steps:
        place = step.place
        around = [
            each for each in project.modules[place.path].functions.values() if each.line <= place.line <= each.end_line
        ]
        yield from sorted(around, key=lambda each: each.line)[-1:]
