"""Identifiers of records that are answered as they stand, where Lambda wants each under `itemIdentifier`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.rules._definitions import called, key_of, own_nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTIFIERS = frozenset({"messageId", "message_id", "sequenceNumber", "sequence_number"})


def bare_identifiers(tree: ast.Module, answer: ast.expr) -> Iterator[ast.expr]:
    """The bare identifiers in the list that is answered: in it, or put into the name that it has in its function."""
    if not isinstance(answer, ast.Name):
        yield from _in(answer)
        return
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            own = list(own_nodes(function))
            if any(each is answer for each in own):
                yield from _put_into(answer.id, own)


def _put_into(name: str, own: list[ast.AST]) -> Iterator[ast.expr]:
    """What a name is given, if nothing else becomes of it."""
    if sum(isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store) for each in own) != 1:
        return
    for each in own:
        if isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "") == name:
            yield from _in(each.value)
        elif isinstance(each, ast.Call) and called(each) == "append" and len(each.args) == 1:
            of = each.func.value if isinstance(each.func, ast.Attribute) else None
            if isinstance(of, ast.Name) and of.id == name and _is_bare(each.args[0]):
                yield each.args[0]


def _in(value: ast.expr) -> Iterator[ast.expr]:
    parts = value.elts if isinstance(value, ast.List) else [value.elt] if isinstance(value, ast.ListComp) else []
    yield from filter(_is_bare, parts)


def _is_bare(node: ast.expr) -> bool:
    key = node.attr if isinstance(node, ast.Attribute) else key_of(node)[0]
    return key in _IDENTIFIERS
