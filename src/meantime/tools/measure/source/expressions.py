"""Reads expressions: from what a value comes, and what it may be."""

from __future__ import annotations

import ast
from abc import abstractmethod
from typing import TYPE_CHECKING

from meantime.tools.measure.source.course import TURNS, Course, marked
from meantime.tools.measure.source.places import is_named_for
from meantime.tools.measure.source.values import NOTHING, Mark, Scope, Thing, Value, all_marks, join

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from meantime.tools.measure.source.places import Place

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Expressions(Course):
    """Reads expressions."""

    @abstractmethod
    def call(self, node: ast.Call, scope: Scope) -> Value:
        """Read a call."""

    @abstractmethod
    def call_function(self, function: Thing, given: tuple[Value, ...], node: ast.AST) -> Value:
        """Read a function of the own code as called from an expression."""

    @abstractmethod
    def gone_over(self, value: Value, node: ast.AST) -> Value:
        """Read what going over a value makes of own code: `__iter__` and `__next__`."""

    def value(self, node: ast.AST | None, scope: Scope) -> Value:
        """What an expression gives."""
        if node is None:
            return NOTHING
        self.tick()
        read: Callable[..., Value] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        if read is not None:
            return read(node, scope)
        if isinstance(node, _Comprehension):
            return self._comprehension(node, scope)
        # Whatever is made of parts comes from where they come from; what it is, is not known.
        parts = [self.value(part, scope) for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        return Value(all_marks(parts))

    # Each is named for the type of its node.

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        return self.call(node, scope)

    def _constant(self, _node: ast.Constant, _scope: Scope) -> Value:
        return NOTHING

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        found = scope.find(node.id)
        return NOTHING if found is None else found

    def _await(self, node: ast.Await, scope: Scope) -> Value:
        return self._waited_for(node, self.value(node.value, scope))

    def _starred(self, node: ast.Starred, scope: Scope) -> Value:
        return elements_of(self.value(node.value, scope))

    def _namedexpr(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        scope.set(node.target.id, value)
        return value

    def _ifexp(self, node: ast.IfExp, scope: Scope) -> Value:
        test = all_marks((self.value(node.test, scope),))
        with self.under(test, ast.unparse(node.test)):
            either = join(self.value(node.body, scope), self.value(node.orelse, scope))
        return marked(either, test)

    def _boolop(self, node: ast.BoolOp, scope: Scope) -> Value:
        first = self.value(node.values[0], scope)
        found = [first]
        with self.under(all_marks((first,)), ast.unparse(node.values[0])):
            found += [self.value(each, scope) for each in node.values[1:]]
        return join(*found)

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Value(things=(Thing("function", definition=node, file=scope.file, scope=scope),))

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        owner = self.value(node.value, scope)
        found = [self._attribute_of(thing, owner, node) for thing in owner.things]
        return self._waited_for(node, marked(join(*found), owner.marks) if found else owner)

    def _attribute_of(self, thing: Thing, owner: Value, node: ast.Attribute) -> Value:
        if thing.kind in ("instance", "class"):
            method = find_method(thing, node.attr)
            held = thing.fields.get(node.attr)
            if method is not None and held is None:
                if is_property(method.definition):
                    return self.call_function(method, (Value(things=(thing,)),), node)
                itself = thing.fields["super of"].things if "super of" in thing.fields else (thing,)
                static = has_decorator(method.definition, "staticmethod")
                by_class = thing.kind == "class" and not has_decorator(method.definition, "classmethod")
                bound = () if static or by_class else (Value(owner.marks, itself),)
                return Value(things=(bind(method, bound),))
            return join(held or NOTHING, Value(thing.marks))
        if thing.kind == "module":
            return of_a_module(thing, node.attr)
        return Value(owner.marks, (thing,))  # a part of somebody else's object stands for all of it

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        owner = self.value(node.value, scope)
        key = all_marks((self.value(node.slice, scope),))
        constant = constant_of(node.slice)
        found = [
            join(thing.get(constant)) if thing.kind == "container" else Value(owner.marks, (thing,))
            for thing in owner.things
        ]
        return self._waited_for(node, marked(join(*found), owner.marks | key))

    def _list(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        thing = Thing("container", made_in=self.around)
        for index, each in enumerate(node.elts):
            thing.put(None if isinstance(each, ast.Starred) else index, self.value(each, scope))
        return Value(things=(thing,))

    _tuple = _list
    _set = _list

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        thing = Thing("container", made_in=self.around)
        for key, each in zip(node.keys, node.values, strict=True):
            value = self.value(each, scope)
            if key is None:
                thing.put(None, elements_of(value))
            else:
                thing.put(constant_of(key), marked(value, all_marks((self.value(key, scope),))))
        return Value(things=(thing,))

    def _yield(self, node: ast.Yield, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if self.run.yielded is not None:
            self.run.yielded.put(None, marked(value, self.implied("control")))
        return NOTHING

    def _yieldfrom(self, node: ast.YieldFrom, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        if self.run.yielded is not None:
            self.run.yielded.put(None, elements_of(value))
        return value

    def _comprehension(self, node: _Comprehension, scope: Scope) -> Value:
        inner = Scope({}, scope.file, scope)
        made = Thing("container", made_in=self.around)

        def go_on(generators: list[ast.comprehension]) -> None:
            if not generators:
                parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
                made.put(None, join(*(self.value(part, inner) for part in parts)))
                return
            first, *rest = generators
            over = self.iterated(first.iter, inner)
            loop = self.loop_at(first.target, "comprehension")
            for number in range(TURNS):
                with self.turn(loop, number) as item:
                    self.assign(first.target, item_of(over, item), inner)
                    tests = all_marks([self.value(test, inner) for test in first.ifs])
                    with self.under(tests | over.marks, " and ".join(ast.unparse(test) for test in first.ifs)):
                        go_on(rest)

        go_on(node.generators)
        return Value(things=(made,))

    def iterated(self, node: ast.expr, scope: Scope) -> Value:
        """What a loop goes over; where asking for the next item makes recorded calls, each comes after the other."""
        place = self.place_at(node) if self.run.steps else None
        if place is None or not self._asks_as_it_goes(node, place):
            return self.gone_over(self.value(node, scope), node)
        inner = [part for part in ast.iter_child_nodes(node) if isinstance(part, (ast.expr, ast.keyword))]
        parts = [self.value(part.value if isinstance(part, ast.keyword) else part, scope) for part in inner]
        loop = self.loop_at(node, "pages")
        text = ast.unparse(node)[:60]
        marks = all_marks(parts)
        for number in range(2):
            with self.turn(loop, number):
                marks |= {self.visit(place, node, {text: Value(marks)})}
        # All pages together are what the loop goes over.
        whole = [
            Mark(mark.origin, mark.is_item, self.turns, mark.node) for mark in marks if mark.origin == place.number
        ]
        return Value(frozenset(whole), (Thing("other", frozenset(whole)),))

    def _asks_as_it_goes(self, node: ast.expr, place: Place) -> bool:
        """Whether the calls come from going over it, page by page, and not from making it."""
        if isinstance(node, ast.Call):
            return not is_named_for(node, place) and not any(step.below for step in self.steps(node))
        return isinstance(node, ast.Name | ast.Attribute) and not self._has_call(place.frame.line)

    def _has_call(self, line: int) -> bool:
        return bool(self.run.file.calls_at(line))

    def _waited_for(self, node: ast.expr, value: Value) -> Value:
        """A value for which a recorded call may have been made without a call in the source: `await`, an attribute."""
        if not self.run.steps or any(isinstance(part, ast.Call) for part in ast.walk(node)):
            return value
        place = self.place_at(node)
        if place is None or self._has_call(place.frame.line):
            return value
        return marked(value, [self.visit(place, node, {ast.unparse(node)[:60]: value})])

    def assign(self, target: ast.AST, value: Value, scope: Scope) -> None:
        """Let a target stand for a value."""
        implied = self.implied("control")
        match target:
            case ast.Name():
                scope.set(target.id, marked(value, implied))
            case ast.Tuple() | ast.List():
                for index, each in enumerate(target.elts):
                    parts = [thing.get(index) for thing in value.things if thing.kind == "container"]
                    others = tuple(thing for thing in value.things if thing.kind != "container")
                    self.assign(each, join(*parts, Value(value.marks, others)), scope)
            case ast.Starred():
                self.assign(target.value, value, scope)
            case ast.Attribute() | ast.Subscript():
                owner = self.value(target.value, scope)
                is_attribute = isinstance(target, ast.Attribute)
                key: Hashable = target.attr if is_attribute else constant_of(target.slice)  # type: ignore[union-attr]  # as tested
                for thing in owner.things:
                    if thing.kind in ("container", "instance", "class", "module"):
                        thing.put(key, marked(value, implied))
                        self.changed(thing, target)
                    elif thing.kind == "other":
                        thing.marks |= all_marks((value,))
            case _:
                pass


def of_a_module(thing: Thing, name: str) -> Value:
    """A name of a module; of somebody else's it is the same thing wherever it is imported: `os.environ`."""
    if thing.file is None and name not in thing.fields:
        thing.fields[name] = Value(things=(Thing("other"),))
    return thing.fields.get(name, NOTHING)


def elements_of(value: Value) -> Value:
    """What going over a value gives."""
    found = [thing.get(None) if thing.kind == "container" else Value(thing.marks, (thing,)) for thing in value.things]
    return marked(join(*found), value.marks)


def item_of(value: Value, item: Mark) -> Value:
    """One item of a value, in one turn of a loop over it."""
    return marked(elements_of(value), [item])


def constant_of(node: ast.AST) -> Hashable | None:
    """The constant key that an expression is; None for any other."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, bytes)) else None


def find_method(thing: Thing, name: str) -> Thing | None:
    """A method of an instance or class, its own or an ancestor's."""
    found = thing.fields.get(f"def {name}")
    if found is not None and found.things:
        return found.things[0]
    for ancestor in thing.fields.get("class", NOTHING).things + thing.fields.get("bases", NOTHING).things:
        method = find_method(ancestor, name)
        if method is not None:
            return method
    return None


def bind(function: Thing, given: tuple[Value, ...], names: dict[str, Value] | None = None) -> Thing:
    """A function with its first arguments given."""
    return Thing(
        "function",
        definition=function.definition,
        file=function.file,
        scope=function.scope,
        bound=(*function.bound, *given),
        bound_names={**function.bound_names, **(names or {})},
    )


def has_decorator(definition: ast.AST | None, *names: str) -> bool:
    """Whether a function carries one of these decorators."""
    decorators = getattr(definition, "decorator_list", [])
    return any(ast.unparse(each).partition("(")[0].rpartition(".")[2] in names for each in decorators)


def is_property(definition: ast.AST | None) -> bool:
    """Whether a method is read like an attribute."""
    return has_decorator(definition, "property", "cached_property")
