"""The functions that are being read, one within the other, and where in the file, in loops and in blocks this is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from meantime.tools.check.model.functions import MODULE, Function

if TYPE_CHECKING:
    import ast

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Change, Loop, Module


class Scope:
    """A function while it is read."""

    __slots__ = (
        "assigned",
        "attributes",
        "calls",
        "changes",
        "entered",
        "global_names",
        "kept",
        "made",
        "names",
        "outside",
        "returns",
    )

    def __init__(self, made: Function, kept: tuple[object, ...]) -> None:
        self.made = made
        self.kept = kept
        self.calls: list[Call] = []
        self.changes: list[Change] = []
        self.returns: list[Expression] = []
        self.entered: list[Expression] = []
        self.assigned: dict[str, list[Expression]] = {}
        self.names: dict[str, Expression] = {}  # one for all the places where it stands: what it may hold is one thing
        self.attributes: dict[tuple[Expression, str], Expression] = {}
        self.outside: set[str] = set()
        self.global_names: set[str] = set()

    def bind(self, name: str, value: Expression) -> None:
        """Note that a name is given a value."""
        self.assigned.setdefault(name, []).append(value)


class ScopeReader:
    """Knows where it is."""

    def __init__(self, module: Module, text: str) -> None:
        self.module = module
        self.scopes: list[Scope] = []
        self.scope: Scope
        self.inside = module.name
        self.loops: list[Loop] = []
        self.guards: list[Expression] = []
        self.block: Literal["", "except", "finally"] = ""
        self.tried = False
        self._around: tuple[tuple[Loop, ...], tuple[Expression, ...]] = ((), ())
        self._texts = None if text.isascii() else re.split("\r\n?|\n", text)

    def begin(self, name: str, line: int, column: int) -> Function:
        """Begin a function: what is read from here on stands in it."""
        qualified = f"{self.inside}.{name}"
        if qualified in self.module.functions:
            qualified = f"{qualified}@{line}"
        function = Function(self.module.name, name, qualified, self.module.file, line, column)
        function.parent = self.scopes[-1].made.qualified if self.scopes else ""
        self.module.functions[qualified] = function
        kept = (self.inside, self.loops, self.guards, self.block, self.tried)
        self.scope = Scope(function, kept)
        self.scopes.append(self.scope)
        self.loops, self.guards, self.block, self.tried = [], [], "", False
        if name != MODULE:
            self.inside = qualified
        return function

    def end(self, function: Function, node: ast.AST | None) -> None:
        """End the function that was begun last."""
        scope = self.scopes.pop()
        function.calls = tuple(scope.calls)
        function.changes = tuple(scope.changes)
        function.returns = tuple(scope.returns)
        function.entered = tuple(scope.entered)
        if scope.assigned:
            function.assigned = {name: tuple(values) for name, values in scope.assigned.items()}
        function.globals = frozenset(scope.outside)
        function.end_line = getattr(node, "end_lineno", None) or function.line
        self.inside, self.loops, self.guards, self.block, self.tried = scope.kept  # type: ignore[assignment]  # as begin() kept them
        if self.scopes:
            self.scope = self.scopes[-1]

    def column(self, node: ast.expr | ast.stmt) -> int:
        """Where it begins, in characters from 0."""
        if self._texts is None:
            return node.col_offset
        return self._characters(node.lineno, node.col_offset)

    def end_of(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """The line of its end, and the column after it, in characters from 0."""
        line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return line, end if self._texts is None else self._characters(line, end)

    def loops_and_guards(self) -> tuple[tuple[Loop, ...], tuple[Expression, ...]]:
        """The loops and the `with` items around it; the same tuples for as long as these are the same."""
        loops, guards = self._around
        if len(loops) != len(self.loops) or any(a is not b for a, b in zip(loops, self.loops, strict=True)):
            loops = tuple(self.loops)
        if len(guards) != len(self.guards) or any(a is not b for a, b in zip(guards, self.guards, strict=True)):
            guards = tuple(self.guards)
        self._around = (loops, guards)
        return self._around

    def _characters(self, line: int, offset: int) -> int:
        text = self._texts[line - 1] if self._texts is not None and line <= len(self._texts) else ""
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="ignore"))
