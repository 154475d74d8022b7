"""Numbers that are worked out where they are written: `5 * 60`."""

from __future__ import annotations

import ast


def fold(operator: ast.operator, left: float, right: float) -> float | None:
    """`5 * 60` and the like, as people write numbers of seconds."""
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Div) and right:
        return left / right
    return None
