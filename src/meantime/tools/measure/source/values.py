"""What the source's values are taken to be: where they come from, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Hashable, Iterable

    from meantime.tools.measure.source.files import SourceFile

_MOST_THINGS = 8  # that one value may be at a time; beyond, the first ones stand for all


@dataclass(frozen=True, slots=True)
class Mark:
    """That a value comes from a call, or is an item of a loop.

    Args:
        origin: Number of the call's place, or of the loop.
        is_item: Whether it is an item of a loop.
        turns: In which turn of which loops it came to be, outermost first.
        node: Which expression of the place it was: a line may hold several calls.
    """

    origin: int
    is_item: bool
    turns: tuple[tuple[int, int], ...]
    node: int = 0


Marks = frozenset[Mark]
NO_MARKS: Marks = frozenset()


@dataclass(eq=False, slots=True)
class Thing:
    """Something values refer to, and that may be changed through any of them: a list, an instance, a client.

    Args:
        kind: `container`, `instance`, `function`, `class`, `module`, `other`: what other people's code gave.
        marks: Where its parts come from, those that are not in `fields`.
        fields: Its attributes, or its items under constant keys.
        elements: Its items under keys that are not known.
        definition: Of a function or class.
        file: Where that stands.
        scope: What a function sees around it.
        bound: What a function was given beforehand: by `self.`, by `partial`.
        bound_names: The same, by name.
        made_in: The loops in whose turns it was made; None where that is not known.
    """

    kind: str
    marks: Marks = NO_MARKS
    fields: dict[Hashable, Value] = field(default_factory=dict)
    elements: Value | None = None
    definition: ast.AST | None = None
    file: SourceFile | None = None
    scope: Scope | None = None
    bound: tuple[Value, ...] = ()
    bound_names: dict[str, Value] = field(default_factory=dict)
    made_in: tuple[int, ...] | None = None

    def put(self, key: Hashable | None, value: Value) -> None:
        """Keep a value in it; it may have held another before, and may still."""
        if key is None:
            self.elements = join(self.elements or NOTHING, value)
        else:
            self.fields[key] = join(self.fields.get(key, NOTHING), value)

    def get(self, key: Hashable | None) -> Value:
        """What it may hold under a key; None for any key."""
        held = [self.elements or NOTHING]
        if key is None:
            held += self.fields.values()
        elif key in self.fields:
            held.append(self.fields[key])
        return join(Value(self.marks), *held)


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from, and what it may be."""

    marks: Marks = NO_MARKS
    things: tuple[Thing, ...] = ()


NOTHING = Value()


@dataclass(eq=False, slots=True)
class Scope:
    """The names of one function, or of a module, and those around it."""

    names: dict[str, Value]
    file: SourceFile
    around: Scope | None = None
    elsewhere: dict[str, Scope] = field(default_factory=dict)  # names declared global or nonlocal

    def find(self, name: str) -> Value | None:
        """What a name stands for; None where nobody has defined it."""
        scope: Scope | None = self.elsewhere.get(name, self)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.around
        return None

    def set(self, name: str, value: Value) -> None:
        """Let a name stand for a value."""
        self.elsewhere.get(name, self).names[name] = value


def join(*values: Value) -> Value:
    """A value that may be any of these."""
    filled = [value for value in values if value is not NOTHING]
    if len(filled) == 1:
        return filled[0]
    marks = frozenset[Mark]().union(*(value.marks for value in filled))
    things = dict.fromkeys(thing for value in filled for thing in value.things)
    return Value(marks, tuple(things)[:_MOST_THINGS])


def all_marks(values: Iterable[Value]) -> Marks:
    """Where values come from with everything that they hold."""
    found: set[Mark] = set()
    seen: set[int] = set()
    left = list(values)
    while left:
        value = left.pop()
        found |= value.marks
        for thing in value.things:
            if id(thing) not in seen and thing.kind not in ("function", "class", "module"):
                seen.add(id(thing))
                found |= thing.marks
                left += thing.fields.values()
                if thing.elements is not None:
                    left.append(thing.elements)
            elif thing.kind == "function" and id(thing) not in seen:
                seen.add(id(thing))
                left += thing.bound
                left += thing.bound_names.values()
    return frozenset(found)


def merge_names(into: dict[str, Value], other: dict[str, Value]) -> None:
    """Let every name stand for what it may be after either of two ways."""
    for name, value in other.items():
        into[name] = join(into[name], value) if name in into else value
