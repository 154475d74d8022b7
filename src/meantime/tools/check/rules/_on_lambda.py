"""What surely runs on Lambda: in each invocation, or while a function's modules are loaded."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project


def way_in(project: Project, function: Function) -> Chain | None:
    """How a function comes to run in each invocation of a handler that is surely one."""
    chain = project.runs(function).in_invocation
    if chain is None or chain.handler is None or not chain.handler.is_sure:
        return None
    return chain


def is_meantimes(chain: Chain) -> bool:
    """Whether Meantime ends what the handler waits for at the deadline."""
    return chain.handler is not None and chain.handler.adapter.startswith("meantime.")


def is_loaded_on_lambda(project: Project, function: Function) -> bool:
    """Whether it is the body of a module that a sure handler is in or imports, however many modules lie between."""
    return function.is_module and function.module in _loaded(project)


@lru_cache(maxsize=1)  # one project is checked at a time
def _loaded(project: Project) -> set[str]:
    files = {module.name: file for file, module in project.modules.items()}
    waiting = [
        project.functions[handler.function].module
        for handler in project.handlers
        if handler.is_sure and handler.function in project.functions
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for dotted in project.imports(files[name]):
            waiting += [each for each in (dotted, dotted.rpartition(".")[0]) if each in files]
    return found
