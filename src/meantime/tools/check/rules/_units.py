"""Whether the records of a batch are one unit: in one transaction they come again together, and nothing was done."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.rules._definitions import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.rules._records import RecordLoop

_ALL_OR_NONE = ("transaction", "atomic", "begin", "connect", "batch_writer")
"""What the names hold of what takes all that is done within its `with`, or none of it."""


def is_one_unit(loop: RecordLoop, handler: ast.AST | None) -> bool:
    """Whether a transaction is around a loop, or around the call of its function in the handler, or ends behind it."""
    inner = set(ast.walk(loop.node))
    if any(called(each) == "commit" and each not in inner for each in _calls(loop.function)):
        return True
    for node in _transactions(loop.function):
        if loop.node in ast.walk(node):
            return True
    return handler is not None and any(
        called(call) == loop.within.name for node in _transactions(handler) for call in _calls(node)
    )


def _transactions(function: ast.AST) -> Iterator[ast.With | ast.AsyncWith]:
    for node in ast.walk(function):
        if isinstance(node, ast.With | ast.AsyncWith) and any(_takes_all(each.context_expr) for each in node.items):
            yield node


def _takes_all(entered: ast.expr) -> bool:
    name = called(entered) if isinstance(entered, ast.Call) else ast.unparse(entered)
    return any(each in name.lower() for each in _ALL_OR_NONE)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))
