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
    module = project.modules[function.file]
    if function.class_name:
        return None
    edits = [Edit(_before(function.file, function.line), f"{' ' * function.column}@{_MODULE}.handler\n")]
    imported = module.imports.get(_MODULE)
    if imported is None:
        edits.insert(0, _import(function.file, project.tree(function.file)))
    elif imported != _MODULE:
        return None
    return Fix("Put `@meantime.handler` above it", tuple(edits))


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
