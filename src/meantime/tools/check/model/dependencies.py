"""What FastAPI calls before a route: the functions that its parameters depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
                yield from _called_in(values, said, scope, 0)
    for decorator in function.decorators:
        given: Call | None = decorator if decorator.kind == "call" else None  # type: ignore[assignment]  # a Call
        if given is not None and "dependencies" in given.keywords:
            yield from _called_in(values, given.keywords["dependencies"], scope, 0)


def _called_in(values: Values, said: Expression, scope: Function, depth: int) -> Iterator[Function]:
    for value in values.values(said, scope):
        if value.path in _DEPENDS and value.origin is not None and value.origin.arguments:
            paths = {each.path for each in values.values(value.origin.arguments[0], value.origin.within)}
            yield from (values.functions[path] for path in paths & values.functions.keys())
    if depth < _DEEPEST:
        inner = scope.assigned.get(said.name, ()) if said.kind == "name" else said.parts
        for each in inner:
            yield from _called_in(values, each, scope, depth + 1)
