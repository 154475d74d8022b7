"""Where each function runs, in an invocation, on a loop, on a thread; and how it comes to that."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Place, Step
from meantime.tools.check.model.dependencies import dependencies
from meantime.tools.check.model.ways import Way, ways_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.call_graph import CallGraph, Edge
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function

_ROUTES = re.compile(
    r"(?:fastapi\.(?:FastAPI|APIRouter)|flask\.(?:Flask|Blueprint)|quart\.(?:Quart|Blueprint)|chalice\.(?:Chalice|Blueprint)"
    r"|starlette\.applications\.Starlette|aws_lambda_powertools\.event_handler\.[\w.]+)\(\)\.\w+$"
    r"|litestar\.(?:get|post|put|patch|delete|route|handlers\.\w+)$"
)
_ON_THREADS = re.compile(r"fastapi\.(?:FastAPI|APIRouter)\(\)\.(?!middleware|on_event|exception_handler)\w+$")
_MOST_STEPS = 40  # that are told of a way; the last ones
_HERE = frozenset({"call", "callback"})
_EVERYWHERE = frozenset({"call", "callback", "thread", "process", "task", "loop"})
_WORDS = {
    "call": "{} calls {}",
    "callback": "{} calls {}",
    "thread": "{} hands {} to a thread",
    "process": "{} hands {} to another process",
    "task": "{} runs {}",
    "loop": "{} hands {} to the loop",
}


class Chain(NamedTuple):
    """One way in which a function comes to run.

    Args:
        steps: The calls on the way, outermost first; empty for the one that it begins with.
        begins: The qualified name of the function that it begins with: a handler, a coroutine function, or what is
            handed to a thread.
        is_proved: Whether every step of it is sure: no decorator in between whose doing is not known, one callee only.
        is_per_item: Whether a step of it is in a loop, or hands the function to a verb for many items.
        is_bounded: Whether such a loop or fan-out goes over a literal of known length.
        call: The call that hands it over, where it begins with one.
        handler: The handler, where it begins with one.
    """

    steps: tuple[Step, ...]
    begins: str
    is_proved: bool
    is_per_item: bool
    is_bounded: bool
    call: Call | None
    handler: Handler | None


class Runs(NamedTuple):
    """Where a function runs, with the shortest way to each; None: not seen to.

    Args:
        in_invocation: From a handler, on whichever thread or loop: it runs in each invocation.
        on_loop: On an event loop: a coroutine function, and what such a function calls directly.
        in_thread: Handed to a thread.
        in_process: Handed to another process.
        at_import: Called by a module's body.
    """

    in_invocation: Chain | None
    on_loop: Chain | None
    in_thread: Chain | None
    in_process: Chain | None
    at_import: Chain | None


class Running:
    """Answers where functions run.

    Args:
        graph: Who calls whom.
        handlers: Where invocations begin.
        length: How many items an expression has in a function, if that is known.
    """

    def __init__(
        self,
        graph: CallGraph,
        handlers: tuple[Handler, ...],
        length: Callable[[Expression, Function], int | None],
    ) -> None:
        self._graph = graph
        self._handlers = handlers
        self._length = length
        self._functions = graph.values.functions
        self._known: dict[str, Runs] = {}

    def runs(self, function: Function) -> Runs:
        """Where a function runs."""
        found = self._known.get(function.qualified)
        if found is None:
            found = self._known[function.qualified] = Runs(
                self._chain(function, self._in_invocation),
                self._chain(function, self._on_loop),
                self._chain(function, self._in_thread),
                self._chain(function, self._in_process),
                self._chain(function, self._at_import),
            )
        return found

    @cached_property
    def _routes(self) -> dict[str, bool]:
        """The functions that a web framework calls for a request, and whether it calls them on a thread."""
        found: dict[str, bool] = {}
        for function in self._functions.values():
            if function.decorators:
                paths = self._graph.values.decorator_paths(function)
                if any(_ROUTES.match(path) for path in paths):
                    found[function.qualified] = not function.is_async and any(_ON_THREADS.match(path) for path in paths)
        return self._with_dependencies(found)

    def _with_dependencies(self, routes: dict[str, bool]) -> dict[str, bool]:
        """These and the functions that they depend on, which FastAPI calls before each of them."""
        waiting = list(routes)
        for name in waiting:
            for each in dependencies(self._graph.values, self._functions[name]):
                if each.qualified not in routes:
                    routes[each.qualified] = not each.is_async
                    waiting.append(each.qualified)
        return routes

    @cached_property
    def _handler_by_function(self) -> dict[str, Handler]:
        found = {each.function: each for each in self._handlers}
        adapter = next((each for each in self._handlers if each.adapter), None) or next(iter(self._handlers), None)
        if adapter is not None:
            found = dict.fromkeys(self._routes, adapter) | found
        return found

    @cached_property
    def _in_invocation(self) -> dict[str, Way]:
        # In the order of the files: which of several ways of one length is told must not change from run to run.
        sure = [name for name, each in self._handler_by_function.items() if each.is_sure and name in self._functions]
        reached = ways_from(
            self._graph, [(self._functions[name], None) for name in sure], _EVERYWHERE, only_plain=False
        )
        rest = [name for name in self._handler_by_function if name in self._functions and name not in reached]
        doubtful = ways_from(
            self._graph, [(self._functions[name], None) for name in rest], _EVERYWHERE, only_plain=False
        )
        return doubtful | reached

    @cached_property
    def _on_loop(self) -> dict[str, Way]:
        roots: list[tuple[Function, Edge | None]] = [(each, None) for each in self._functions.values() if each.is_async]
        roots += self._handed("loop")
        return ways_from(self._graph, roots, _HERE, only_plain=True)

    @cached_property
    def _in_thread(self) -> dict[str, Way]:
        roots: list[tuple[Function, Edge | None]] = list(self._handed("thread"))
        roots += [(self._functions[name], None) for name, is_threaded in self._routes.items() if is_threaded]
        return ways_from(self._graph, roots, _HERE, only_plain=False)

    @cached_property
    def _in_process(self) -> dict[str, Way]:
        return ways_from(self._graph, self._handed("process"), _HERE, only_plain=False)

    @cached_property
    def _at_import(self) -> dict[str, Way]:
        roots: list[tuple[Function, Edge | None]] = [
            (each, None) for each in self._functions.values() if each.is_module
        ]
        return ways_from(self._graph, roots, _HERE, only_plain=False)

    def _handed(self, where: str) -> list[tuple[Function, Edge | None]]:
        """What is handed to threads and the like, for many items first: that tells more."""
        edges = [edge for edges in self._graph.callees.values() for edge in edges if edge.where == where]
        edges.sort(key=lambda edge: not (edge.per_item or edge.call.loops))
        return [(edge.callee, edge) for edge in edges]

    def _chain(self, function: Function, ways: dict[str, Way]) -> Chain | None:
        if function.qualified not in ways:
            return None
        edges: list[Edge] = []
        name = function.qualified
        way = ways[name]
        while way.edge is not None:
            edges.append(way.edge)
            name = way.edge.caller.qualified
            if way.length == 0 or len(edges) > len(ways):
                break
            way = ways[name]
        edges.reverse()
        handed = edges[0] if edges and ways[edges[0].callee.qualified].length == 0 else None
        loops = [(loop, edge.caller) for edge in edges for loop in edge.call.loops]
        many = [edge for edge in edges if edge.per_item]
        begins = handed.callee.qualified if handed is not None else name
        handler = self._handler_by_function.get(name) if ways is self._in_invocation else None
        is_per_record = handler is not None and handler.adapter.startswith("meantime.batch.")
        return Chain(
            steps=tuple(_step(edge) for edge in edges[-_MOST_STEPS:]),
            begins=begins,
            is_proved=ways[function.qualified].is_proved,
            is_per_item=bool(loops or many) or is_per_record,
            is_bounded=bool(loops or many)
            and not is_per_record
            and all(loop.over is not None and self._length(loop.over, within) is not None for loop, within in loops)
            and all(self._is_short(edge) for edge in many),
            call=handed.call if handed is not None else None,
            handler=handler,
        )

    def _is_short(self, edge: Edge) -> bool:
        """Whether it is handed a known number of items."""
        given: Iterable[Expression] = edge.call.arguments
        for argument in given:
            inner = argument.parts[0] if argument.kind == "star" else argument
            if self._length(inner, edge.caller) is not None:
                return True
        return False


def _step(edge: Edge) -> Step:
    call = edge.call
    place = Place(edge.caller.file, call.line, call.column + 1, call.end_line, call.end_column + 1)
    return Step(place, _WORDS[edge.where].format(edge.caller.spoken, edge.callee.spoken))
