"""Whether what a call gives is ever asked for: a task awaited, a thread joined, a future's result taken."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Project

_COLLECTED_BY = frozenset({"add", "append"})
_DROPPED_BY = frozenset({"add", "append", "discard", "remove"})


def is_asked_for(project: Project, call: Call, *, only: frozenset[str]) -> bool:
    """Whether something may wait for what a call gives: then it is used in more ways than these.

    Args:
        project: Where.
        call: What starts the work.
        only: The names of methods and attributes of it that wait for nothing: `add_done_callback`, `start`, `daemon`.
    """
    path = around(project, call)
    if len(path) < 3:  # noqa: PLR2004  # the function, a statement, the call
        return True
    tree = project.tree(call.within.file)
    return _Uses(tree, path[0], only).are_more(path)


class _Uses:
    """Looks at each use of a value, and of the collection that it is put into."""

    def __init__(self, tree: ast.Module, function: ast.AST, only: frozenset[str]) -> None:
        self._tree = tree
        self._function = function
        self._only = only

    def are_more(self, path: tuple[ast.AST, ...]) -> bool:
        """Whether the innermost of these nodes is used in more ways than are allowed."""
        node, outer = path[-1], path[-2]
        if isinstance(outer, ast.Expr):
            return False
        if isinstance(outer, ast.Assign):
            return any(self._target_has_more(target) for target in outer.targets)
        if isinstance(outer, ast.AnnAssign | ast.NamedExpr):
            return self._target_has_more(outer.target)
        return self._is_more(node, path[:-1], self._only)

    def _target_has_more(self, target: ast.expr) -> bool:
        if isinstance(target, ast.Name):
            is_global = any(
                isinstance(each, ast.Global | ast.Nonlocal) and target.id in each.names
                for each in ast.walk(self._function)
            )
            return self._name_has_more(target.id, self._tree if is_global else self._function, self._only)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            return self._attribute_has_more(target.attr, self._only)
        return True

    def _name_has_more(self, name: str, within: ast.AST, only: frozenset[str]) -> bool:
        return any(
            self._is_more(node, outer, only)
            for node, outer in _with_outer(within)
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        )

    def _attribute_has_more(self, name: str, only: frozenset[str]) -> bool:
        return any(
            self._is_more(node, outer, only)
            for node, outer in _with_outer(self._tree)
            if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load)
        )

    def _is_more(self, node: ast.AST, outer: tuple[ast.AST, ...], only: frozenset[str]) -> bool:
        """Whether one use is more than these."""
        around_it = outer[-1]
        if isinstance(around_it, ast.Attribute):
            return around_it.attr not in only
        if isinstance(around_it, ast.Call) and node in around_it.args and isinstance(around_it.func, ast.Attribute):
            collection = around_it.func
            if collection.attr in _COLLECTED_BY:
                return only is not self._only or self._collection_has_more(collection.value)
            return collection.attr not in _DROPPED_BY
        return True

    def _collection_has_more(self, collection: ast.expr) -> bool:
        if isinstance(collection, ast.Name):
            is_local = any(
                isinstance(each, ast.Name) and each.id == collection.id and isinstance(each.ctx, ast.Store)
                for each in ast.walk(self._function)
            )
            return self._name_has_more(collection.id, self._function if is_local else self._tree, _DROPPED_BY)
        if isinstance(collection, ast.Attribute):
            return self._attribute_has_more(collection.attr, _DROPPED_BY)
        return True


def _with_outer(tree: ast.AST) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """Every node below one, with the nodes around it, the nearest last."""
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(tree, ())]
    while waiting:
        node, outer = waiting.pop()
        yield node, outer
        waiting += [(child, (*outer[-1:], node)) for child in ast.iter_child_nodes(node)]
