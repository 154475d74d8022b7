"""Where a call stands in its file's syntax tree: what the model does not keep of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)


def around(project: Project, call: Call) -> tuple[ast.AST, ...]:
    """The nodes around a call, outermost first: the function that it stands in, …, itself; empty if it is not found."""
    lines = project.lines(call.within.file)
    wanted = (
        call.line,
        _offset(lines, call.line, call.column),
        call.end_line,
        _offset(lines, call.end_line, call.end_column),
    )
    path: list[ast.AST] = []

    def descend(node: ast.AST) -> bool:
        path.append(node)
        if isinstance(node, ast.Call) and _extent(node) == wanted:
            return True
        if any(descend(each) for each in ast.iter_child_nodes(node) if _may_hold(each, call.line)):
            return True
        path.pop()
        return False

    descend(project.tree(call.within.file))
    innermost = max((number for number, node in enumerate(path[:-1]) if isinstance(node, _FUNCTIONS)), default=0)
    return tuple(path[innermost:])


def _may_hold(node: ast.AST, line: int) -> bool:
    begins: int | None = getattr(node, "lineno", None)
    if begins is None:
        return True
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    begins = min([begins, *(each.lineno for each in decorators)])
    return begins <= line <= (getattr(node, "end_lineno", None) or line)


def _extent(node: ast.Call) -> tuple[int, int, int | None, int | None]:
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _offset(lines: list[str], line: int, column: int) -> int:
    """A column as the syntax tree counts it: in bytes."""
    text = lines[line - 1] if line <= len(lines) else ""
    return len(text[:column].encode())
