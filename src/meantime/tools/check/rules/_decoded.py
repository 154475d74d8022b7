"""Names of lists that hold what was decoded of each record: `orders = [json.loads(r["body"]) for r in records]`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.rules._answers import may_fail
from meantime.tools.check.rules._definitions import called, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator


def gathered(node: ast.AST) -> Iterator[tuple[str, ast.ListComp | ast.For, ast.expr]]:
    """Each name of a function that holds a list with one element a turn: the name, what it goes over, an element."""
    own = list(own_nodes(node))
    given = [each.id for each in own if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    for each in own:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.ListComp) and len(each.value.generators) == 1:
            name = getattr(each.targets[0], "id", "")
            if given.count(name) == 1 and _is_made_of(each.value.elt, each.value.generators[0].target):
                yield name, each.value, each.value.elt
        elif isinstance(each, ast.For):
            for name, element in _appended(each):
                if given.count(name) == 1 and _is_made_of(element, each.target):
                    yield name, each, element


def _appended(loop: ast.For) -> Iterator[tuple[str, ast.expr]]:
    """What every turn of a loop puts into a list."""
    for each in loop.body:
        call = each.value if isinstance(each, ast.Expr) else None
        if isinstance(call, ast.Call) and called(call) == "append" and call.args:
            of = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(of, ast.Name):
                yield of.id, call.args[0]


def _is_made_of(element: ast.expr, target: ast.expr) -> bool:
    """Whether an element is decoded of the record, and no more: a future, say, is something else."""
    record = getattr(target, "id", "")
    return not may_fail(element) and any(isinstance(each, ast.Name) and each.id == record for each in ast.walk(element))
