"""What expressions may hold: names, attributes, results and parameters, followed over the project's own files."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.model.canonical import canonical
from meantime.tools.check.model.expressions import Call, Expression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.check.model.functions import Class, Function, Module

_MOST_VALUES = 8  # that one expression may hold; beyond, the first are kept
_MOST_CALLERS = 12  # that are asked what they give a parameter
_DEEPEST = 60  # names that lead to names
_DEEPEST_CLASS = 8  # bases above a class
_SUPER = "<super "

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
_OPTIONAL = frozenset(
    {
        "typing.Optional",
        "typing.Annotated",
        "typing.Union",
        "typing_extensions.Annotated",
        "typing.Final",
        "typing.ClassVar",
    }
)


class Value(NamedTuple):
    """What an expression may hold.

    Args:
        path: Its canonical dotted path from an import, with `()` for what a call gives: `boto3.client()`,
            `boto3.resource().Table()`, `httpx.AsyncClient().get`, `app.load_user` (an own function), `app.Service()`
            (an instance of an own class), `asyncio.Lock()`. `await` adds nothing.
            A parameter that nothing is known of is `app.load_user#client`.
        origin: The call that made it, for paths with `()`: the last one. Its own receiver is `origin.function`.
    """

    path: str
    origin: Call | None


class Caller(NamedTuple):
    """A call that gives a function its arguments.

    Args:
        call: The call.
        shift: The position of the argument for the function's first parameter; -1 for a bound method's.
        goes_over: Whether the function is given each item of an argument, as `map` does.
    """

    call: Call
    shift: int
    goes_over: bool = False

    def given(self, index: int, name: str) -> Expression | None:
        """What the function is given for a parameter, by its position and name; None if that is not known."""
        call = self.call
        if name in call.keywords and not self.goes_over:
            return call.keywords[name]
        position = index + self.shift
        if not 0 <= position < len(call.arguments) or any(
            each.kind == "star" for each in call.arguments[: position + 1]
        ):
            return None
        argument = call.arguments[position]
        if not self.goes_over:
            return argument
        return _item_of(argument)


@cache
def _item_of(argument: Expression) -> Expression:
    """The same one each time: what it may hold is kept by its identity."""
    return Expression("item", "", (argument,), None, argument.line, argument.column)


class Values:
    """Answers what expressions may hold.

    Args:
        modules: What was read, by file.
    """

    def __init__(self, modules: dict[str, Module]) -> None:
        self.modules = modules
        self.by_name: dict[str, Module] = {each.name: each for each in modules.values()}
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, Class] = {}
        self.bodies: dict[str, Function] = {}
        for module in modules.values():
            self.functions.update(module.functions)
            self.classes.update(module.classes)
            self.bodies[module.name] = module.functions[f"{module.name}.<module>"]
        self._packages = {name.rpartition(".")[0] for name in self.by_name}
        self._packages |= {each.rpartition(".")[0] for each in self._packages}
        self.callers: dict[str, list[Caller]] = {}
        self.follow_parameters = False
        self._known: dict[Expression, tuple[Value, ...]] = {}  # each stands in one function
        self._pending: set[Expression] = set()
        self._imports: dict[tuple[str, str], str] = {}
        self._depth = 0

    def forget(self) -> None:
        """Forget what was found out: more is known now."""
        self._known.clear()

    def values(self, expression: Expression, within: Function) -> tuple[Value, ...]:
        """What an expression in a function may hold."""
        kind = expression.kind
        if kind == "constant":
            return ()
        if kind in ("lambda", "function"):
            return (Value(expression.name, None),)
        known = self._known.get(expression)
        if known is not None:
            return known
        if expression in self._pending or self._depth > _DEEPEST:
            return ()
        self._pending.add(expression)
        self._depth += 1
        try:
            found = _distinct(self._read(expression, within))
        finally:
            self._depth -= 1
            self._pending.discard(expression)
        if not self._pending or found:
            self._known[expression] = found
        return found

    def _read(self, expression: Expression, within: Function) -> Iterable[Value]:  # noqa: PLR0911  # one a kind
        match expression.kind:
            case "name":
                return self.named(expression.name, within)
            case "attribute":
                return [
                    found
                    for base in self.values(expression.parts[0], within)
                    for found in self.attribute(base, expression.name)
                ]
            case "call":
                assert isinstance(expression, Call)  # noqa: S101  # its kind says so
                return self._called(expression, within)
            case "await" | "star" | "grown" | "slice":
                return self.values(expression.parts[0], within)
            case "either":
                return [found for part in expression.parts for found in self.values(part, within)]
            case "imported":
                return (self.imported(expression, within),)
            case "item":
                return self._item(expression, within)
            case "comprehension":
                return ()
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
                    found += self.parameter(name, scope)
                if not found and name in scope.annotated:
                    found += self._annotated(scope.annotated[name], scope)
                return found
            scope = self.functions.get(scope.parent) if scope.parent else None
        module = self.modules[within.file]
        for star in module.stars:
            owner = self.by_name.get(star.removeprefix("."))
            if owner is not None and name in self.bodies[owner.name].assigned:
                return list(self.attribute(Value(owner.name, None), name))
        return [Value(f"builtins.{name}", None)]

    def imported(self, expression: Expression, within: Function) -> Value:
        """What an import binds."""
        dotted = expression.name
        if expression.value == "own":
            return self._walk(dotted)
        key = (within.file, dotted)
        known = self._imports.get(key)
        if known is None:
            known = self._imports[key] = self._own_name(dotted, self.modules[within.file].name)
        return self._walk(known) if known else Value(canonical(dotted), None)

    def _own_name(self, dotted: str, importer: str) -> str:
        """The project's own name for an imported one; empty if it is none of it: the nearest folder first."""
        head = dotted.partition(".")[0]
        folder = importer.rpartition(".")[0]
        while folder in self.by_name:  # within a package siblings are not imported so
            folder = folder.rpartition(".")[0]
        while True:
            for between in ("", "src.", "python."):
                prefix = f"{folder}.{between}" if folder else between
                if prefix + head in self.by_name or prefix + head in self._packages:
                    full = prefix + dotted
                    if full in self.by_name or full in self._packages or self._has(full):
                        return full
            if not folder:
                return ""
            folder = folder.rpartition(".")[0]

    def _has(self, full: str) -> bool:
        owner = full.rpartition(".")[0]
        return owner in self.by_name

    def _walk(self, full: str) -> Value:
        """What an absolute own name is: a module, or what a module binds."""
        if full in self.by_name or full in self._packages:
            return Value(full, None)
        owner, _, name = full.rpartition(".")
        if owner in self.by_name:
            found = list(self.attribute(Value(owner, None), name))
            if found:
                return found[0]
        return Value(full, None)

    # Attributes

    def attribute(self, base: Value, name: str) -> Iterable[Value]:  # noqa: PLR0911  # one a kind of holder
        """What an attribute of a value may hold."""
        path = base.path
        module = self.by_name.get(path)
        if module is not None:
            if f"{path}.{name}" in self.by_name:
                return (Value(f"{path}.{name}", None),)
            body = self.bodies[path]
            if name in body.assigned:
                return self.named(name, body)
            return self.named(name, body) if module.stars else (Value(f"{path}.{name}", None),)
        if path in self._packages:
            return (Value(f"{path}.{name}", None),)
        if path.startswith(_SUPER):
            return self._inherited(self.classes[path[len(_SUPER) : -3]], name, base, 0)
        owner = self.classes.get(path.removesuffix("()"))
        if owner is not None:
            return self._member(owner, name, base)
        return (Value(canonical(f"{path}.{name}"), base.origin),)

    def _member(self, owner: Class, name: str, base: Value, depth: int = 0) -> list[Value]:
        method = owner.methods.get(name)
        if method is not None:
            function = self.functions[method]
            if self.decorator_paths(function) & _PROPERTIES:
                return [each for value in function.returns for each in self.values(value, function)]
            return [Value(method, None)]
        if name in owner.attributes:
            return [
                each for scope, value in owner.attributes[name] for each in self.values(value, self.functions[scope])
            ]
        return self._inherited(owner, name, base, depth)

    def _inherited(self, owner: Class, name: str, base: Value, depth: int) -> list[Value]:
        scope = self.scope_of(owner)
        for expression in owner.bases if depth < _DEEPEST_CLASS else ():
            for found in self.values(expression, scope):
                parent = self.classes.get(found.path)
                if parent is not None:
                    if members := self._member(parent, name, base, depth + 1):
                        return members
                elif found.path != "builtins.object":
                    return [Value(canonical(f"{found.path}().{name}"), base.origin)]
        return []

    def scope_of(self, owner: Class) -> Function:
        """The function in which a class is defined; mostly its module's body."""
        outer = owner.qualified.rpartition(".")[0]
        while outer not in self.functions and outer not in self.bodies:
            outer = outer.rpartition(".")[0]
        return self.functions.get(outer) or self.bodies[outer]

    def decorator_paths(self, function: Function) -> frozenset[str]:
        """The paths of a function's decorators; of `@retry(...)` that of `retry`."""
        scope = self.functions.get(function.parent) or self.bodies[function.module]
        return frozenset(
            found.path
            for each in function.decorators
            for found in self.values(each.function if isinstance(each, Call) else each, scope)
        )

    # Calls

    def _called(self, call: Call, within: Function) -> Iterable[Value]:
        found: list[Value] = []
        if call.function.kind == "name" and call.function.name == "super" and within.class_name:
            return [Value(f"{_SUPER}{within.class_name}>()", None)]
        for value in self.values(call.function, within):
            path = value.path
            function = self.functions.get(path)
            if function is not None:
                given = [each for result in function.returns for each in self.values(result, function)]
                found += given or [Value(f"{path}()", call)]
            elif path in self.classes:
                found.append(Value(f"{path}()", call))
            elif path in _PASSING and len(call.arguments) > _PASSING[path]:
                found += self.values(call.arguments[_PASSING[path]], within)
            else:
                found.append(Value(canonical(f"{path}()"), call))
        return found

    def _item(self, expression: Expression, within: Function) -> Iterable[Value]:
        holder = expression.parts[0]
        if holder.kind in ("list", "dict"):
            return self._element(holder, expression.value, within)
        if holder.kind == "comprehension":
            return self.values(holder.parts[0], within)
        found: list[Value] = []
        if holder.kind == "name":
            found += self._held(holder.name, expression.value, within)
        elif holder.kind == "attribute":
            for base in self.values(holder.parts[0], within):
                owner = self.classes.get(base.path.removesuffix("()"))
                for scope, value in owner.attributes.get(holder.name, ()) if owner is not None else ():
                    found += self._holding(value, expression.value, self.functions[scope])
        paths = [each for each in self.values(holder, within) if each.path.startswith("typing.")]
        if found or paths:
            return found
        return [Value(f"{each.path}[]", each.origin) for each in self.values(holder, within)]

    def _held(self, name: str, key: object, within: Function) -> list[Value]:
        scope: Function | None = within
        while scope is not None:
            if name in scope.assigned:
                return [each for value in scope.assigned[name] for each in self._holding(value, key, scope)]
            scope = self.functions.get(scope.parent) if scope.parent else None
        return []

    def _holding(self, value: Expression, key: object, scope: Function) -> Iterable[Value]:
        if value.kind == "held":
            return self.values(value.parts[0], scope)
        if value.kind in ("list", "dict"):
            return self._element(value, key, scope)
        if value.kind == "comprehension":
            return self.values(value.parts[0], scope)
        return ()

    def _element(self, holder: Expression, key: object, within: Function) -> list[Value]:
        parts = holder.parts
        if holder.kind == "list" and isinstance(key, int) and -len(parts) <= key < len(parts):
            parts = (parts[key],)
        elif holder.kind == "dict" and key is not None and isinstance(holder.value, tuple) and key in holder.value:
            parts = (parts[holder.value.index(key)],)
        return [each for part in parts for each in self.values(part, within)]

    # Parameters

    def parameter(self, name: str, function: Function) -> list[Value]:
        """What a parameter may hold: by its annotation, its default, and what callers give."""
        parameters = function.parameters
        index = next(number for number, each in enumerate(parameters) if each.name == name)
        parameter = parameters[index]
        if index == 0 and function.class_name and not self.decorator_paths(function) & _WITHOUT_SELF:
            is_class = "builtins.classmethod" in self.decorator_paths(function)
            return [Value(function.class_name + ("" if is_class else "()"), None)]
        scope = self.functions.get(function.parent) or self.bodies[function.module]
        found: list[Value] = []
        if parameter.annotation is not None:
            found += self._annotated(parameter.annotation, scope)
        if parameter.default is not None:
            found += self._default(parameter.default, scope)
        if self.follow_parameters:
            for caller in self.callers.get(function.qualified, ())[:_MOST_CALLERS]:
                given = caller.given(index, parameter.name)
                if given is not None:
                    found += self.values(given, caller.call.within)
        return found or [Value(f"{function.qualified}#{name}", None)]

    def _default(self, default: Expression, scope: Function) -> list[Value]:
        found: list[Value] = []
        for each in self.values(default, scope):
            if each.path in _INJECTED and each.origin is not None and each.origin.arguments:
                provider = self.values(each.origin.arguments[0], scope)
                found += [
                    value
                    for given in provider
                    if (function := self.functions.get(given.path)) is not None
                    for result in function.returns
                    for value in self.values(result, function)
                ]
            else:
                found.append(each)
        return found

    def _annotated(self, annotation: Expression, scope: Function) -> list[Value]:
        if annotation.kind == "item":
            held = {each.path for each in self.values(annotation.parts[0], scope)}
            if not held & _OPTIONAL:
                return []
            inner = annotation.parts[1]
            first = inner.parts[:1] if held & {"typing.Annotated", "typing_extensions.Annotated"} else inner.parts
            parts = first if inner.kind == "list" else (inner,)
            return [each for part in parts for each in self._annotated(part, scope)]
        if annotation.kind == "other" and annotation.name == "BitOr":
            return [each for part in annotation.parts for each in self._annotated(part, scope)]
        if annotation.kind not in ("name", "attribute"):
            return []
        return [
            Value(canonical(f"{each.path}()"), None)
            for each in self.values(annotation, scope)
            if not each.path.startswith(("builtins.", "typing.", "collections.abc.")) and "#" not in each.path
        ]


_PROPERTIES = frozenset({"builtins.property", "functools.cached_property", "cached_property.cached_property"})
_WITHOUT_SELF = frozenset({"builtins.staticmethod"})
_INJECTED = frozenset({"fastapi.Depends()", "fastapi.params.Depends()"})


def _distinct(values: Iterable[Value]) -> tuple[Value, ...]:
    found = tuple(dict.fromkeys(values))
    return found[:_MOST_VALUES]
