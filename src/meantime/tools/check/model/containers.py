"""What lists and dicts hold: what they are made with, what is put into them, and how it is taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_DEEPEST = 6  # containers of containers
_ADDING = frozenset({"append", "appendleft", "add"})
_TAKING = frozenset({"get", "pop", "setdefault", "popleft"})
_SAME = frozenset({"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"})


def item(values: Values, expression: Expression, within: Function) -> Iterable[Value]:
    """What a subscript may give, or what a loop binds."""
    holder = expression.parts[0]
    found = _looked_into(values, holder, expression.value, within)
    if found:
        return found
    held = values.values(holder, within)
    if holder.kind in {"list", "dict", "comprehension"} or any(each.path.startswith("typing.") for each in held):
        return [each for each in held if each.path.startswith("typing.")]
    return [Value(f"{each.path}[]", each.origin) for each in held]


def taken_out(values: Values, call: Call) -> list[Value]:
    """What `clients.get("s3")` gives, if `clients` is a container in sight; else nothing."""
    function = call.function
    if (
        function.kind != "attribute"
        or function.name not in _TAKING
        or function.parts[0].kind not in {"name", "attribute"}
    ):
        return []
    key = call.arguments[0].value if call.arguments and call.arguments[0].kind == "constant" else None
    return _looked_into(values, function.parts[0], key, call.within)


def _looked_into(values: Values, holder: Expression, key: object, within: Function) -> list[Value]:
    """What a container holds; each name that leads there is followed once."""
    outer, values.names_looked_into = values.names_looked_into, set()
    try:
        return _elements(values, holder, key, within)
    finally:
        values.names_looked_into = outer


def _elements(  # noqa: C901, PLR0911, PLR0912  # one a kind
    values: Values, holder: Expression, key: object, within: Function, depth: int = 0
) -> list[Value]:
    """What a container holds, under a key or position where that is given."""
    if depth > _DEEPEST:
        return []
    match holder.kind:
        case "list":
            parts = holder.parts
            if isinstance(key, int) and -len(parts) <= key < len(parts):
                parts = (parts[key],)
            return [each for part in parts for each in _part(values, part, within, depth)]
        case "dict":
            parts, keys = holder.parts, holder.value
            if key is not None and isinstance(keys, tuple) and key in keys:
                parts = (parts[keys.index(key)],)
            return [each for part in parts for each in _part(values, part, within, depth)]
        case "comprehension":
            return list(values.values(holder.parts[0], within))
        case "held":
            if key is not None and holder.value is not None and holder.value != key:
                return []
            return list(values.values(holder.parts[0], within))
        case "elsewhere":
            return _elements(values, holder.parts[0], key, values.functions[holder.name], depth)
        case "name":
            return _of_name(values, holder.name, key, within, depth)
        case "attribute":
            return _of_attribute(values, holder, key, within, depth)
        case "item":
            return _of_item(values, holder, key, within, depth)
        case "either" | "star" | "await":
            return [each for part in holder.parts for each in _elements(values, part, key, within, depth + 1)]
    return _of_call(values, holder, key, depth) if isinstance(holder, Call) else []


def _part(values: Values, part: Expression, within: Function, depth: int) -> Iterable[Value]:
    """What stands in a display; of `*others` what these hold."""
    if part.kind == "star":
        return _elements(values, part.parts[0], None, within, depth + 1)
    return values.values(part, within)


def _of_name(values: Values, name: str, key: object, within: Function, depth: int) -> list[Value]:
    place = (within.qualified, name, key)
    if place in values.names_looked_into:
        return []
    values.names_looked_into.add(place)
    scope: Function | None = within
    while scope is not None:
        if name in scope.assigned and (scope.is_module or name not in scope.globals):
            found = [each for value in scope.assigned[name] for each in _elements(values, value, key, scope, depth + 1)]
            adding = (scope,) if scope is within else (scope, within)
            return found + [each for function in adding for each in _added(values, "", name, function)]
        scope = values.functions.get(scope.parent) if scope.parent else None
    return []


def _of_attribute(values: Values, holder: Expression, key: object, within: Function, depth: int) -> list[Value]:
    found: list[Value] = []
    for base in values.values(holder.parts[0], within):
        owner = values.classes.get(base.path.removesuffix("()"))
        if owner is not None:
            for scope, value in owner.attributes.get(holder.name, ()):
                found += _elements(values, value, key, values.functions[scope], depth + 1)
            if holder.parts[0].kind == "name":
                for method in owner.methods.values():
                    found += _added(values, holder.parts[0].name, holder.name, values.functions[method])
        elif base.path in values.bodies:
            found += _of_name(values, holder.name, key, values.bodies[base.path], depth)
    return found


def _added(values: Values, owner: str, name: str, function: Function) -> Iterable[Value]:
    """What a function puts into what a name, or an attribute of a name, holds."""
    for call in values.adding(function):
        target = call.function.parts[0]
        if target.name == name and (target.parts[0].name if target.kind == "attribute" else "") == owner:
            yield from values.values(call.arguments[0], function)


def adds(call: Call) -> bool:
    """Whether a call puts its first argument into a container that has a name."""
    function = call.function
    if function.kind != "attribute" or function.name not in _ADDING or not call.arguments:
        return False
    target = function.parts[0]
    return target.kind == "name" or (target.kind == "attribute" and target.parts[0].kind == "name")


def _of_item(values: Values, holder: Expression, key: object, within: Function, depth: int) -> list[Value]:
    """What stands at a place of each pair of `enumerate`, `zip` or `items`."""
    pairs = holder.parts[0]
    if not isinstance(pairs, Call) or not isinstance(key, int):
        return []
    function = pairs.function
    if function.kind == "name" and function.name == "enumerate" and key == 1 and pairs.arguments:
        return _elements(values, pairs.arguments[0], None, within, depth + 1)
    if function.kind == "name" and function.name == "zip" and 0 <= key < len(pairs.arguments):
        return _elements(values, pairs.arguments[key], None, within, depth + 1)
    if function.kind == "attribute" and function.name == "items" and key == 1:
        return _elements(values, function.parts[0], None, within, depth + 1)
    return []


def _of_call(values: Values, call: Call, key: object, depth: int) -> list[Value]:
    function = call.function
    if function.kind == "name" and function.name in _SAME and call.arguments:
        return _elements(values, call.arguments[0], key, call.within, depth + 1)
    if function.kind == "attribute" and function.name in {"values", "copy"} and not call.arguments:
        return _elements(values, function.parts[0], None, call.within, depth + 1)
    return []
