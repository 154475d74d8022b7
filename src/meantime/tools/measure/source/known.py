"""Functions of Python itself and of its containers that are known by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.measure.source.course import marked
from meantime.tools.measure.source.expressions import elements_of
from meantime.tools.measure.source.values import NOTHING, Thing, Value, all_marks, join

if TYPE_CHECKING:
    from collections.abc import Callable

# They call the function that they are given, with what else they are given.
DIRECT = {"submit", "to_thread", "run_in_executor", "apply", "apply_async", "call", "run_sync", "in_thread", "Thread"}
# They call the function that they are given with every item.
VERBS = {
    *("map", "gather", "settle", "as_completed", "imap", "imap_unordered", "starmap", "amap", "filter", "sorted"),
    *("min", "max", "process_partial_response", "async_process_partial_response", "reduce"),
}
_CHANGING = {
    *("append", "add", "insert", "appendleft", "extend", "update", "setdefault", "push", "put", "put_nowait", "write"),
    *("writelines", "feed", "register", "login", "authenticate", "send", "store", "save", "set"),
}
_ADDING = {"append", "add", "appendleft", "put", "put_nowait"}
_COPIES = {"list", "tuple", "set", "sorted", "reversed", "iter", "frozenset", "deque", "copy", "chain", "aiter"}


def changes_receiver(name: str) -> bool:
    """Whether a method of this name keeps what it is given."""
    return name in _CHANGING or name.startswith(("set_", "add_", "with_"))


def known(name: str, owner: Value, given: tuple[Value, ...], names: dict[str, Value]) -> Value | None:
    """What a known function gives; None where its name says nothing."""
    containers = [thing for thing in owner.things if thing.kind == "container"]
    if containers:
        return _of_container(name, containers, owner, given, names)
    if any(thing.kind != "module" for thing in owner.things):
        return None
    if name in _COPIES and given and "key" not in names:
        return _container(join(*(elements_of(value) for value in given)), all_marks_of(given))
    if name.startswith("heappush") and len(given) > 1:
        for thing in given[0].things:
            thing.put(None, given[1])
    make = _MAKERS.get(name)
    return make(given, names) if make is not None else None


def all_marks_of(given: tuple[Value, ...]) -> Value:
    """Where the arguments themselves come from."""
    return Value(frozenset().union(*(value.marks for value in given)))


def _container(elements: Value, itself: Value = NOTHING) -> Value:
    thing = Thing("container", itself.marks)
    thing.put(None, elements)
    return Value(itself.marks, (thing,))


def _pair(*values: Value) -> Value:
    thing = Thing("container")
    for index, value in enumerate(values):
        thing.put(index, value)
    return Value(things=(thing,))


def _of_container(
    name: str, containers: list[Thing], owner: Value, given: tuple[Value, ...], names: dict[str, Value]
) -> Value | None:
    for thing in containers:
        if name in _ADDING and given:
            thing.put(None, given[-1])
        elif name in ("insert", "setdefault") and len(given) > 1:
            thing.put(None, given[1])
        elif name in ("extend", "update"):
            _put_all(thing, name, given, names)
    held = join(*(thing.get(None) for thing in containers))
    if name == "items":
        return _container(_pair(NOTHING, held), owner)
    if name in ("values", "copy"):
        return _container(held, owner)
    if name == "keys":
        return _container(NOTHING, owner)
    if name in ("get", "pop", "popleft", "popitem", "setdefault", "get_nowait", "__getitem__"):
        return marked(join(held, *given[1:]), all_marks(given[:1]) | owner.marks)
    return NOTHING if changes_receiver(name) else Value(all_marks([owner, *given]))


def _put_all(thing: Thing, name: str, given: tuple[Value, ...], names: dict[str, Value]) -> None:
    for value in given:
        for other in value.things:
            for key, held in other.fields.items():
                thing.put(key if name == "update" else None, held)
        thing.put(None, Value(value.marks))
        if any(other.elements is not None or not other.fields for other in value.things):
            thing.put(None, elements_of(value))
    for key, value in names.items():
        thing.put(key, value)


def _zip(given: tuple[Value, ...], _names: dict[str, Value]) -> Value:
    return _container(_pair(*(elements_of(value) for value in given)))


def _enumerate(given: tuple[Value, ...], _names: dict[str, Value]) -> Value:
    return _container(_pair(NOTHING, elements_of(given[0]) if given else NOTHING))


def _next(given: tuple[Value, ...], _names: dict[str, Value]) -> Value:
    return join(*(elements_of(value) for value in given))


def _dict(given: tuple[Value, ...], names: dict[str, Value]) -> Value:
    thing = Thing("container")
    for value in given:
        thing.marks |= value.marks
        for other in value.things:
            for key, held in other.fields.items():
                thing.put(key, held)
            if other.elements is not None:
                thing.put(None, other.elements)
    for key, value in names.items():
        thing.put(key, value)
    return Value(things=(thing,))


_MAKERS: dict[str, Callable[[tuple[Value, ...], dict[str, Value]], Value]] = {
    "zip": _zip,
    "enumerate": _enumerate,
    "next": _next,
    "anext": _next,
    "dict": _dict,
    "defaultdict": lambda _given, _names: Value(things=(Thing("container"),)),
    "Counter": lambda given, _names: _container(join(*(elements_of(value) for value in given))),
}
