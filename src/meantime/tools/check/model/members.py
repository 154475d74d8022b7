"""What attributes hold: of own modules, classes and their instances, inherited ones too, and of what is foreign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.annotations import annotated
from meantime.tools.check.model.canonical import canonical
from meantime.tools.check.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.functions import Class, Function
    from meantime.tools.check.model.values import Values

SUPER = "<super "
"""Begins the path of what `super()` gives; the qualified name of the class follows."""
_DEEPEST = 8  # bases above a class
_PROPERTIES = frozenset({"builtins.property", "functools.cached_property", "cached_property.cached_property"})


def attribute(values: Values, base: Value, name: str) -> Iterable[Value]:  # noqa: PLR0911  # one a kind of holder
    """What an attribute of a value may hold."""
    path = base.path
    module = values.by_name.get(path)
    if module is not None:
        if f"{path}.{name}" in values.by_name:
            return (Value(f"{path}.{name}", None),)
        body = values.bodies[path]
        if name in body.assigned or module.stars:
            return values.named(name, body)
        return (Value(f"{path}.{name}", None),)
    if path in values.own_names.packages:
        return (Value(f"{path}.{name}", None),)
    if path.startswith(SUPER):
        return _inherited(values, values.classes[path[len(SUPER) : -3]], name, base, 0)
    owner = values.classes.get(path.removesuffix("()"))
    if owner is not None:
        return _member(values, owner, name, base)
    return (Value(canonical(f"{path}.{name}"), base.origin),)


def _member(values: Values, owner: Class, name: str, base: Value, depth: int = 0) -> list[Value]:
    found: list[Value] = []
    method = owner.methods.get(name)
    if method is not None:
        function = values.functions[method]
        if function.decorators and values.decorator_paths(function) & _PROPERTIES:
            return values.returned(function)
        found.append(Value(method, None))
    for scope, value in owner.attributes.get(name, ()):
        found += values.values(value, values.functions[scope])
    if not found and name in owner.annotated:
        found += annotated(values, owner.annotated[name], scope_of(values, owner))
    if found or name in owner.attributes:
        return found
    return _inherited(values, owner, name, base, depth)


def _inherited(values: Values, owner: Class, name: str, base: Value, depth: int) -> list[Value]:
    scope = scope_of(values, owner)
    for expression in owner.bases if depth < _DEEPEST else ():
        for found in values.values(expression, scope):
            parent = values.classes.get(found.path)
            if parent is not None:
                if members := _member(values, parent, name, base, depth + 1):
                    return members
            elif found.path != "builtins.object":
                return [Value(canonical(f"{found.path}().{name}"), base.origin)]
    return []


def overridden(values: Values) -> frozenset[str]:
    """The qualified names of the methods that a class below has one of its own for: a call may mean that."""
    found: set[str] = set()
    for owner in values.classes.values():
        waiting, seen = [owner], {owner.qualified}
        while waiting:
            each = waiting.pop()
            scope = scope_of(values, each)
            for expression in each.bases:
                for base in values.values(expression, scope):
                    parent = values.classes.get(base.path)
                    if parent is not None and parent.qualified not in seen:
                        seen.add(parent.qualified)
                        waiting.append(parent)
                        found.update(parent.methods[name] for name in parent.methods.keys() & owner.methods.keys())
    return frozenset(found)


def scope_of(values: Values, owner: Class) -> Function:
    """The function in which a class is defined; mostly its module's body."""
    outer = owner.qualified.rpartition(".")[0]
    while outer not in values.functions and outer not in values.bodies:
        outer = outer.rpartition(".")[0]
    return values.functions.get(outer) or values.bodies[outer]
