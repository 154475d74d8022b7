"""What runs for one record: the code itself, and the own functions, lambdas and partials that get the record."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.model.expressions import Expression
from meantime.tools.check.rules._definitions import called, definition, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_THREADS = frozenset({"Thread", "Process"})
_HANDS_OVER = frozenset({"submit", "to_thread", "in_thread"})
_DEPTH = 3  # how many own functions deep it is followed what becomes of a record


class Work(NamedTuple):
    """What runs for each record.

    Args:
        within: The function that it stands in.
        record: The name that the record has there.
        code: The statements or expressions.
    """

    within: Function
    record: str
    code: tuple[ast.AST, ...]


class _Given(NamedTuple):
    """What a call runs, and what that gets."""

    function: ast.expr
    arguments: list[ast.expr]
    keywords: list[ast.keyword]


def all_work(project: Project, work: Work, depth: int = 0) -> Iterator[Work]:
    """The work itself, and that of the own functions that it hands the record to."""
    yield work
    if depth < _DEPTH:
        for part in work.code:
            for call in ast.walk(part):
                if isinstance(call, ast.Call):
                    yield from _of_call(project, work, call, depth)


def handed_work(project: Project, work: Work, call: ast.Call) -> tuple[Work, ...]:
    """The work that one call hands to a thread, process or pool; nothing if that is not in sight."""
    given = _handed(call, _name_of(project, work.within, call))
    return tuple(_of_given(project, work, given, 0)) if given is not None else ()


def thread_made(project: Project, work: Work, call: ast.Call) -> str:
    """What a call makes, if it makes a `Thread` or `Process`; else empty."""
    name = _name_of(project, work.within, call)
    return name if name in _THREADS else ""


def callees(project: Project, within: Function, call: ast.Call) -> Iterator[Function]:
    """The own functions that a call runs, or that it makes a generator of."""
    made = _modelled(within, call)
    found = project.callees(made) if made is not None else ()
    yield from found or _functions(project, call.func, within)


def _of_call(project: Project, work: Work, call: ast.Call, depth: int) -> Iterator[Work]:
    given = _handed(call, _name_of(project, work.within, call))
    if given is not None:
        yield from _of_given(project, work, given, depth)
        return
    made = _modelled(work.within, call) if not _is_bound(call.func) else None
    if made is None:  # what `map` is given stands in no call of its own
        yield from _of_given(project, work, _Given(call.func, call.args, call.keywords), depth)
        return
    for callee in project.callees(made):
        yield from _of_function(project, callee, _record_in(callee, call.args, call.keywords, work.record), depth)


def _of_given(project: Project, work: Work, given: _Given, depth: int) -> Iterator[Work]:
    function, arguments = given.function, given.arguments
    if isinstance(function, ast.Call) and _is_bound(function):
        bound = function.args
        function, arguments = bound[0], [*bound[1:], *arguments]
    if isinstance(function, ast.Lambda):
        names = [each.arg for each in function.args.args]
        record = _name_for(work.record, names, arguments, given.keywords) or work.record
        yield from all_work(project, Work(work.within, record, (function.body,)), depth + 1)
        return
    for callee in _functions(project, function, work.within):
        yield from _of_function(project, callee, _record_in(callee, arguments, given.keywords, work.record), depth)


def _is_bound(function: ast.expr) -> bool:
    """Whether it is a lambda or a `partial`: no call of the source is one of it."""
    is_partial = isinstance(function, ast.Call) and called(function) == "partial" and bool(function.args)
    return is_partial or isinstance(function, ast.Lambda)


def _of_function(project: Project, callee: Function, record: str, depth: int) -> Iterator[Work]:
    node = definition(project, callee)
    if node is not None:
        yield from all_work(project, Work(callee, record, tuple(node.body)), depth + 1)


def _handed(call: ast.Call, name: str) -> _Given | None:
    """What a call hands over to be run elsewhere, and with what; None if it does not."""
    if name in _HANDS_OVER and call.args:
        return _Given(call.args[0], call.args[1:], call.keywords)
    by_name = {each.arg: each.value for each in call.keywords}
    if name in _THREADS:
        by_name |= dict(zip(("group", "target", "name", "args", "kwargs"), call.args, strict=False))
        target = by_name.get("target")
        return _Given(target, _elements(by_name.get("args")), _entries(by_name.get("kwargs"))) if target else None
    if name == "apply_async" and call.args:
        return _Given(call.args[0], _elements(call.args[1] if len(call.args) > 1 else by_name.get("args")), [])
    return None


def _elements(node: ast.expr | None) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple | ast.List) else []


def _entries(node: ast.expr | None) -> list[ast.keyword]:
    if not isinstance(node, ast.Dict):
        return []
    pairs = zip(node.keys, node.values, strict=True)
    return [ast.keyword(str(key.value), value) for key, value in pairs if isinstance(key, ast.Constant)]


def _record_in(callee: Function, arguments: Iterable[ast.expr], keywords: Iterable[ast.keyword], record: str) -> str:
    """The name that a record has in a function that it is handed to; empty if it is not."""
    return _name_for(record, places(callee), arguments, keywords)


def _name_for(record: str, names: Iterable[str], arguments: Iterable[ast.expr], keywords: Iterable[ast.keyword]) -> str:
    given = [*zip(names, arguments, strict=False), *((each.arg or "", each.value) for each in keywords)]
    return next((name for name, value in given if isinstance(value, ast.Name) and value.id == record), "")


def _name_of(project: Project, within: Function, call: ast.Call) -> str:
    """The last name of what is called, under the name that its module gives it."""
    made = _modelled(within, call)
    targets: AbstractSet[str] = project.targets(made) if made is not None else frozenset()
    last = {each.rpartition(".")[2] for each in targets}
    return last.pop() if len(last) == 1 else called(call)


def _modelled(within: Function, call: ast.Call) -> Call | None:
    line, column, end = call.lineno, call.col_offset, call.end_col_offset
    return next(
        (each for each in within.calls if (each.line, each.column, each.end_column) == (line, column, end)), None
    )


def _functions(project: Project, node: ast.expr, within: Function) -> tuple[Function, ...]:
    named = _expression(node)
    return project.functions_of(named, within) if named is not None else ()


def _expression(node: ast.expr) -> Expression | None:
    """A name, or an attribute of one, as the model has it."""
    if isinstance(node, ast.Name):
        return Expression("name", node.id, line=node.lineno, column=node.col_offset)
    base = _expression(node.value) if isinstance(node, ast.Attribute) else None
    if base is None or not isinstance(node, ast.Attribute):
        return None
    return Expression("attribute", node.attr, (base,), line=node.lineno, column=node.col_offset)
