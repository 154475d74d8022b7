"""What FastAPI calls before a route: the functions that its parameters depend on; of a class, its `__init__`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.annotations import annotated
from meantime.tools.check.model.members import attribute
from meantime.tools.check.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_DEPENDS = frozenset(f"fastapi.{module}{name}()" for module in ("", "params.") for name in ("Depends", "Security"))
_DEEPEST = 4  # an alias of `Annotated[…]`, and what stands in it


def dependencies(values: Values, function: Function) -> Iterator[Function]:
    """The functions that a route, or another dependency, depends on: by `Depends(…)` in a default or an annotation."""
    scope = values.functions.get(function.parent) or values.bodies[function.module]
    for parameter in function.parameters:
        for said in (parameter.default, parameter.annotation):
            if said is not None:
                yield from _called_in(values, said, scope, parameter.annotation)
    for decorator in function.decorators:
        given: Call | None = decorator if decorator.kind == "call" else None  # type: ignore[assignment]  # a Call
        if given is not None and "dependencies" in given.keywords:
            yield from _called_in(values, given.keywords["dependencies"], scope, None)


def _called_in(
    values: Values, said: Expression, scope: Function, annotation: Expression | None, depth: int = 0
) -> Iterator[Function]:
    if said.kind == "item":
        annotation = said  # `Annotated[Repository, Depends()]`
    for value in values.values(said, scope):
        if value.path in _DEPENDS and value.origin is not None:
            for path in _depended_on(values, value.origin, annotation, scope):
                yield from _run_by(values, path)
    if depth < _DEEPEST:
        inner = scope.assigned.get(said.name, ()) if said.kind == "name" else said.parts
        for each in inner:
            yield from _called_in(values, each, scope, annotation, depth + 1)


def _depended_on(values: Values, depends: Call, annotation: Expression | None, scope: Function) -> list[str]:
    """The paths that `Depends(…)` names; of `Depends()` those of the annotation's classes."""
    named = depends.arguments[0] if depends.arguments else depends.keywords.get("dependency")
    if named is not None:
        return sorted({each.path for each in values.values(named, depends.within)})
    if annotation is None:
        return []
    return [each.path.removesuffix("()") for each in annotated(values, annotation, scope)]


def _run_by(values: Values, path: str) -> Iterator[Function]:
    """The own function that a call of this path runs: of a class `__init__`, which may be inherited."""
    if path in values.functions:
        yield values.functions[path]
    elif path in values.classes:
        for each in attribute(values, Value(f"{path}()", None), "__init__"):
            if each.path in values.functions:
                yield values.functions[each.path]
