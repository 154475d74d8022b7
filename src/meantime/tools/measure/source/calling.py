"""Reads calls: own functions are followed, recorded calls noted, and other people's functions taken by their names."""

from __future__ import annotations

import ast
from abc import abstractmethod
from typing import TYPE_CHECKING

from meantime.tools.measure.source.callables import (
    Given,
    callable_of,
    fills,
    function_name,
    functions_in,
    gives_items,
    on_a_cursor,
    super_of,
)
from meantime.tools.measure.source.course import TURNS, Run, marked
from meantime.tools.measure.source.expressions import (
    Expressions,
    bind,
    elements_of,
    find_method,
    has_decorator,
    item_of,
)
from meantime.tools.measure.source.files import Definition
from meantime.tools.measure.source.known import DIRECT, VERBS, changes_receiver, known
from meantime.tools.measure.source.places import name_of, steps_into
from meantime.tools.measure.source.values import NOTHING, Scope, Thing, Value, all_marks, join

if TYPE_CHECKING:
    from meantime.tools.measure.source.files import SourceFile
    from meantime.tools.measure.source.places import Place, Step

_DEEPEST = 40  # functions within functions


class Calling(Expressions):
    """Reads calls."""

    @abstractmethod
    def statements(self, body: list[ast.stmt], scope: Scope) -> None:
        """Read statements."""

    @abstractmethod
    def module(self, file: SourceFile) -> Thing:
        """A module of the function's own."""

    def call(self, node: ast.Call, scope: Scope) -> Value:
        """Read a call."""
        function = node.func
        owner = self.value(function.value, scope) if isinstance(function, ast.Attribute) else NOTHING
        called = self.value(function, scope)
        given = self._given(node, scope)
        place = self.place_at(node)
        if place is not None and not any(step.below for step in self.steps(node)):
            return self._recorded(node, place, owner, given)
        own = [found for thing in called.things if (found := callable_of(thing)) is not None]
        if own:
            results = [self._call_own(thing, given, node) for thing in own]
            return join(*results)
        return self._other(node, name_of(node), owner, given)

    def call_function(
        self,
        function: Thing,
        given: tuple[Value, ...],
        node: ast.AST,
        names: dict[str, Value] | None = None,
    ) -> Value:
        """Read a function of the own code as called from an expression."""
        steps = (
            steps_into(self.steps(node), function.file, function_name(function)) if function.file is not None else []
        )
        return self.enter(function, given, names or {}, steps, node)

    def enter(
        self,
        function: Thing,
        given: tuple[Value, ...],
        names: dict[str, Value],
        steps: list[Step],
        node: ast.AST | None,
    ) -> Value:
        """Read a function's body."""
        definition, file = function.definition, function.file
        is_under_way = any(run.function is definition for run in self.runs)
        if (
            not isinstance(definition, Definition)
            or file is None
            or len(self.runs) > _DEEPEST
            or (is_under_way and not steps)
        ):
            return Value(all_marks([*given, *names.values()]))
        around = function.scope or self.module(file).scope
        scope = Scope({}, file, around)
        self._parameters(definition, (*function.bound, *given), {**function.bound_names, **names}, scope)
        run = Run(file, definition, steps, called_at=node, scope=scope)
        self.runs.append(run)
        if isinstance(definition, ast.Lambda):
            run.result = self.value(definition.body, scope)
        else:
            if gives_items(definition):
                run.yielded = Thing("container")
            self.statements(definition.body, scope)
        self.over(run)
        self.runs.pop()
        if run.yielded is None:
            return run.result
        items = Value(things=(run.yielded,))
        is_entered = has_decorator(definition, "contextmanager", "asynccontextmanager")
        return elements_of(items) if is_entered else items

    def _parameters(
        self, definition: Definition, given: tuple[Value, ...], names: dict[str, Value], scope: Scope
    ) -> None:
        arguments = definition.args
        positional = [*arguments.posonlyargs, *arguments.args]
        around = scope.around or scope
        for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            scope.names[parameter.arg] = self.value(default, around)
        for parameter, default_or_none in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            scope.names[parameter.arg] = self.value(default_or_none, around)
        left = list(given)
        for parameter in positional:
            scope.names[parameter.arg] = left.pop(0) if left else scope.names.get(parameter.arg, NOTHING)
        known_names = {parameter.arg for parameter in (*positional, *arguments.kwonlyargs)}
        if arguments.vararg is not None:
            rest = Thing("container")
            for index, value in enumerate(left):
                rest.put(index, value)
            scope.names[arguments.vararg.arg] = Value(things=(rest,))
        more = Thing("container")
        for name, value in names.items():
            if name in known_names:
                scope.names[name] = value
            else:
                more.put(name, value)
        if arguments.kwarg is not None:
            scope.names[arguments.kwarg.arg] = Value(things=(more,))

    def gone_over(self, value: Value, node: ast.AST) -> Value:
        """Read what going over a value makes of own code: `__iter__` and `__next__`."""
        found = []
        for thing in value.things:
            begin = find_method(thing, "__iter__") if thing.kind == "instance" else None
            if begin is None:
                found.append(Value(things=(thing,)))
                continue
            for each in self.call_function(begin, (Value(things=(thing,)),), node).things:
                step = find_method(each, "__next__") if each.kind == "instance" else None
                found.append(Value(things=(each,)) if step is None else self._stepped(step, each, node))
        return marked(join(*found), value.marks) if found else value

    def _stepped(self, step: Thing, iterator: Thing, node: ast.AST) -> Value:
        """What an iterator of the own code gives, step by step."""
        items = Thing("container")
        loop = self.loop_at(node, "pages")
        for number in range(TURNS):
            with self.turn(loop, number):
                items.put(None, self.call_function(step, (Value(things=(iterator,)),), node))
        return Value(things=(items,))

    def _given(self, node: ast.Call, scope: Scope) -> Given:
        positional: list[Value] = []
        names: dict[str, Value] = {}
        texts: dict[str, Value] = {}
        for argument in node.args:
            value = self.value(argument, scope)
            texts[ast.unparse(argument)[:60]] = value
            if isinstance(argument, ast.Starred):
                spread = self.value(argument.value, scope)
                constant = [
                    thing.fields[i] for thing in spread.things for i in range(len(thing.fields)) if i in thing.fields
                ]
                positional += constant or [value]
            else:
                positional.append(value)
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            texts[f"{keyword.arg or '**'}={ast.unparse(keyword.value)}"[:60]] = value
            if keyword.arg is not None:
                names[keyword.arg] = value
            else:
                for thing in value.things:
                    names.update({k: v for k, v in thing.fields.items() if isinstance(k, str)})
        return Given(tuple(positional), names, texts)

    def _recorded(self, node: ast.Call, place: Place, owner: Value, given: Given) -> Value:
        texts = dict(given.texts)
        if isinstance(node.func, ast.Attribute):
            texts[ast.unparse(node.func.value)[:60]] = owner
        mark = self.visit(place, node, texts)
        items = {each for each in all_marks(texts.values()) if each.is_item}
        marks = frozenset({mark, *items})
        # A cursor, and what is given to be filled, hold afterwards what the call gave.
        filled = (
            given.values[-1:] if fills(node) else [owner] if place.calls[0].kind == "sql" and on_a_cursor(node) else []
        )
        for thing in (thing for value in filled for thing in value.things):
            if thing.kind == "other":
                thing.marks |= marks
        return Value(marks, (Thing("other", marks),))

    def _call_own(self, thing: Thing, given: Given, node: ast.Call) -> Value:
        if thing.kind == "function":
            return self.call_function(thing, given.positional, node, given.names)
        made = Thing("instance", made_in=self.around)
        made.fields["class"] = Value(things=(thing,))
        value = Value(things=(made,))
        beginning = find_method(made, "__init__")
        if beginning is not None:
            self.call_function(bind(beginning, (value,)), given.positional, node, given.names)
            return value
        fields = [
            each.target.id
            for each in getattr(thing.definition, "body", [])
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        ]
        for name, each_value in [*zip(fields, given.positional, strict=False), *given.names.items()]:
            made.put(name, each_value)
        if len(given.positional) > len(fields):
            made.marks |= all_marks(given.positional)
        return value

    def _other(self, node: ast.Call, name: str, owner: Value, given: Given) -> Value:
        """A function of other people's: it may call those it is given, and changes what its name says it changes."""
        if name == "partial":
            return Value(
                things=tuple(
                    bind(thing, given.positional[1:], given.names)
                    for thing in (given.positional[0].things if given.positional else ())
                    if thing.kind == "function"
                )
            )
        if name == "super" and (parent := super_of(self.run)) is not None:
            return parent
        if changes_receiver(name):
            for thing in owner.things:
                self.changed(thing, node)
        given.positional = tuple(self.gone_over(value, node) for value in given.positional)
        answer = known(name, owner, given.positional, given.names)
        if answer is not None:
            return answer
        results = self._called_back(node, name, given)
        marks = all_marks([owner, *given.values])
        if changes_receiver(name):
            for thing in owner.things:
                if thing.kind == "other":
                    thing.marks |= all_marks(given.values)
                elif thing.kind in ("container", "instance"):
                    thing.put(None, join(*given.values))
        held = Thing("container")
        held.put(None, join(*results))
        return Value(marks | all_marks(results), (held,) if results else (Thing("other", marks),))

    def _called_back(self, node: ast.Call, name: str, given: Given) -> list[Value]:
        """Read the functions that a call was given, or was seen to call, as called once for every item."""
        functions = [thing for value in given.values for thing in functions_in(value)]
        rest = [value for value in given.positional if not any(thing.kind == "function" for thing in value.things)]
        if name in DIRECT:
            return [self.call_function(thing, tuple(rest), node) for thing in functions]
        if not functions:
            functions = self._seen_below(node)
        if not functions:
            return []
        loop = self.loop_at(node, "verb" if name in VERBS else "unknown")
        before: tuple[Value, ...] = ()  # what a function is given of its own last answer
        items = [
            *rest,
            *(value for value in given.names.values() if not value.things or value.things[0].kind != "function"),
        ]
        results = []
        turns = functions * 2 if len(functions) > 1 else functions * TURNS
        for number, function in enumerate(turns):
            with self.turn(loop, number) as item:
                taken = tuple(item_of(value, item) for value in items) or (Value(frozenset([item])),)
                results.append(self.call_function(function, (*before, *taken), node))
                before = (results[-1],) if name in ("reduce", "accumulate") else ()
        return results

    def _seen_below(self, node: ast.Call) -> list[Thing]:
        """The functions that the recording saw called from here, but for those that the line names itself."""
        found = []
        named = {name_of(each) for each in self.run.file.calls_at(node.lineno)}
        for step in self.steps(node):
            for frame in step.below:
                file, definition = self.function_of(frame)
                if file is not None and definition is not None and frame.function not in named:
                    found.append(Thing("function", definition=definition, file=file))
        return found
