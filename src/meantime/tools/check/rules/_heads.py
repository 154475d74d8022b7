"""Where a piece of syntax is shown: a call or display as a whole, of a block its head."""

from __future__ import annotations

import ast

from meantime.tools.check.finding import Place


def place_of(file: str, node: ast.stmt | ast.expr | ast.ExceptHandler) -> Place:
    """The place of a node, from its beginning to the end of what it goes over, catches or gives back."""
    last: ast.AST = node
    if isinstance(node, ast.For | ast.AsyncFor):
        last = node.iter
    elif isinstance(node, ast.ExceptHandler) and node.type is not None:
        last = node.type
    end_line, end_column = getattr(last, "end_lineno", node.lineno), getattr(last, "end_col_offset", node.col_offset)
    return Place(file, node.lineno, node.col_offset + 1, end_line, end_column + 1)
