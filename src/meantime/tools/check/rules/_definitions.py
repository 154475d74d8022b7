"""The syntax of a function, and the small things that rules ask of syntax: what is called, which key is read."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project


def definition(project: Project, function: Function) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The syntax of a function."""
    for node in ast.walk(project.tree(function.file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.name, node.lineno) == (
            function.name,
            function.line,
        ):
            return node
    return None


def places(function: Function) -> list[str]:
    """The names of what a function is given by place, without `self`."""
    names = [each.name for each in function.parameters if each.kind == "positional"]
    return names[1:] if function.class_name and names[:1] in (["self"], ["cls"]) else names


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function in the order of the source, without those of the functions defined in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child
            yield from own_nodes(child)


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def key_of(node: ast.AST) -> tuple[str, ast.expr | None]:
    """The key that is read, and of what: `record["body"]`, `record.get("body")`."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value), node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        first = node.args[0]
        return (str(first.value) if isinstance(first, ast.Constant) else ""), node.func.value
    return "", None
