"""Which calls are not made each time, though they stand where something is done each time."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project

_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def is_exceptional(project: Project, call: Call) -> bool:
    """Whether a call is made on the way to an error only: in an `except` block, or where a `raise` ends the block."""
    blocks = [
        block
        for node in around(project, call)
        if isinstance(node, ast.If)
        for block in (node.body, node.orelse)
        if any(each.lineno <= call.line <= (each.end_lineno or each.lineno) for each in block)
    ]
    return call.in_handler_of == "except" or any(_ends_in_raise(block) for block in blocks)


def _ends_in_raise(block: list[ast.stmt]) -> bool:
    last = block[-1] if block else None
    if isinstance(last, ast.If):
        return _ends_in_raise(last.body) and _ends_in_raise(last.orelse)
    return isinstance(last, ast.Raise)


def is_conditional(project: Project, call: Call) -> bool:
    """Whether a call stands in a branch of its function."""
    return any(
        isinstance(outer, ast.match_case) or (isinstance(outer, ast.If) and inner is not outer.test)
        for outer, inner in pairwise(around(project, call))
    )


def is_one_of_many_ways(project: Project, call: Call) -> bool:
    """Whether a call stands in a branch for one constant: `if command == "deploy": …`, which not each item takes."""
    path = around(project, call)
    begins = max((number for number, node in enumerate(path) if isinstance(node, _LOOPS)), default=0)
    return any(
        isinstance(outer, ast.match_case)
        or (isinstance(outer, ast.If) and inner in outer.body and _asks_for_a_constant(outer.test))
        for outer, inner in pairwise(path[begins:])
    )


def _asks_for_a_constant(test: ast.expr) -> bool:
    return any(
        isinstance(each, ast.Compare)
        and isinstance(each.ops[0], ast.Eq | ast.In)
        and any(_is_constant(side) for side in (each.left, *each.comparators))
        for each in ast.walk(test)
    )


def _is_constant(side: ast.expr) -> bool:
    return isinstance(side, ast.Constant) or (isinstance(side, ast.Name) and side.id.isupper())
