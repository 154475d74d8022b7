"""Whether a handler answers for records that fail: by what stands on its own way, not elsewhere in its file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_TAKES_CARE = ("batchItemFailures", "delete_message", "BatchProcessor", "SqsFifoPartialProcessor", "excepthook")
"""What shows that failures are answered for: the answer itself, messages that are deleted one by one, a hook."""


def is_answered_for(project: Project, functions: Iterable[Function]) -> bool:
    """Whether these functions, or what they name of their files, have to do with single failures."""
    functions = tuple(functions)
    files = {each.file for each in functions}
    if not any(word in line for file in files for line in project.lines(file) for word in _TAKES_CARE):
        return False
    return any(
        word in "".join(project.lines(file)[first - 1 : last])
        for file, first, last in _on_the_way(project, functions, files)
        for word in _TAKES_CARE
    )


def _on_the_way(
    project: Project, functions: tuple[Function, ...], files: Iterable[str]
) -> Iterable[tuple[str, int, int]]:
    """The lines of the functions, of what they name, of what that names, and of all that just runs in the files."""
    waiting = [(file, each) for file in files for each in project.tree(file).body]
    names: set[str] = set()
    while True:
        found = [(file, each) for file, each in waiting if _counts(file, each, functions, names)]
        if not found:
            return
        waiting = [each for each in waiting if each not in found]
        for file, statement in found:
            names |= _names(statement)
            yield file, _first_line(statement), statement.end_lineno or statement.lineno


def _counts(file: str, statement: ast.stmt, functions: tuple[Function, ...], names: set[str]) -> bool:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return False
    defined = _defined(statement)
    if not defined or defined & names:
        return True
    last = statement.end_lineno or statement.lineno
    return any(each.file == file and statement.lineno <= each.line <= last for each in functions)


def _defined(statement: ast.stmt) -> set[str]:
    """The names that a statement gives; none if it does more than that."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if all(isinstance(each, ast.Name) for each in targets):
            return {each.id for each in targets if isinstance(each, ast.Name)}
    return set()


def _names(statement: ast.stmt) -> set[str]:
    read = {each.id for each in ast.walk(statement) if isinstance(each, ast.Name)}
    return read | {each.attr for each in ast.walk(statement) if isinstance(each, ast.Attribute)}


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min(statement.lineno, *(each.lineno for each in decorators)) if decorators else statement.lineno
