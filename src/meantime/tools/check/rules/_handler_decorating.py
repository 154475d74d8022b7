"""The change that makes an async function a handler: `@meantime.handler` above it, and the import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Edit, Fix, Place

if TYPE_CHECKING:
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_MODULE = "meantime"


def decorated_with_meantime(project: Project, function: Function) -> Fix | None:
    """The change; None where it takes more than putting two lines."""
    if function.class_name:
        return None
    tree = project.tree(function.file)
    imports = [each for each in tree.body if _imports_it(each)]
    if _bound(tree) > len(imports):  # by something else, or where it is not sure to run
        return None
    indented = project.lines(function.file)[function.line - 1][: function.column]
    edits = [Edit(_before(function.file, function.line), f"{indented}@{_MODULE}.handler\n")]
    if not imports:
        edits.insert(0, _import(function.file, tree))
    elif imports[0].lineno > function.line:
        return None
    return Fix("Put `@meantime.handler` above it", tuple(edits))


def _imports_it(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import) and any(
        each.name == _MODULE and each.asname in {None, _MODULE} for each in statement.names
    )


def _bound(tree: ast.Module) -> int:
    """How many places give the name a meaning, wherever they stand."""
    return sum(
        (isinstance(node, ast.alias) and (node.asname or node.name.partition(".")[0]) == _MODULE)
        or (isinstance(node, ast.Name) and node.id == _MODULE and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.arg) and node.arg == _MODULE)
        or (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == _MODULE)
        for node in ast.walk(tree)
    )


def _import(file: str, tree: ast.Module) -> Edit:
    """An import below those that the file begins with; else below its docstring, or first."""
    has_docstring = ast.get_docstring(tree) is not None
    after: ast.stmt | None = tree.body[0] if has_docstring else None
    text = f"\nimport {_MODULE}\n" if has_docstring else f"import {_MODULE}\n\n\n"
    for statement in tree.body[has_docstring:]:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            break
        after, text = statement, f"import {_MODULE}\n"
    line = tree.body[0].lineno if after is None else (after.end_lineno or after.lineno) + 1
    return Edit(_before(file, line), text)


def _before(file: str, line: int) -> Place:
    return Place(file, line, 1, line, 1)
