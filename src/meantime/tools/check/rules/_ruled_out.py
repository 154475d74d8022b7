"""Ways that are never gone: a call stands in a branch on a parameter, and what this way gives it takes another."""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.check.rules._conditions import conditions
from meantime.tools.check.rules._definitions import places
from meantime.tools.check.rules._dual_use import functions_on_way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_Known = dict[str, object]  # the parameters of a function whose constant is known


def is_ruled_out(project: Project, chain: Chain, last: Call) -> bool:
    """Whether constants and defaults that are given on a way keep it from a call at its end."""
    known: _Known = {}
    for call, following in pairwise((*_calls_of(project, chain), last)):
        if call is None or following is None:
            known = {}
            continue
        if _is_kept_from(project, call, known):
            return True
        known = _given(project, call, following.within, known)
    return _is_kept_from(project, last, known)


def _calls_of(project: Project, chain: Chain) -> Iterator[Call | None]:
    for step, function in zip(chain.steps, functions_on_way(project, chain), strict=False):
        yield next(
            (each for each in function.calls if (each.line, each.column + 1) == (step.place.line, step.place.column)),
            None,
        )


def _is_kept_from(project: Project, call: Call, known: _Known) -> bool:
    return bool(known) and any(_decided(test, known) is (not is_true) for test, is_true in conditions(project, call))


def _decided(test: ast.expr, known: _Known) -> bool | None:
    """What `x`, `x is None` or `x is not None` gives for a parameter that is known; None for all else."""
    if isinstance(test, ast.Name) and test.id in known:
        return bool(known[test.id])
    if (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id in known
        and isinstance(test.ops[0], ast.Is | ast.IsNot)
        and [each.value for each in test.comparators if isinstance(each, ast.Constant)] == [None]
    ):
        return (known[test.left.id] is None) is isinstance(test.ops[0], ast.Is)
    return None


def _given(project: Project, call: Call, function: Function, known: _Known) -> _Known:
    """The constants that a function's parameters have where this calls it; none where it does not do so itself."""
    if function not in project.callees(call):
        return {}
    if "**" in call.keywords or any(each.kind == "star" for each in call.arguments):
        return {}
    by_place = dict(zip(places(function), call.arguments, strict=False))
    found = {
        each.name: by_place.get(each.name) or call.keywords.get(each.name) or each.default
        for each in function.parameters
        if each.name not in function.assigned
    }
    return {
        name: expression.value if expression.kind == "constant" else known[expression.name]
        for name, expression in found.items()
        if expression is not None and _is_known(expression, known)
    }


def _is_known(expression: Expression, known: _Known) -> bool:
    return expression.kind == "constant" or (expression.kind == "name" and expression.name in known)
