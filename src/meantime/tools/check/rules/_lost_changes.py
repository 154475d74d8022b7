"""What stands between the reading and the writing of a change: where another thread or task can come in between."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Change, Function
    from meantime.tools.check.model.project import Project

_AT_ONCE = frozenset({"abs", "bool", "float", "int", "len", "max", "min", "round", "str", "sum"})
"""Builtins that the interpreter calls without a thread's turn ending, as long as they get plain values."""


def calls_in_between(project: Project, change: Change, within: Function) -> bool:
    """Whether a call is made after the old value is read, and before the new one is written."""
    return any(
        isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _AT_ONCE)
        for node in _after_reading(project, change, within)
    )


def awaits_in_between(project: Project, change: Change, within: Function) -> bool:
    """Whether an `await` stands there."""
    return any(isinstance(node, ast.Await) for node in _after_reading(project, change, within))


def is_default(project: Project, change: Change, within: Function) -> bool:
    """Whether the new value is the old one or what is put in its place once: `x = x or load()`."""
    statement = _statement(project.tree(within.file), change)
    return isinstance(statement, ast.Assign) and isinstance(statement.value, ast.BoolOp | ast.IfExp)


def _after_reading(project: Project, change: Change, within: Function) -> list[ast.AST]:
    """What is evaluated after the old value is read."""
    statement = _statement(project.tree(within.file), change)
    if isinstance(statement, ast.AugAssign):
        return list(ast.walk(statement.value))
    if not isinstance(statement, ast.Assign):
        return []
    wanted = ast.dump(statement.targets[0]).replace("Store()", "Load()")
    read = min(
        (
            _position(node)
            for node in ast.walk(statement.value)
            if isinstance(node, ast.expr) and ast.dump(node) == wanted
        ),
        default=None,
    )
    return [
        node
        for node in ast.walk(statement.value)
        if isinstance(node, ast.expr) and read is not None and _position(node) > read
    ]


def _statement(tree: ast.Module, change: Change) -> ast.stmt | None:
    return next(
        (
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AugAssign)
            and (node.lineno, node.col_offset) == (change.line, change.column)
        ),
        None,
    )


def _position(node: ast.expr) -> tuple[int, int]:
    return (node.lineno, node.col_offset)
