"""Who calls whom, and hands whom to threads, tasks and processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from meantime.tools.check.model.decorations import Decorations, is_partial
from meantime.tools.check.model.expressions import Call
from meantime.tools.check.model.hand_offs import HandOff, hand_off
from meantime.tools.check.model.members import overridden
from meantime.tools.check.model.value import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.hand_offs import Where
    from meantime.tools.check.model.value import Value
    from meantime.tools.check.model.values import Values

_ENTERING = ("__enter__", "__exit__", "__aenter__", "__aexit__")
_PARTIAL = frozenset({"functools.partial", "functools.partialmethod"})
_RUN_ON_THREADS = frozenset({"anyio.to_thread.run_sync", "asyncio.to_thread", "trio.to_thread.run_sync"})


class Edge(NamedTuple):
    """That one function calls another, or hands it over.

    Args:
        caller: The one.
        callee: The other.
        call: Where.
        where: Where the other one runs by that; `call`: right there.
        is_sure: Whether it can be no other function that is called.
        is_plain: Whether no decorator stands before it whose doing is not known.
        per_item: Whether that hands it many items.
    """

    caller: Function
    callee: Function
    call: Call
    where: Where | Literal["call"]
    is_sure: bool
    is_plain: bool
    per_item: bool


_Link: TypeAlias = tuple["Function", Edge | None, Caller | None]
"""A function that a call calls, hands over or keeps for later; how; and that the call gives it its arguments."""


class CallGraph:
    """Every edge between the project's own functions.

    Args:
        values: What expressions may hold.

    Attributes:
        callees: The edges from each function, by its qualified name.
        calls: The calls of each path.
    """

    def __init__(self, values: Values) -> None:
        self.values = values
        self.callees: dict[str, list[Edge]] = {}
        self.calls: dict[str, list[Call]] = {}
        self._decorations = Decorations(values)
        self._overridden: frozenset[str] = frozenset()

    def build(self) -> None:
        """Find the edges: once with what is seen without asking callers, then with what they give."""
        values = self.values
        self._overridden = overridden(values)
        self.callees, self.calls = {}, {}
        callers: dict[str, list[Caller]] = {}
        for function in values.functions.values():
            if values.is_full:
                values.forget()
            for call in function.calls:
                for callee, edge, caller in self._links(call):
                    if edge is not None:
                        self.callees.setdefault(function.qualified, []).append(edge)
                    if caller is not None:
                        callers.setdefault(callee.qualified, []).append(caller)
        values.callers = callers

    def _links(self, call: Call) -> Iterator[_Link]:
        function = call.within
        found = self.values.values(call.function, function)
        self._note(call, found)
        called = [own for each in found if (own := self.called(each.path)) is not None]
        if call.use == "entered":
            yield from self._entered(call, is_sure=len(found) == 1)
        for own in called:
            where: Where | Literal["call"] = "thread" if self._decorations.make_threaded(own) else "call"
            is_sure = len(called) == 1 and len(found) == 1 and self._runs_by(call, own)
            edge = Edge(function, own, call, where, is_sure, self._decorations.are_plain(own), per_item=False)
            yield own, edge, Caller(call, self._shift(call, own, 0))
        for each in found:
            given = hand_off(each.path, call)
            if given is not None:
                yield from self._handed(call, given, is_sure=len(found) == 1)
                return
            if each.path in _PARTIAL and call.arguments:
                yield from self._held_back(call)
                return
            if each.path == "functools.partial()" and not called:
                yield from self._of_a_partial(call, is_sure=len(found) == 1)
                return
        if not called:
            yield from self._given_away(call)

    def _given_away(self, call: Call) -> Iterator[_Link]:
        """The functions that a call of others' code is given: it may call them."""
        for argument in (*call.arguments, *call.keywords.values()):
            if argument.kind in {"name", "attribute", "lambda"} or is_partial(argument):
                for own in self.functions_of(argument, call.within):
                    is_plain = self._decorations.are_plain(own)
                    yield own, Edge(call.within, own, call, "callback", False, is_plain, per_item=False), None

    def _entered(self, call: Call, *, is_sure: bool) -> Iterator[_Link]:
        """What `with Service():` calls besides."""
        for value in self.values.values(call, call.within):
            owner = self.values.classes.get(value.path[:-2]) if value.path.endswith("()") else None
            methods = owner.methods if owner is not None else {}
            for name in _ENTERING:
                own = self.values.functions.get(methods.get(name, ""))
                if own is not None:
                    is_plain = self._decorations.are_plain(own)
                    yield own, Edge(call.within, own, call, "call", is_sure, is_plain, per_item=False), None

    def _note(self, call: Call, found: Iterable[Value]) -> None:
        for each in found:
            self.calls.setdefault(each.path, []).append(call)

    def _runs_by(self, call: Call, own: Function) -> bool:
        """Whether a call surely runs the function: no generator that is only made, nor what a class below has anew."""
        if own.is_generator and not own.is_async and not own.decorators and call.use != "iterated":
            return False
        if own.qualified not in self._overridden:
            return True
        named = call.function
        return named.kind == "attribute" and isinstance(named.parts[0], Call)  # `Service().load()`, `super().load()`

    def _of_a_partial(self, call: Call, *, is_sure: bool) -> Iterator[_Link]:
        """What a call of a `partial` calls."""
        for own in self.functions_of(call.function, call.within):
            yield (
                own,
                Edge(call.within, own, call, "call", is_sure, self._decorations.are_plain(own), per_item=False),
                None,
            )

    def _held_back(self, call: Call) -> Iterator[_Link]:
        """What `partial(load, client)` gives `load` for later."""
        for own in self.functions_of(call.arguments[0], call.within):
            yield own, None, Caller(call, self._shift(call, own, 1, call.arguments[0]))

    def _handed(self, call: Call, given: HandOff, *, is_sure: bool) -> Iterator[_Link]:
        given = self._seen_through(call, given)
        where = given.where
        if where == "thread" and self._is_process_pool(call):
            where = "process"
        for expression in given.functions:
            inner = expression.parts[0] if expression.kind == "star" else expression
            element = inner.parts[0] if inner.kind == "comprehension" else inner
            many = given.per_item or inner.kind == "comprehension"
            found = self.functions_of(element, call.within)
            for own in found:
                caller = None
                if given.packed is not None:
                    caller = Caller(call, self._shift(call, own, 0, element), False, given.packed.parts)
                elif given.shift >= 0 and not isinstance(element, Call):
                    caller = Caller(call, self._shift(call, own, given.shift, element), given.per_item)
                is_one = is_sure and len(found) == 1 and self._is_one(element, call.within, own)
                there = "task" if given.awaits and own.is_async else where
                yield own, Edge(call.within, own, call, there, is_one, self._decorations.are_plain(own), many), caller

    def _seen_through(self, call: Call, given: HandOff) -> HandOff:
        """What `start_soon(to_thread.run_sync, load, key)` hands to a thread is `load`."""
        first = given.functions[0] if given.functions else None
        if (
            given.shift < 1
            or first is None
            or given.shift >= len(call.arguments)
            or call.arguments[given.shift - 1] is not first
        ):
            return given
        if not any(each.path in _RUN_ON_THREADS for each in self.values.values(first, call.within)):
            return given
        return HandOff("thread", (call.arguments[given.shift],), given.shift + 1)

    def _is_one(self, element: Expression, within: Function, own: Function) -> bool:
        """Whether what is handed over can be no other function."""
        if element.kind not in {"name", "attribute"}:
            return True
        others = [each for each in self.values.values(element, within) if not each.path.endswith("()")]
        return len(others) <= 1 and own.qualified not in self._overridden

    def _is_process_pool(self, call: Call) -> bool:
        """Whether `run_in_executor` is given a pool of processes."""
        paths = {each.path for each in self.values.values(call.arguments[0], call.within)} if call.arguments else set()
        return "concurrent.futures.ProcessPoolExecutor()" in paths

    def called(self, path: str) -> Function | None:
        """The own function that runs when it is called: for a class `__init__`, for an instance `__call__`."""
        values = self.values
        function = values.functions.get(path)
        if function is not None:
            return function
        owner = values.classes.get(path)
        if owner is not None:
            return values.functions.get(owner.methods.get("__init__", ""))
        owner = values.classes.get(path.removesuffix("()"))
        return values.functions.get(owner.methods.get("__call__", "")) if owner is not None else None

    def functions_of(self, expression: Expression, within: Function) -> tuple[Function, ...]:
        """The own functions that an expression is: named, bound, `partial`, a coroutine of one."""
        found: dict[str, Function] = {}
        self._collect(expression, within, found, set())
        return tuple(found.values())

    def _collect(
        self, expression: Expression, within: Function, found: dict[str, Function], seen: set[Expression]
    ) -> None:
        if expression in seen:
            return
        seen.add(expression)
        values = self.values
        if isinstance(expression, Call):
            for value in values.values(expression.function, within):
                if value.path in _PARTIAL and expression.arguments:
                    self._collect(expression.arguments[0], within, found, seen)
                self._coroutine(value.path, found)
        for value in values.values(expression, within):
            own = None if value.path in values.classes else self.called(value.path)
            if own is not None:
                found[own.qualified] = own
            elif value.path == "functools.partial()" and value.origin is not None:
                self._collect(value.origin, value.origin.within, found, seen)
            elif value.path.endswith("()"):
                self._coroutine(value.path[:-2], found)

    def _coroutine(self, path: str, found: dict[str, Function]) -> None:
        """Note the coroutine function of this path, if it is one: what a call of it gives is a coroutine."""
        function = self.values.functions.get(path)
        if function is not None and function.is_async:
            found[path] = function

    def _shift(self, call: Call, own: Function, shift: int, named: Expression | None = None) -> int:
        """The position of the argument for the function's first parameter."""
        if not own.class_name or "builtins.staticmethod" in self.values.decorator_paths(own):
            return shift
        expression = named if named is not None else call.function
        if expression.kind == "attribute" and own.name not in ("__init__", "__call__"):
            holders = {each.path for each in self.values.values(expression.parts[0], call.within)}
            if own.class_name in holders and "builtins.classmethod" not in self.values.decorator_paths(own):
                return shift
        return shift - 1
