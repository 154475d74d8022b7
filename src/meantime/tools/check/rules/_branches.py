"""Which lines of a function exclude each other: only one of two branches is taken, or one after the other failed."""

from __future__ import annotations

import ast

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def exclude_each_other(tree: ast.AST, first: int, second: int) -> bool:
    """Whether of two lines only one runs in one call of their function: by `if`, `match`, a failure or an early end."""
    first, second = sorted((first, second))
    return any(
        _are_branches(node, first, second) or any(_ends_before(block, first, second) for block in _blocks(node))
        for node in ast.walk(tree)
    )


def _are_branches(node: ast.AST, first: int, second: int) -> bool:
    if isinstance(node, ast.If):
        return _holds(node.body, first) and _holds(node.orelse, second)
    if isinstance(node, ast.Try):
        return _are_in_several([node.body, *(each.body for each in node.handlers)], first, second)
    if isinstance(node, ast.Match):
        return _are_in_several([case.body for case in node.cases], first, second)
    return False


def _are_in_several(blocks: list[list[ast.stmt]], first: int, second: int) -> bool:
    taken = [[number for number, block in enumerate(blocks) if _holds(block, line)] for line in (first, second)]
    return all(taken) and taken[0] != taken[1]


def _ends_before(block: list[ast.stmt], first: int, second: int) -> bool:
    """Whether a block has an `if` around the first line that leaves the block, and the second line comes after it."""
    for number, statement in enumerate(block):
        if isinstance(statement, ast.If) and _holds(statement.body, first) and isinstance(statement.body[-1], _ENDS):
            return _holds(block[number + 1 :], second)
    return False


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    blocks = [getattr(node, name, None) for name in ("body", "orelse")]
    return [block for block in blocks if isinstance(block, list)]


def _holds(block: list[ast.stmt], line: int) -> bool:
    return any(each.lineno <= line <= (each.end_lineno or each.lineno) for each in block)
