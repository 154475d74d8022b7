"""Which calls are made only where a parameter is left out that the way to them gives."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.project import Project


def is_for_what_is_left_out(project: Project, way: tuple[Call, ...]) -> bool:
    """Whether a call of a way is made only without a parameter that the call before gives: `if session is None: …`."""
    return any(
        _is_given(project, way[: number + 1], name)
        for number, call in enumerate(way)
        if number
        for name in _left_out(around(project, call))
    )


def _is_given(project: Project, way: tuple[Call, ...], name: str) -> bool:
    """Whether the last but one call of a way gives the parameter, and not only what it was itself left without."""
    if len(way) == 1:
        return False
    before, function = way[-2], way[-1].within
    for index, parameter in enumerate(function.parameters):
        if parameter.name == name:
            given = [each for each, _ in project.given(function, index) if _gives(before, each)]
            return any(
                _is_given(project, way[:-1], each.name)
                if each.kind == "name" and each.name in {its.name for its in before.within.parameters}
                else project.constant(each, before.within) is not None
                for each in given
            )
    return False


def _gives(call: Call, expression: Expression) -> bool:
    return any(expression is each for each in (*call.arguments, *call.keywords.values()))


def _left_out(path: tuple[ast.AST, ...]) -> set[str]:
    """The names that hold nothing where the end of a path is reached."""
    found: set[str] = set()
    for outer, inner in pairwise(path):
        block = getattr(outer, "body", None)
        if not isinstance(block, list) or inner not in block:
            continue
        if isinstance(outer, ast.If):
            found |= _without(outer.test)
        for each in block[: block.index(inner)]:
            if isinstance(each, ast.If) and isinstance(each.body[-1], ast.Return):
                found |= _with(each.test)
    return found


def _without(test: ast.expr) -> set[str]:
    """`not session`, `not session and key`: the names without which it holds; `is None` is taken for a cache."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return set().union(*(_without(each) for each in test.values))
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Name):
        return {test.operand.id}
    return set()


def _with(test: ast.expr) -> set[str]:
    """`session`, `session is not None`: the name with which it holds."""
    if isinstance(test, ast.Name):
        return {test.id}
    if (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and isinstance(test.left, ast.Name)
        and ast.unparse(test.comparators[0]) == "None"
    ):
        return {test.left.id}
    return set()
