"""Whether a function looks at a length before it goes on: then it may refuse what is too long."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from meantime.tools.check.rules._definitions import definition

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_VALIDATES = re.compile("valid|schema", re.IGNORECASE)
_ORDERS = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)


def is_length_checked(project: Project, within: Function, chain: Chain) -> bool:
    """Whether a function, one that calls it, or where the chain begins compares a length with a limit."""
    functions = [within, *(call.within for call in project.callers(within))]
    functions += [each for name in (within.parent, chain.begins) if (each := project.functions.get(name)) is not None]
    called = [callee for each in functions for call in each.calls for callee in project.callees(call) if callee.raises]
    return any(_compares_a_length(project, each) for each in (*functions, *called))


def is_validated(project: Project, within: Function, chain: Chain) -> bool:
    """Whether a function, or where the chain begins, has something validated: by a schema, which may say how long."""
    functions = [within, *(each for name in (chain.begins,) if (each := project.functions.get(name)) is not None)]
    paths = {path for each in functions for path in project.decorators(each)}
    paths.update(path for each in functions for call in each.calls for path in project.targets(call))
    return any(_VALIDATES.search(path.rpartition(".")[2]) for path in paths)


def _compares_a_length(project: Project, function: Function) -> bool:
    node = definition(project, function)
    return node is not None and any(
        _is_limit(compared)
        for test in ast.walk(node)
        if isinstance(test, ast.If | ast.IfExp | ast.Assert)
        for compared in ast.walk(test.test)
    )


def _is_limit(node: ast.AST) -> bool:
    if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], _ORDERS):
        return False
    sides = (node.left, *node.comparators)
    is_of_length = any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "len" for each in sides
    )
    is_for_emptiness = any(isinstance(each, ast.Constant) and each.value in {0, 1} for each in sides)
    return is_of_length and not is_for_emptiness
