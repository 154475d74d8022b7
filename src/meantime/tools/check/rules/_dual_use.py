"""Functions that work for plain and for async callers, and choose at run time: not all in them runs on a loop."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.functions import Function, Module
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
    return function.qualified in _of_file(project.modules[function.file]).around_coroutines


def _asks(path: str) -> bool:
    return path in _ASKING or path.endswith("_event_loop().is_running")


def functions_on_way(project: Project, chain: Chain | None) -> Iterator[Function]:
    """The functions whose calls a chain is made of."""
    for step in () if chain is None else chain.steps:
        place = step.place
        of_file = _of_file(project.modules[place.path])
        before = bisect_right(of_file.lines, place.line)
        found = (each for each in reversed(of_file.functions[:before]) if place.line <= each.end_line)
        yield from islice(found, 1)


class _OfFile(NamedTuple):
    functions: list[Function]  # by their lines
    lines: list[int]
    around_coroutines: frozenset[str]  # the qualified names of those that a coroutine function stands in


@lru_cache(maxsize=64)  # ways lead through few files
def _of_file(module: Module) -> _OfFile:
    functions = sorted(module.functions.values(), key=lambda each: each.line)
    around = frozenset(each.parent for each in functions if each.is_async)
    return _OfFile(functions, [each.line for each in functions], around)
