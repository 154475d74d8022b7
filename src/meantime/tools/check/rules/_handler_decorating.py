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
    """An import among those that the file begins with; else below its docstring."""
    imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    after = next((each for each in reversed(imports) if each.col_offset == 0), None)
    if after is not None:
        return Edit(_before(file, (after.end_lineno or after.lineno) + 1), f"import {_MODULE}\n")
    first = tree.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    if has_docstring:
        return Edit(_before(file, (first.end_lineno or first.lineno) + 1), f"\nimport {_MODULE}\n")
    return Edit(
        _before(file, min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", []))])),
        f"import {_MODULE}\n\n\n",
    )


def _before(file: str, line: int) -> Place:
    return Place(file, line, 1, line, 1)
