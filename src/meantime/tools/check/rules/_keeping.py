"""Whether what a call makes is kept for later calls: in a global name, a dictionary, an attribute, under a cache."""

from __future__ import annotations

import ast
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.check.rules._made_once import may_be_made_once
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_CARRIES = (ast.Call, ast.keyword, ast.Await, ast.Tuple, ast.List, ast.Dict, ast.Starred, ast.IfExp, ast.BoolOp)
_STORES = frozenset({"append", "add", "put", "put_nowait", "setdefault", "set", "update"})
_MADE_FROM_IT = frozenset({"client", "resource", "Table", "Bucket", "Queue", "Topic"})
_CACHES = ("cache", "memo", "singleton", "once", "lazy", "warm", "fixture")
_RUN_EACH_TIME = (
    "builtins.",
    "contextlib.",
    "aws_lambda_powertools.",
    "aws_xray_sdk.",
    "backoff.",
    "chalice.",
    "fastapi.",
    "flask.",
    "meantime.",
    "stamina.",
    "starlette.",
    "tenacity.",
)
_DEEPEST = 5


def is_cached(function: Function) -> bool:
    """Whether a decorator keeps what a function returns: `@cache`, `@lru_cache(…)`, `@meantime.warm`."""
    return any(word in _last_name(each).lower() for each in function.decorators for word in _CACHES)


def is_decorated_strangely(project: Project, function: Function) -> bool:
    """Whether a decorator may do what nobody sees: keep what the function returns, for one."""
    paths = project.decorators(function)
    known = all(path.startswith(_RUN_EACH_TIME) for path in paths) and bool(paths)
    return bool(function.decorators) and not known and project.handler_of(function) is None


def _last_name(decorator: Expression) -> str:
    return _last_name(decorator.function) if decorator.kind == "call" else decorator.name  # type: ignore[attr-defined]  # a Call


def is_kept(project: Project, call: Call) -> bool:
    """Whether the function that a call stands in keeps what it gives, or where that cannot be told."""
    path = around(project, call)
    return not path or is_cached(call.within) or _Keeping(call, path, _state(project, call.within)).is_kept


def is_for_here_only(project: Project, call: Call) -> bool:
    """Whether what a call gives surely goes no further than the function that it stands in."""
    path = around(project, call)
    if not path or is_cached(call.within):
        return False
    keeping = _Keeping(call, path, _state(project, call.within))
    return not (keeping.is_kept or keeping.is_returned or keeping.is_in_attribute)


def made_each_time(project: Project, call: Call) -> bool:
    """Whether a call is made in each invocation: nobody on the way from the handler keeps what it gives."""
    return _made_each_time(project, call, {id(call)}, 0)


def _made_each_time(project: Project, call: Call, seen: set[int], depth: int) -> bool:
    function = call.within
    if function.is_module or is_cached(function) or depth > _DEEPEST:
        return False
    if may_be_made_once(project, function):
        return False
    path = around(project, call)
    if not path:
        return False
    keeping = _Keeping(call, path, _state(project, call.within))
    if keeping.is_kept:
        return False
    if project.handler_of(function) is not None:
        return True
    callers = project.callers(function)
    further = [each for each in callers if id(each) not in seen and way_in(project, each.within) is not None]
    seen.update(id(each) for each in further)
    return not callers or any(_made_each_time(project, each, seen, depth + 1) for each in further)


def _state(project: Project, function: Function) -> frozenset[str]:
    """The attributes of a method's object that methods of its file change, after it is made."""
    if not function.class_name:
        return frozenset()
    return _changed(project, function.file)


@lru_cache(maxsize=64)
def _changed(project: Project, file: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(project.tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__init__":
            for each in ast.walk(node):
                stored = each.value if isinstance(each, ast.Subscript) else each
                if isinstance(each, ast.Attribute | ast.Subscript) and isinstance(each.ctx, ast.Store):
                    found.add(getattr(stored, "attr", ""))
    return frozenset(found - {""})


class _Keeping:
    """What becomes of a call's value in its function."""

    def __init__(self, call: Call, path: tuple[ast.AST, ...], state: frozenset[str]) -> None:
        self._within = call.within
        self._state = state
        self._names = {each for each in call.bound if "." not in each}
        self.is_kept = False
        self.is_returned = False
        self.is_in_attribute = False
        self._climb(path)
        self._look_at_conditions(path)
        self._look_at_names(path[0])
        self._look_at_state(path)
        self.is_kept = self.is_kept or _answers_early(path[0])

    def _climb(self, path: tuple[ast.AST, ...]) -> None:
        for inner, outer in pairwise(reversed(path)):
            if isinstance(outer, ast.Assign | ast.AnnAssign | ast.NamedExpr):
                self._assigned(outer.targets if isinstance(outer, ast.Assign) else [outer.target])
            elif isinstance(outer, ast.Return | ast.Yield | ast.Lambda):
                self.is_returned = True
            elif isinstance(outer, ast.BoolOp):
                self.is_kept |= outer.values[0] is not inner
            elif isinstance(outer, ast.IfExp):
                self.is_kept |= _mentions(outer.test, _names(outer.body if outer.orelse is inner else outer.orelse))
            elif isinstance(outer, ast.Call):
                self.is_kept |= inner is not outer.func and _is_storing(outer)
            if not isinstance(outer, _CARRIES) and not _leads_on(outer):
                return
            if isinstance(outer, ast.Call) and inner is outer.func and not _leads_on(inner):
                return

    def _assigned(self, targets: list[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, ast.Subscript):
                self.is_kept = True
            elif isinstance(target, ast.Attribute):
                self.is_in_attribute = True
                self.is_kept |= self._within.name != "__init__"
            elif isinstance(target, ast.Name):
                self.is_kept |= target.id in self._within.globals

    def _look_at_conditions(self, path: tuple[ast.AST, ...]) -> None:
        for outer, inner in pairwise(path):
            if isinstance(outer, ast.If) and inner is not outer.test:
                self.is_kept |= _mentions(outer.test, self._names | self._within.globals) or _asks_for_presence(
                    outer.test
                )

    def _look_at_state(self, path: tuple[ast.AST, ...]) -> None:
        """`if _loaded: return`, `if self.expires > now: return`, where the code sets it: not done each time."""
        around_it = [each.test for each in path if isinstance(each, ast.If)]
        leaving = [
            node.test
            for node in ast.walk(path[0])
            if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Return)
        ]
        self.is_kept |= any(_mentions(test, self._within.globals) for test in leaving)
        self.is_kept |= any(
            isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self"
            for test in (*around_it, *leaving)
            for each in ast.walk(test)
            if getattr(each, "attr", "") in self._state
        )

    def _look_at_names(self, function: ast.AST) -> None:
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and self._is_ours(node.value):
                self._assigned(node.targets)
            elif isinstance(node, ast.Return | ast.Yield) and self._is_ours(node.value):
                self.is_returned = True
            elif isinstance(node, ast.Call) and _is_storing(node):
                self.is_kept |= any(self._is_ours(each) for each in node.args)

    def _is_ours(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id in self._names


def _answers_early(function: ast.AST) -> bool:
    """`if key in cache: return cache[key]`: what the function makes otherwise is kept."""
    return any(
        isinstance(node, ast.If)
        and _asks_for_presence(node.test)
        and isinstance(node.body[-1], ast.Return)
        and isinstance(node.body[-1].value, ast.Subscript | ast.Attribute | ast.Name)
        for node in ast.walk(function)
    )


def _asks_for_presence(test: ast.expr) -> bool:
    """`key not in clients`, `not hasattr(local, "client")`, `self._client is None`: who asks so, keeps something."""
    return any(
        (
            isinstance(each, ast.Compare)
            and isinstance(each.ops[0], ast.In | ast.NotIn | ast.Is | ast.IsNot)
            and not isinstance(each.comparators[0], ast.Tuple | ast.List | ast.Set)
        )
        or (isinstance(each, ast.Name) and each.id in ("hasattr", "getattr"))
        for each in ast.walk(test)
    )


def _leads_on(node: ast.AST) -> bool:
    """`session.client`, `session.resource("dynamodb").Table`: what these give keeps the session alive."""
    return isinstance(node, ast.Attribute) and node.attr in _MADE_FROM_IT


def _is_storing(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr in _STORES


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _mentions(node: ast.AST, names: AbstractSet[str]) -> bool:
    return not names.isdisjoint(_names(node))
