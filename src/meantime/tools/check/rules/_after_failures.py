"""Loops over records that go on after one has failed, and answer for that one alone."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.rules._answers import only_tells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.rules._records import RecordLoop

_STOPS = (ast.Break, ast.Return, ast.Raise)


def goes_on_behind(loop: RecordLoop) -> Iterator[ast.ExceptHandler]:
    """Each `except` in a loop that keeps a failure and lets the loop go on, whatever has failed before."""
    first = loop.work[0]
    for node in [each for part in first.code for each in ast.walk(part)]:
        if isinstance(node, ast.Try):
            for caught in node.handlers:
                kept = _names(caught) - {first.record, caught.name}
                if not (_stops(caught) or all(map(only_tells, caught.body)) or _asks_for(kept, first.code)):
                    yield caught


def _stops(node: ast.AST) -> bool:
    return any(isinstance(each, _STOPS) for each in ast.walk(node))


def _asks_for(names: set[str], code: tuple[ast.AST, ...]) -> bool:
    """Whether a condition in the loop reads one of the names, or the loop is left at its own level."""
    if any(isinstance(part, _STOPS) for part in code):
        return True
    tests = [each.test for part in code for each in ast.walk(part) if isinstance(each, ast.If | ast.IfExp | ast.While)]
    return any(names & _names(test) for test in tests)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
