"""What calls are given, and what is called: small questions about functions and values."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.source.expressions import bind, find_method
from meantime.tools.measure.source.files import Definition
from meantime.tools.measure.source.values import NOTHING, Thing, Value

if TYPE_CHECKING:
    from collections.abc import Hashable

    from meantime.tools.measure.source.course import Run


class Given:
    """What a call is given, read."""

    def __init__(self, positional: tuple[Value, ...], names: dict[str, Value], texts: dict[str, Value]) -> None:
        self.positional = positional
        self.names = names
        self.texts = texts

    @property
    def values(self) -> list[Value]:
        """All of it."""
        return [*self.positional, *self.names.values()]


def functions_in(value: Value) -> list[Thing]:
    """The functions that a value is, or holds."""
    held = [*value.things]
    held += [each for thing in value.things if thing.kind == "container" for each in thing.get(None).things]
    return [thing for thing in held if thing.kind == "function"]


def callable_of(thing: Thing) -> Thing | None:
    """What is called where a thing is; None where its source is not known."""
    if thing.kind in ("function", "class"):
        return thing
    if thing.kind == "instance":
        method = find_method(thing, "__call__")
        return bind(method, (Value(things=(thing,)),)) if method is not None else None
    return None


def function_name(function: Thing) -> str:
    """A function's name, as frames have it."""
    return getattr(function.definition, "name", "<lambda>")


def gives_items(definition: ast.AST) -> bool:
    """Whether a function is a generator."""
    left = list(ast.iter_child_nodes(definition))
    while left:
        node = left.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (*Definition.__args__, ast.ClassDef)):
            left += ast.iter_child_nodes(node)
    return False


def fills(node: ast.Call) -> bool:
    """Whether a call fills what it is given, by its name."""
    name = getattr(node.func, "attr", "")
    return name.startswith(("download_fileobj", "readinto", "recv_into"))


def on_a_cursor(node: ast.Call) -> bool:
    """Whether a query is asked of a cursor, which keeps its answer; connections and pools give it."""
    if not isinstance(node.func, ast.Attribute) or not node.func.attr.startswith(("execute", "callproc")):
        return False
    owner = ast.unparse(node.func.value).lower()
    return not any(word in owner for word in ("pool", "conn", "engine"))


def is_endless(node: ast.expr) -> bool:
    """Whether what is gone over has no end of its own: `count()`, `iter(next_page, None)`."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("count", "cycle") or (name == "iter" and len(node.args) == 2)  # noqa: PLR2004  # with its sentinel


def super_of(run: Run) -> Value | None:
    """What `super()` gives in a method: the instance, with its class's ancestors for a class."""
    definition = run.function
    if definition is None or not definition.args.args or run.scope is None:
        return None
    first = run.scope.names.get(definition.args.args[0].arg, NOTHING)
    found = []
    for thing in first.things:
        classes = thing.fields.get("class", NOTHING).things
        bases = tuple(base for each in classes for base in each.fields.get("bases", NOTHING).things)
        held: dict[Hashable, Value] = {"class": Value(things=bases), "super of": Value(things=(thing,))}
        found.append(Thing("instance", thing.marks, held))
    return Value(first.marks, tuple(found))
