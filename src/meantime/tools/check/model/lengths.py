"""What the source says of an expression's value: a constant, a number of items, or that it is made of the event."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from meantime.tools.check.model.expressions import Call

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.values import Values

_DEEPEST = 24
_DEEPEST_WAY = 100  # from what is asked to the event
_MOST_CALLERS = 12  # of a function, that are asked what they give
_GROWING = frozenset({"append", "extend", "add", "insert", "update", "appendleft", "setdefault"})
_SAME_LENGTH = frozenset({"list", "tuple", "sorted", "reversed", "enumerate", "iter"})
_CHUNKING = frozenset({"batched", "chunked", "chunks", "chunk", "batch", "grouper", "sliced", "ichunked"})
_VIEWS = frozenset({"items", "keys", "values", "copy"})


class Lengths:
    """Answers it.

    Args:
        values: What expressions may hold.
        handlers: The qualified names of the handlers: their first parameter is the event.
    """

    def __init__(self, values: Values, handlers: set[str]) -> None:
        self._values = values
        self._handlers = handlers
        self._grown: dict[str, frozenset[str]] = {}
        self._comes: dict[Expression, bool] = {}

    def constant(  # noqa: C901, PLR0911  # one a kind
        self, expression: Expression, within: Function, unknown: object, depth: int = 0
    ) -> object:
        """The constant that an expression is; `unknown` if it is none or may be several."""
        if expression.kind == "constant":
            return expression.value
        if depth > _DEEPEST:
            return unknown
        if expression.kind == "elsewhere":
            return self.constant(expression.parts[0], self._values.functions[expression.name], unknown, depth + 1)
        if expression.kind == "name":
            found = self._given_to(expression.name, within)
            if found is not None:
                return self.constant(found[0], found[1], unknown, depth + 1)
        if expression.kind == "attribute":
            for base in self._values.values(expression.parts[0], within):
                body = self._values.bodies.get(base.path)
                if body is not None and len(body.assigned.get(expression.name, ())) == 1:
                    return self.constant(body.assigned[expression.name][0], body, unknown, depth + 1)
                owner = self._values.classes.get(base.path.removesuffix("()"))
                if owner is not None and len(owner.attributes.get(expression.name, ())) == 1:
                    scope, value = owner.attributes[expression.name][0]
                    return self.constant(value, self._values.functions[scope], unknown, depth + 1)
        if expression.kind == "imported":
            owner_name, _, name = self._values.imported(expression, within).path.rpartition(".")
            body = self._values.bodies.get(owner_name)
            if body is not None and len(body.assigned.get(name, ())) == 1:
                return self.constant(body.assigned[name][0], body, unknown, depth + 1)
        return unknown

    def _given_to(self, name: str, within: Function) -> tuple[Expression, Function] | None:
        """What a name is given, if that is one thing; own imports are followed."""
        scope: Function | None = within
        while scope is not None:
            if any(each.name == name for each in scope.parameters):
                return None
            if name in scope.assigned and name not in scope.globals:
                given = scope.assigned[name]
                return (given[0], scope) if len(given) == 1 else None
            scope = self._values.functions.get(scope.parent) if scope.parent else None
        return None

    def length(self, expression: Expression, within: Function, depth: int = 0) -> int | None:  # noqa: C901, PLR0911, PLR0912  # one a kind
        """How many items it has, where the source says so."""
        if depth > _DEEPEST:
            return None
        parts = expression.parts
        match expression.kind:
            case "list":
                stars = [each for each in parts if each.kind == "star"]
                counted = [self.length(each.parts[0], within, depth + 1) for each in stars]
                known = [each for each in counted if each is not None]
                size = expression.value if isinstance(expression.value, int) else len(parts)
                return size - len(stars) + sum(known) if len(known) == len(stars) else None
            case "dict":
                return None if any(each.kind == "star" for each in parts) else len(parts)
            case "comprehension":
                sizes = [self.length(each, within, depth + 1) for each in parts[1:]]
                counts = [each for each in sizes if each is not None]
                return prod(counts) if len(counts) == len(sizes) else None
            case "slice":
                bounds = [self.length(parts[0], within, depth + 1), _end_of(expression)]
                return min((each for each in bounds if each is not None), default=None)
            case "star":
                return self.length(parts[0], within, depth + 1)
            case "elsewhere":
                return self.length(parts[0], self._values.functions[expression.name], depth + 1)
            case "constant":
                return len(expression.value) if isinstance(expression.value, str | bytes | tuple) else None
            case "name":
                found = self._given_to(expression.name, within)
                if found is None or found[0].kind in ("grown", "item") or expression.name in self._growing(found[1]):
                    return None
                return self.length(found[0], found[1], depth + 1)
            case "attribute":
                for base in self._values.values(parts[0], within):
                    body = self._values.bodies.get(base.path)
                    given = body.assigned.get(expression.name, ()) if body is not None else ()
                    if body is not None and len(given) == 1 and expression.name not in self._growing(body):
                        return self.length(given[0], body, depth + 1)
                    owner = self._values.classes.get(base.path.removesuffix("()"))
                    held = owner.attributes.get(expression.name, ()) if owner is not None else ()
                    if len(held) == 1:
                        return self.length(held[0][1], self._values.functions[held[0][0]], depth + 1)
                return None
            case "imported":
                owner_name, _, name = self._values.imported(expression, within).path.rpartition(".")
                body = self._values.bodies.get(owner_name)
                if body is not None and len(body.assigned.get(name, ())) == 1 and name not in self._growing(body):
                    return self.length(body.assigned[name][0], body, depth + 1)
                return None
            case "call":
                assert isinstance(expression, Call)  # noqa: S101  # its kind says so
                return self._of_a_call(expression, within, depth)
        return None

    def _of_a_call(self, call: Call, within: Function, depth: int) -> int | None:  # noqa: PLR0911  # one a function
        function = call.function
        if function.kind == "attribute" and function.name in _VIEWS:
            return self.length(function.parts[0], within, depth + 1)
        if function.kind != "name" or not call.arguments:
            return None
        if function.name in _SAME_LENGTH:
            return self.length(call.arguments[0], within, depth + 1)
        if function.name == "zip":
            sizes = [self.length(each, within, depth + 1) for each in call.arguments]
            known = [each for each in sizes if each is not None]
            return min(known, default=None)
        if function.name == "map":
            return self.length(call.arguments[1], within, depth + 1) if len(call.arguments) > 1 else None
        if function.name == "islice" and len(call.arguments) == 2:  # noqa: PLR2004  # what, and how many
            most = self.constant(call.arguments[1], within, None)
            return most if isinstance(most, int) else None
        if function.name == "range":
            given = [self.constant(each, within, None) for each in call.arguments]
            bounds = [each for each in given if isinstance(each, int)]
            if len(bounds) == len(given):
                return len(range(*bounds))
        return None

    def _growing(self, function: Function) -> frozenset[str]:
        """The names that something is put into somewhere in a function."""
        known = self._grown.get(function.qualified)
        if known is None:
            inner = self._values.modules[function.file].functions.values() if function.is_module else (function,)
            known = self._grown[function.qualified] = frozenset(
                call.function.parts[0].name
                for each in inner
                for call in each.calls
                if call.function.kind == "attribute"
                and call.function.name in _GROWING
                and call.function.parts[0].kind == "name"
                and (each is function or call.function.parts[0].name not in each.assigned)
            )
        return known

    def comes_from_event(self, expression: Expression, within: Function) -> bool:
        """Whether it is, or is made of, what a handler was given."""
        known = self._comes.get(expression)
        if known is None:
            seen: set[Expression | tuple[str, str]] = set()
            known = self._comes[expression] = self._leads_to_event(expression, within, seen)
            if not known:  # then nothing does that was met on the way
                self._comes.update((each, False) for each in seen if not isinstance(each, tuple))
        return known

    def _leads_to_event(  # noqa: PLR0911  # one a kind
        self, expression: Expression, within: Function, seen: set[Expression | tuple[str, str]], depth: int = 0
    ) -> bool:
        kind = expression.kind
        if kind == "name":
            return self._name_leads(expression.name, within, seen, depth)
        if expression in seen or depth > _DEEPEST_WAY or kind in {"lambda", "function", "constant", "imported"}:
            return False
        known = self._comes.get(expression)
        if known is not None:
            return known
        seen.add(expression)
        if isinstance(expression, Call):
            parts: tuple[Expression, ...] = (*expression.arguments, *expression.keywords.values())
            if expression.function.kind == "attribute":
                parts = (expression.function.parts[0], *parts)
            return any(self._leads_to_event(each, within, seen, depth + 1) for each in parts)
        if kind == "elsewhere":
            within = self._values.functions[expression.name]
        if kind == "slice" and _end_of(expression) is not None:
            return False  # so many at most
        parts = expression.parts
        if kind == "item" and isinstance(parts[0], Call) and _name_of(parts[0]) in _CHUNKING:
            return False  # one chunk
        if kind == "item":
            parts = parts[:1]
        return any(self._leads_to_event(each, within, seen, depth + 1) for each in parts)

    def _name_leads(self, name: str, within: Function, seen: set[Expression | tuple[str, str]], depth: int) -> bool:
        key = (within.qualified, name)
        if key in seen:
            return False
        seen.add(key)
        scope: Function | None = within
        while scope is not None:
            index = next((number for number, each in enumerate(scope.parameters) if each.name == name), None)
            if index is not None:
                if scope.qualified in self._handlers and index == (1 if scope.class_name else 0):
                    return True
                if self._argument_leads(scope, index, name, seen, depth):
                    return True
            if name in scope.assigned:
                given = scope.assigned[name]
                return any(self._leads_to_event(each, scope, seen, depth + 1) for each in given)
            if index is not None:
                return False
            scope = self._values.functions.get(scope.parent) if scope.parent else None
        return False

    def _argument_leads(  # a parameter, and the way to it
        self, function: Function, index: int, name: str, seen: set[Expression | tuple[str, str]], depth: int
    ) -> bool:
        for caller in self._values.callers.get(function.qualified, ())[:_MOST_CALLERS]:
            given = caller.given(index, name)
            if given is not None and self._leads_to_event(given, caller.call.within, seen, depth + 1):
                return True
        return False


def _name_of(call: Call) -> str:
    """The last name of what is called."""
    return call.function.name


def _end_of(expression: Expression) -> int | None:
    """How many items a slice has at most, if its end is a constant."""
    end = expression.value
    return end if isinstance(end, int) and end >= 0 else None
