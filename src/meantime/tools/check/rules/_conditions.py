"""What holds where a call stands: the tests of the branches that it is in, and of those that would have left before."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def conditions(project: Project, call: Call) -> Iterator[tuple[ast.expr, bool]]:
    """The tests that were made on the way to a call in its function, each with what it gave."""
    for outer, inner in pairwise(around(project, call)):
        if isinstance(outer, ast.If | ast.While):
            if inner in outer.body:
                yield from _parts(outer.test, is_true=True)
            elif isinstance(outer, ast.If) and inner in outer.orelse:
                yield from _parts(outer.test, is_true=False)
        elif isinstance(outer, ast.IfExp) and inner is not outer.test:
            yield from _parts(outer.test, is_true=inner is outer.body)
        for statement in _before(outer, inner):
            if isinstance(statement, ast.If) and isinstance(statement.body[-1], _ENDS):
                yield from _parts(statement.test, is_true=False)


def _parts(test: ast.expr, *, is_true: bool) -> Iterator[tuple[ast.expr, bool]]:
    """What follows of a test's parts: each of an `and` that is true holds, none of an `or` that is false."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _parts(test.operand, is_true=not is_true)
    elif isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) is is_true:
        for part in test.values:
            yield from _parts(part, is_true=is_true)
    else:
        yield test, is_true


def _before(outer: ast.AST, inner: ast.AST) -> list[ast.stmt]:
    """The statements that stand before one in its block."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(outer, name, None)
        if isinstance(block, list) and inner in block:
            return block[: block.index(inner)]
    return []
