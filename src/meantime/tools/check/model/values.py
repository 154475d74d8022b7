"""What expressions may hold: names, attributes, results and parameters, followed over the project's own files."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from meantime.tools.check.model.annotations import annotated
from meantime.tools.check.model.canonical import canonical
from meantime.tools.check.model.containers import adds, item
from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.members import attribute
from meantime.tools.check.model.own_names import OwnNames
from meantime.tools.check.model.parameters import parameter
from meantime.tools.check.model.results import result, returned
from meantime.tools.check.model.value import Caller, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Class, Function, Module

__all__ = ["Caller", "Value", "Values"]

_MOST_VALUES = 8  # that one expression may hold; beyond, the first are kept
_DEEPEST = 60  # names that lead to names
_NOTHING_OPEN = 1_000_000
_MOST_STEPS = 3_000  # for one question; beyond, what leads in circles is answered by what is seen so far
_BUILTINS = frozenset(dir(builtins))

_MOST_KEPT = 100_000  # answers, of some 200 bytes


class Values:
    """Answers what expressions may hold.

    Args:
        modules: What was read, by file.
    """

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules = dict(sorted(modules.items()))  # in whichever order they were read
        self.by_name: dict[str, Module] = {each.name: each for each in modules.values()}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self.bodies: dict[str, Function] = {}
        for module in modules.values():
            self.functions.update(module.functions)
            self.classes.update(module.classes)
            self.bodies[module.name] = module.functions[f"{module.name}.<module>"]
        self.own_names = OwnNames(self.by_name)
        self.callers: dict[str, list[Caller]] = {}
        self.follow_parameters = False
        self._known: dict[Expression, tuple[Value, ...]] = {}  # each stands in one function
        self._kept: dict[tuple[Value, ...], tuple[Value, ...]] = {}  # many hold the same
        self._pending: dict[Expression, int] = {}  # what is looked at just now, and how deep
        self.names_looked_into: set[tuple[str, str, object]] = set()  # for what containers hold, just now
        self._steps = 0
        self._open = _NOTHING_OPEN  # the outermost of these that was met again
        self._unfinished: dict[Expression, tuple[tuple[Value, ...], int]] = {}
        self._starring: set[tuple[str, str]] = set()
        self._adding: dict[str, tuple[Call, ...]] = {}

    @property
    def is_full(self) -> bool:
        """Whether so many answers are kept that a project too large for memory would not be held."""
        return len(self._known) > _MOST_KEPT

    def forget(self) -> None:
        """Forget what was found out: more is known now."""
        self._known.clear()
        self._kept.clear()

    def values(self, expression: Expression, within: Function) -> tuple[Value, ...]:
        """What an expression in a function may hold."""
        kind = expression.kind
        if kind == "constant":
            return ()
        if kind in {"lambda", "function"}:
            return (Value(expression.name, None),)
        known = self._known.get(expression)
        if known is not None:
            return known
        depth = self._pending.get(expression)
        if depth is not None or len(self._pending) > _DEEPEST:
            self._open = min(self._open, depth or 0)
            return ()
        kept = self._unfinished.get(expression)
        if kept is not None:
            self._open = min(self._open, kept[1])
            return kept[0]
        return self._found(expression, within)

    def _found(self, expression: Expression, within: Function) -> tuple[Value, ...]:
        """Look anew. What leads back to what is still looked at is not kept for longer than that: it is not all yet."""
        depth = self._pending[expression] = len(self._pending)
        self._steps = self._steps + 1 if depth else 0
        outer, self._open = self._open, _NOTHING_OPEN
        try:
            found = tuple(dict.fromkeys(self._read(expression, within)))[:_MOST_VALUES]
        finally:
            del self._pending[expression]
            inner, self._open = self._open, outer
        if inner >= depth or self._steps > _MOST_STEPS:
            self._known[expression] = found = self._kept.setdefault(found, found)
            if inner <= depth:
                self._unfinished.clear()
            if inner < depth:
                self._open = min(outer, inner)
        else:
            self._unfinished[expression] = (found, inner)
            self._open = min(outer, inner)
        return found

    def _read(self, expression: Expression, within: Function) -> Iterable[Value]:  # noqa: PLR0911  # one a kind
        match expression.kind:
            case "name":
                return self.named(expression.name, within)
            case "attribute":
                return [
                    found
                    for base in self.values(expression.parts[0], within)
                    for found in attribute(self, base, expression.name)
                ]
            case "call":
                assert isinstance(expression, Call)  # noqa: S101  # its kind says so
                return result(self, expression)
            case "await" | "star" | "grown" | "slice":
                return self.values(expression.parts[0], within)
            case "either":
                return [found for part in expression.parts for found in self.values(part, within)]
            case "imported":
                return (self.imported(expression, within),)
            case "item":
                return item(self, expression, within)
            case "elsewhere":
                return self.values(expression.parts[0], self.functions[expression.name])
            case _:
                return ()

    # Names

    def named(self, name: str, within: Function) -> list[Value]:
        """What a name in a function may hold."""
        scope: Function | None = within
        while scope is not None:
            is_parameter = any(each.name == name for each in scope.parameters)
            if not (name in scope.globals and not scope.is_module) and (name in scope.assigned or is_parameter):
                found = [each for value in scope.assigned.get(name, ()) for each in self.values(value, scope)]
                if is_parameter:
                    found += parameter(self, name, scope)
                if not found and name in scope.annotated:
                    found += annotated(self, scope.annotated[name], scope)
                return found
            scope = self.functions.get(scope.parent) if scope.parent else None
        return self._starred(name, self.modules[within.file])

    def _starred(self, name: str, module: Module) -> list[Value]:
        """What a name may hold that the file itself does not bind."""
        key = (module.file, name)
        if not module.stars or key in self._starring:  # files may import all of each other
            return [Value(f"builtins.{name}", None)]
        self._starring.add(key)
        try:
            return self._by_a_star(name, module)
        finally:
            self._starring.discard(key)

    def _by_a_star(self, name: str, module: Module) -> list[Value]:
        foreign: list[str] = []
        for star in module.stars:
            full = star[1:] if star.startswith(".") else self.own_names.full(star, module.name)
            owner = self.by_name.get(full)
            if owner is None:
                foreign.append(star)
            elif owner is not module and (name in self.bodies[full].assigned or owner.stars):
                found = list(attribute(self, Value(full, None), name))
                if found != [Value(f"builtins.{name}", None)]:
                    return found
        if len(foreign) == 1 and name not in _BUILTINS:
            return [Value(canonical(f"{foreign[0]}.{name}"), None)]
        return [Value(f"builtins.{name}", None)]

    def imported(self, expression: Expression, within: Function) -> Value:
        """What an import binds."""
        dotted = expression.name
        if expression.value == "own":
            return self._walk(dotted)
        full = self.own_names.full(dotted, self.modules[within.file].name)
        return self._walk(full) if full else Value(canonical(dotted), None)

    def _walk(self, full: str) -> Value:
        """What an absolute own name is: a module, or what a module binds."""
        if full in self.by_name or full in self.own_names.packages:
            return Value(full, None)
        owner, _, name = full.rpartition(".")
        if owner in self.by_name:
            found = list(attribute(self, Value(owner, None), name))
            if found:
                return found[0]
        return Value(full, None)

    # Functions

    def returned(self, function: Function) -> list[Value]:
        """What an own function returns or yields."""
        return returned(self, function)

    def decorator_paths(self, function: Function) -> frozenset[str]:
        """The paths of a function's decorators; of `@retry(...)` that of `retry`."""
        scope = self.functions.get(function.parent) or self.bodies[function.module]
        return frozenset(
            found.path
            for each in function.decorators
            for found in self.values(each.function if isinstance(each, Call) else each, scope)
        )

    def adding(self, function: Function) -> tuple[Call, ...]:
        """The calls in a function that put something into a container."""
        known = self._adding.get(function.qualified)
        if known is None:
            known = self._adding[function.qualified] = tuple(each for each in function.calls if adds(each))
        return known
