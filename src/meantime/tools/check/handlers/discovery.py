"""Which functions are handlers: as templates, adapters, decorators and signatures tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.handlers.handler import Configuration, Handler
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function, Module


def find_handlers(
    modules: Mapping[str, Module],
    configurations: Iterable[Configuration],
    names: Callable[[Expression, Function], AbstractSet[str]],
) -> tuple[Handler, ...]:
    """Every handler of the modules, in the order of files and lines; one for each function, with all its configurations.

    Args:
        modules: What was read of each file, by the name of the file.
        configurations: What `find_configurations` and `find_cdk_configurations` gave.
        names: The canonical paths that an expression may stand for: `Project.paths`.
    """
    del modules, configurations, names
    return ()
