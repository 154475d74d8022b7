"""What calls are given, and what is called: small questions about functions and values."""

from __future__ import annotations

import ast

from meantime.tools.measure.source.expressions import bind, find_method
from meantime.tools.measure.source.files import Definition
from meantime.tools.measure.source.values import Thing, Value


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
    return name.startswith(("download_", "readinto", "recv_into"))


def on_a_cursor(node: ast.Call) -> bool:
    """Whether a query is asked of a cursor, which keeps its answer; connections and pools give it."""
    if not isinstance(node.func, ast.Attribute) or not node.func.attr.startswith(("execute", "callproc")):
        return False
    owner = ast.unparse(node.func.value).lower()
    return not any(word in owner for word in ("pool", "conn", "engine"))
