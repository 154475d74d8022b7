"""What calls give: of own functions what they return, of others a path that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.annotations import annotated
from meantime.tools.check.model.canonical import canonical
from meantime.tools.check.model.containers import taken_out
from meantime.tools.check.model.members import SUPER
from meantime.tools.check.model.value import Value

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_DEEPEST_PARTIAL = 4  # partials of partials

# What these give is what they are given, at this position.
_PASSING = {
    "asyncio.wait_for": 0,
    "asyncio.shield": 0,
    "contextlib.closing": 0,
    "contextlib.aclosing": 0,
    "contextlib.ExitStack().enter_context": 0,
    "contextlib.AsyncExitStack().enter_context": 0,
    "contextlib.AsyncExitStack().enter_async_context": 0,
    "typing.cast": 1,
    "copy.copy": 0,
    "aws_xray_sdk.core.patch": 0,
    "builtins.next": 0,
    "builtins.iter": 0,
}


def result(values: Values, call: Call) -> list[Value]:
    """What a call may give."""
    within = call.within
    if call.function.kind == "name" and call.function.name == "super" and within.class_name:
        return [Value(f"{SUPER}{within.class_name}>()", None)]
    taken = taken_out(values, call)
    if taken:
        return taken
    return [found for value in values.values(call.function, within) for found in _of(values, value, call, 0)]


def _of(values: Values, value: Value, call: Call, depth: int) -> list[Value]:
    """What a call gives whose function is this value."""
    path = value.path
    function = values.functions.get(path)
    if function is not None:
        return values.returned(function) or [Value(f"{path}()", call)]
    if path in values.classes:
        return [Value(f"{path}()", call)]
    position = _PASSING.get(path)
    if position is not None and len(call.arguments) > position:
        return list(values.values(call.arguments[position], call.within))
    if path == "functools.partial()" and value.origin is not None and value.origin.arguments:
        of = value.origin
        inner = values.values(of.arguments[0], of.within) if depth < _DEEPEST_PARTIAL else ()
        return [found for each in inner for found in _of(values, each, call, depth + 1)]
    return [Value(canonical(f"{path}()"), call)]


def returned(values: Values, function: Function) -> list[Value]:
    """What an own function returns or yields; where that is not seen, what it is annotated to."""
    found = [each for value in function.returns for each in values.values(value, function)]
    if function.returned is not None and all("#" in each.path or "[]" in each.path for each in found):
        scope = values.functions.get(function.parent) or values.bodies[function.module]
        return annotated(values, function.returned, scope, yields=function.is_generator) or found
    return found
