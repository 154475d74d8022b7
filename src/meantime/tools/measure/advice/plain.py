"""What is plain enough to be taken apart: lines, names and expressions of which it can be told what they do."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.source.places import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meantime.tools.measure.source.files import SourceFile

_ODD = re.compile("[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\ufeff]")  # where editors, Python and `patch` count lines apart
_INDENT = 4
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# They change nothing, whatever they are given.
_PURE = {
    *("len", "str", "int", "float", "bool", "dict", "list", "tuple", "set", "frozenset", "sorted", "min", "max", "sum"),
    *("repr", "round", "range", "enumerate", "zip", "abs", "bytes", "isinstance", "reversed"),
}
_PURE_OF_MODULES = {"json": {"dumps", "loads"}, "os": {"getenv"}, "base64": {"b64encode", "b64decode"}}
# They exhaust what they are given, so that it does not matter whether all is there beforehand.
_TAKE_ALL = {"list", "tuple", "set", "frozenset", "sorted", "sum", "min", "max", "dict", "join", "extend", "Counter"}
_KEEPING = {"append", "debug", "info", "warning", "error", "exception"}
_STATEFUL = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Place:
    """Something in a file that may be rewritten.

    Args:
        file: The file.
        node: The loop, comprehension or first statement.
        calls: The calls in the file that recorded calls were made in.
        executor: `threads` or `tasks`.
    """

    file: SourceFile
    node: ast.AST
    calls: frozenset[ast.Call]
    executor: str

    @property
    def function(self) -> ast.AST:
        """The function around it; the module where there is none."""
        line = getattr(self.node, "lineno", 0)
        around = [
            each
            for each in self.file.functions
            if not isinstance(each, ast.Lambda) and each.lineno <= line <= (each.end_lineno or 0)
        ]
        return max(around, key=lambda each: each.lineno, default=self.file.tree)

    def is_plain(self) -> bool:
        """Whether its file is laid out plainly, the executor's name is free, and no failure is caught around it."""
        return (
            self.file.has_plain_ends
            and _ODD.search(self.file.text) is None
            and _is_free(self.file, self.executor)
            and not any(
                isinstance(each, ast.Try | ast.TryStar) and each.handlers and self.node in set(ast.walk(each))
                for each in ast.walk(self.function)
            )
        )

    def is_laid_out(self, statements: list[ast.stmt]) -> bool:
        """Whether statements stand on lines of their own, indented by spaces as the loop's body is by four."""
        first, last = statements[0].lineno, statements[-1].end_lineno or 0
        indent = self.file.lines[first - 1][: statements[0].col_offset]
        inside = {part for each in statements for part in ast.walk(each)}
        others = [
            each
            for each in ast.walk(self.file.tree)
            if isinstance(each, ast.stmt)
            and each not in inside
            and each.lineno <= last
            and (each.end_lineno or 0) >= first
            and not (each.lineno < first and (each.end_lineno or 0) >= last)
        ]
        starts = {each.lineno for each in statements}
        return (
            not others
            and not indent.strip(" ")
            and len(indent) % _INDENT == 0
            and not any("\t" in line for line in self.file.lines[first - 1 : last])
            and all(each.col_offset == len(indent) for each in statements)
            and len(starts) == len(statements)
        )

    def is_free(self, *names: str) -> bool:
        """Whether names stand nowhere in the function."""
        taken = {name for each in ast.walk(self.function) for name in (*_bound_by(each), getattr(each, "id", None))}
        return not taken & set(names)

    def is_used_after(self, names: Iterable[str]) -> bool:
        """Whether the function uses names outside: not in another loop that gives them values of its own."""
        wanted = set(names)
        inside = set(ast.walk(self.node))
        for each in ast.walk(self.function):
            if isinstance(each, ast.Global | ast.Nonlocal) and wanted & set(each.names):
                return True
            parts = set(ast.walk(each)) if _targets_of(each) & wanted else set()
            if each is not self.node and self.node not in parts:
                inside |= {part for part in parts if isinstance(part, ast.Name) and part.id in _targets_of(each)}
        return any(
            isinstance(each, ast.Name) and each.id in wanted and each not in inside for each in ast.walk(self.function)
        )

    def is_made_empty(self, name: str, *kinds: str) -> bool:
        """Whether a name is the function's own, made empty there once, and handed to nobody until the loop."""
        made = [
            each
            for each in ast.walk(self.function)
            if isinstance(each, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Delete | ast.For | ast.With)
            and any(
                isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store | ast.Del)
                for part in _own_parts(each)
            )
        ]
        values = [each.value for each in made if isinstance(each, ast.Assign | ast.AnnAssign)]
        declared = any(
            isinstance(each, ast.Global | ast.Nonlocal) and name in each.names for each in ast.walk(self.function)
        )
        return len(made) == 1 == len(values) and not declared and ast.unparse(values[0] or made[0]) in kinds

    def is_safe(self, node: ast.expr, own: set[str]) -> bool:
        """Whether an expression may be worked out for several items at once: every call in it is known.

        Args:
            node: The expression.
            own: The names that each turn has for itself.
        """
        calls = [each for each in ast.walk(node) if isinstance(each, ast.Call)]
        return any(each in self.calls for each in calls) and self.is_known(node, own)

    def is_known(self, node: ast.expr, own: set[str]) -> bool:
        """Whether every call of an expression is one that was recorded, or changes nothing but what the turn has."""
        stateful = _STATEFUL if self.executor == "tasks" else (*_STATEFUL, ast.Await)
        return not any(isinstance(each, stateful) for each in ast.walk(node)) and all(
            each in self.calls or self._is_harmless(each, own) for each in ast.walk(node) if isinstance(each, ast.Call)
        )

    def _is_harmless(self, call: ast.Call, own: set[str]) -> bool:
        if isinstance(call.func, ast.Name) and call.func.id[:1].isupper():
            # `Connection().execute(…)`: the turn's own.
            return any(isinstance(each.func, ast.Attribute) and each.func.value is call for each in self.calls)
        if isinstance(call.func, ast.Name):
            return call.func.id in _PURE and _is_free(self.file, call.func.id)
        if not isinstance(call.func, ast.Attribute):
            return False
        owner = call.func.value
        if isinstance(owner, ast.Name) and call.func.attr in _PURE_OF_MODULES.get(owner.id, ()):
            return True
        if isinstance(owner, ast.Constant | ast.JoinedStr):
            return True
        root = root_of(owner)
        return isinstance(root, ast.Call) or (isinstance(root, ast.Name) and root.id in own)

    def is_taken_whole(self, node: ast.AST) -> bool:
        """Whether what goes over the items one by one is gone over to its end at once: `list(map(…))`."""
        return any(
            isinstance(each, ast.Call) and node in each.args and name_of(each) in _TAKE_ALL
            for each in ast.walk(self.file.tree)
        )

    def are_items(self, node: ast.expr, *, twice: bool = False) -> bool:
        """Whether an expression gives items, no characters of a text; `twice`: the same ones when it is asked again."""
        value = node
        if isinstance(node, ast.Name):
            found = self._bound_to(node.id)
            if found is None:
                return not twice
            value = found
        if isinstance(value, ast.Constant | ast.JoinedStr):
            return False
        if not twice:
            return not any(isinstance(each, _STATEFUL) for each in ast.walk(node))
        if isinstance(value, ast.Call) and (value is not node or name_of(value) == "range"):
            return name_of(value) in ("list", "tuple", "sorted", "range", "dict", "get")
        return isinstance(value, ast.Attribute | ast.Subscript | ast.List | ast.Tuple | ast.ListComp)

    def _bound_to(self, name: str) -> ast.expr | None:
        """What a name was given, where it is given something once."""
        for scope in (self.function, self.file.tree):
            statements = [
                each
                for each in ast.walk(scope)
                if isinstance(each, ast.Assign) and any(name in names_in(target) for target in each.targets)
            ]
            if statements:
                return statements[0].value if len(statements) == 1 and len(statements[0].targets) == 1 else None
        return None


def names_in(node: ast.AST) -> set[str]:
    """The names in something."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def root_of(node: ast.expr) -> ast.expr:
    """What an attribute or item belongs to in the end."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node


def is_plain_rest(statement: ast.stmt) -> bool:
    """Whether a statement only names, keeps, checks or logs what is there: done after all calls, it does the same."""
    match statement:
        case ast.Assign(targets=[ast.Name()]) | ast.Raise() | ast.Pass() | ast.Continue():
            return True
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]):
            return name not in names_in(statement.value)
        case ast.If():
            return all(map(is_plain_rest, [*statement.body, *statement.orelse]))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(), attr=method))):
            return method in _KEEPING
        case _:
            return False


def touched_by(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that statements bind, change, ask to do something, or hand to somebody who may change them."""
    found: set[str] = set()
    parts = [part for statement in statements for part in ast.walk(statement)]
    asked = {each.func.value for each in parts if isinstance(each, ast.Call) and _is_own_method(each)}  # type: ignore[attr-defined]  # a method
    for each in parts:
        if isinstance(each, ast.Name | ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store | ast.Del):
            root = root_of(each)
            found |= {root.id} if isinstance(root, ast.Name) else set()
        elif isinstance(each, ast.Call):
            root = root_of(each.func)
            if isinstance(root, ast.Name) and root is not each.func and not _is_own_method(each):
                found.add(root.id)
            for given in [*each.args, *(keyword.value for keyword in each.keywords)]:
                found |= {one.id for one in ast.walk(given) if isinstance(one, ast.Name) and one not in asked}
        elif isinstance(each, ast.Global | ast.Nonlocal):
            found |= set(each.names)
    return found


def _is_own_method(call: ast.Call) -> bool:
    """Whether a method of the same object is called: what it changes is looked for in its source."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id == "self"


def _targets_of(node: ast.AST) -> set[str]:
    if isinstance(node, ast.For | ast.AsyncFor):
        return names_in(node.target)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return {name for each in node.generators for name in names_in(each.target)}
    return {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)} if isinstance(node, ast.Lambda) else set()


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that bind names, without the body of a compound one."""
    for name, value in ast.iter_fields(node):
        if name in ("body", "orelse"):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from ast.walk(each)


def _is_free(file: SourceFile, name: str) -> bool:
    """Whether nothing else of the file goes by a name, `from meantime import …` aside."""
    return not any(name in _bound_by(each) for each in ast.walk(file.tree))


def _bound_by(node: ast.AST) -> set[str | None]:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            return {node.id}
        case ast.arg():
            return {node.arg}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler():
            return {node.name}
        case ast.Import():
            return {each.asname or each.name.partition(".")[0] for each in node.names}
        case ast.ImportFrom() if node.module != "meantime":
            return {each.asname or each.name for each in node.names}
        case _:
            return set()
