"""Whether an expression is the same each time: made of constants, modules' names and the environment's variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.clients import CONFIGURATIONS

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_MADE_OF_PARTS = frozenset({"attribute", "item", "list", "dict", "text", "either", "star", "other"})
_DEEPEST = 8


def arguments_of(call: Call) -> tuple[Expression, ...]:
    """All that a call is given."""
    return (*call.arguments, *call.keywords.values())


def calls_a_configuration(project: Project, call: Call) -> bool:
    """Whether a call surely gives the same when it is given the same: `Config(…)`, `os.environ.get(…)`, `int(…)`."""
    paths = project.targets(call)
    return bool(paths) and paths <= CONFIGURATIONS


def is_same(project: Project, expression: Expression, within: Function, depth: int = 0) -> bool:
    """Whether an expression in a function has the same value in each call of it, as far as the source proves it."""
    if depth > _DEEPEST:
        return False
    if expression.kind == "constant":
        return True
    if expression.kind == "name":
        return _is_same_name(project, expression.name, within, depth)
    if expression.kind == "call":
        call: Call = expression  # type: ignore[assignment]  # its kind says so
        return calls_a_configuration(project, call) and all(
            is_same(project, each, within, depth + 1) for each in arguments_of(call)
        )
    return expression.kind in _MADE_OF_PARTS and all(
        is_same(project, each, within, depth + 1) for each in expression.parts
    )


def _is_same_name(project: Project, name: str, within: Function, depth: int) -> bool:
    scope: Function | None = within
    while scope is not None and not scope.is_module:
        if any(each.name == name for each in scope.parameters):
            return False
        given = () if name in scope.globals else scope.assigned.get(name, ())
        if given:
            return all(each.kind == "imported" or is_same(project, each, scope, depth + 1) for each in given)
        scope = project.functions.get(scope.parent)
    return True  # a module's, or a builtin
