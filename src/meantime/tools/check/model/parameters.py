"""What parameters hold: by their annotation, their default, and what callers give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.annotations import annotated
from meantime.tools.check.model.value import Value

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_MOST_CALLERS = 12  # that are asked what they give
_WITHOUT_SELF = frozenset({"builtins.staticmethod"})
_OF_THE_CLASS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_INJECTED = frozenset({"fastapi.Depends()", "fastapi.params.Depends()"})


def parameter(values: Values, name: str, function: Function) -> list[Value]:
    """What a parameter may hold."""
    parameters = function.parameters
    index = next(number for number, each in enumerate(parameters) if each.name == name)
    found = parameters[index]
    if index == 0 and function.class_name:
        decorators = values.decorator_paths(function) if function.decorators else frozenset()
        if not decorators & _WITHOUT_SELF:
            is_class = "builtins.classmethod" in decorators or function.name in _OF_THE_CLASS
            return [Value(function.class_name + ("" if is_class else "()"), None)]
    if found.kind in {"*", "**"}:
        return [Value(f"{function.qualified}#{name}", None)]
    scope = values.functions.get(function.parent) or values.bodies[function.module]
    held: list[Value] = []
    if found.annotation is not None:
        held += annotated(values, found.annotation, scope)
    if found.default is not None:
        held += _default(values, found.default, scope)
    if values.follow_parameters:
        for caller in values.callers.get(function.qualified, ())[:_MOST_CALLERS]:
            given = caller.given(index, name)
            if given is not None:
                held += values.values(given, caller.call.within)
    return held or [Value(f"{function.qualified}#{name}", None)]


def _default(values: Values, default: Expression, scope: Function) -> list[Value]:
    found: list[Value] = []
    for each in values.values(default, scope):
        if each.path in _INJECTED and each.origin is not None:  # `Depends()`: what the annotation says
            for argument in each.origin.arguments[:1]:
                for given in values.values(argument, scope):
                    function = values.functions.get(given.path)
                    found += values.returned(function) if function is not None else ()
        else:
            found.append(each)
    return found
