"""The project as rules see it: every function of every file, what its expressions may hold, and where it runs."""

from __future__ import annotations

import re
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Place
from meantime.tools.check.model.call_graph import CallGraph
from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.lengths import Lengths
from meantime.tools.check.model.runs import Chain, Running, Runs
from meantime.tools.check.model.syntax import parsed
from meantime.tools.check.model.values import Value, Values
from meantime.tools.check.unreadable import source_text

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.check.finding import Finding
    from meantime.tools.check.handlers.handler import Configuration, Handler
    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Class, Function, Module

__all__ = ["UNKNOWN", "Chain", "Project", "Runs", "Value"]

_LINES_IN_TREES = 10_000  # that are held at once: some ten megabytes
_TEXTS = 4  # that are held at once
_LINE_ENDS = re.compile("\r\n?|\n")  # those of Python; `splitlines` knows more


class Unknown:
    """What `constant` gives for what is no constant."""


UNKNOWN = Unknown()


class Project:
    """Everything that was read, linked.

    Args:
        root: The folder that is checked from; files are named relative to it.
        modules: What was read of each file, by the name of the file.
        handlers: The Lambda handlers found; until `link` is told them, none.
        configurations: The functions that templates describe, with or without a handler in sight.
        problems: What is to be told of files that could not be read.
    """

    def __init__(self, root: Path, modules: dict[str, Module], problems: tuple[Finding, ...] = ()) -> None:
        self.root = root
        self.modules = modules
        self.problems = problems
        self.handlers: tuple[Handler, ...] = ()
        self.configurations: tuple[Configuration, ...] = ()
        self._values = Values(modules)
        self._graph = CallGraph(self._values)
        self._trees: OrderedDict[str, ast.Module] = OrderedDict()
        self._texts: OrderedDict[str, list[str]] = OrderedDict()
        self._graph.build()
        self._values.forget()
        self._values.follow_parameters = True
        self._graph.build()

    def link(self, handlers: tuple[Handler, ...], configurations: tuple[Configuration, ...]) -> None:
        """Take in which functions are handlers: what they reach, runs in each invocation."""
        self.handlers, self.configurations = handlers, configurations
        self.__dict__.pop("_running", None)
        self.__dict__.pop("_lengths", None)

    @cached_property
    def _running(self) -> Running:
        return Running(self._graph, self.handlers, self.length)

    @cached_property
    def _lengths(self) -> Lengths:
        return Lengths(self._values, {each.function for each in self.handlers})

    @property
    def functions(self) -> dict[str, Function]:
        """Every function by its qualified name, lambdas and modules' bodies among them."""
        return self._values.functions

    @property
    def classes(self) -> dict[str, Class]:
        """Every class by its qualified name."""
        return self._values.classes

    # What expressions hold

    def values(self, expression: Expression, within: Function) -> tuple[Value, ...]:
        """What an expression in a function may hold: names, attributes, results and parameters followed."""
        return self._values.values(expression, within)

    def paths(self, expression: Expression, within: Function) -> frozenset[str]:
        """The paths of what an expression may hold."""
        return frozenset(each.path for each in self._values.values(expression, within))

    def targets(self, call: Call) -> frozenset[str]:
        """The paths of what is called: `asyncio.run`, `boto3.client().get_object`, `app.Service.load`."""
        return self.paths(call.function, call.within)

    def calls_to(self, *paths: str) -> list[Call]:
        """Every call of one of these, in the order of places; a path may end in `.*`: any one name after it."""
        found: dict[Call, None] = {}
        for path in paths:
            if path.endswith(".*"):
                names = self._called_below.get(path[:-2], ())
                found.update((call, None) for name in names for call in self._graph.calls[name])
            else:
                found.update((call, None) for call in self._graph.calls.get(path, ()))
        return sorted(found, key=lambda call: (call.within.file, call.line, call.column))

    @property
    def called(self) -> Iterable[str]:
        """The path of everything that is called anywhere."""
        return self._graph.calls.keys()

    @cached_property
    def _called_below(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self._graph.calls:
            found.setdefault(path.rpartition(".")[0], []).append(path)
        return found

    def decorators(self, function: Function) -> frozenset[str]:
        """The paths of a function's decorators; of `@retry(...)` that of `retry`."""
        return self._values.decorator_paths(function)

    def callees(self, call: Call) -> tuple[Function, ...]:
        """The own functions that are called; for a class its `__init__`."""
        found = (self._graph.called(each.path) for each in self._values.values(call.function, call.within))
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def callers(self, function: Function) -> tuple[Call, ...]:
        """The calls that give a function its arguments: of itself, or of what it is handed to."""
        return tuple(each.call for each in self._values.callers.get(function.qualified, ()))

    def given(self, function: Function, index: int) -> tuple[tuple[Expression, Function], ...]:
        """What its callers, or what it is handed to, give a function for a parameter, each with where that stands."""
        name = function.parameters[index].name
        given = [
            (each.given(index, name), each.call.within) for each in self._values.callers.get(function.qualified, ())
        ]
        return tuple((expression, within) for expression, within in given if expression is not None)

    def functions_of(self, expression: Expression, within: Function) -> tuple[Function, ...]:
        """The own functions that an expression is: named, bound, a lambda, `partial` of one, a coroutine of one."""
        return self._graph.functions_of(expression, within)

    def constant(self, expression: Expression, within: Function) -> object:
        """The constant that an expression is, over names and modules; `UNKNOWN` if it is none or may be several."""
        return self._lengths.constant(expression, within, UNKNOWN)

    def length(self, expression: Expression, within: Function) -> int | None:
        """How many items it has, where the source says so: a literal, `range(5)`, a name for one, a map over one."""
        return self._lengths.length(expression, within)

    def comes_from_event(self, expression: Expression, within: Function) -> bool:
        """Whether it is, or is made of, what a handler was given: as long as the caller likes."""
        return self._lengths.comes_from_event(expression, within)

    # Where functions run

    def runs(self, function: Function) -> Runs:
        """Where a function runs."""
        return self._running.runs(function)

    def handler_of(self, function: Function) -> Handler | None:
        """The handler that a function is itself."""
        return next((each for each in self.handlers if each.function == function.qualified), None)

    # The text

    def place(self, of: Call | Expression, within: Function) -> Place:
        """The place of a call or an expression, for a finding."""
        if isinstance(of, Call):
            return Place(within.file, of.line, of.column + 1, of.end_line, of.end_column + 1)
        return Place(within.file, of.line, of.column + 1)

    def place_of(self, function: Function) -> Place:
        """The place of a function's name in its `def` line, for a finding."""
        column = function.name_column + 1
        text = self.lines(function.file)[function.line - 1 : function.line]
        if text and (named := re.compile(rf"def\s+({re.escape(function.name)})\b").search(text[0], function.column)):
            column = named.start(1) + 1
        return Place(function.file, function.line, column, function.line, column + len(function.name))

    def tree(self, file: str) -> ast.Module:
        """A file's syntax tree, parsed anew, for what is not kept of it; not many are held at once."""
        tree = self._trees.get(file)
        if tree is None:
            tree = self._trees[file] = parsed("\n".join(self.lines(file)))
            while len(self._trees) > 1 and sum(self.modules[each].lines for each in self._trees) > _LINES_IN_TREES:
                self._trees.popitem(last=False)
        else:
            self._trees.move_to_end(file)
        return tree

    def lines(self, file: str) -> list[str]:
        """A file's lines, without their ends."""
        found = self._texts.get(file)
        if found is None:
            found = self._texts[file] = _LINE_ENDS.split(source_text((self.root / file).read_bytes()))
            if len(self._texts) > _TEXTS:
                self._texts.popitem(last=False)
        return found

    def imports(self, file: str) -> Iterable[str]:
        """The dotted names that a file imports."""
        return self.modules[file].imported
