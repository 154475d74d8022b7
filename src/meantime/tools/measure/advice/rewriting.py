"""Rewrites a loop, a verb or statements so that their calls go side by side; only where that is plain to see."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.bodies import mapped_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.measure.source.files import SourceFile

_Comprehension = ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp
_LONGEST = 100  # characters of a line
_VERBS = {"map", "gather", "settle", "as_completed"}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """New lines for those of a file, first and last included."""

    first: int
    last: int
    lines: list[str]


def rewritten_verb(file: SourceFile, node: ast.AST, executor: str, width: int) -> Rewritten | None:
    """`sequential.map(…)` with another executor; or a decorator that said sequential."""
    if isinstance(node, ast.FunctionDef):
        return _rewritten_decorator(file, node, width)
    if isinstance(node, ast.Call) and _is_name(node.func, "map") and len(node.args) == 2 and executor == "threads":  # noqa: PLR2004  # map(get, keys)
        return _replaced(
            file, node, "threads.map", [*(text_of(file, each) for each in node.args), f"max_concurrency={width}"]
        )
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _VERBS:
        return None
    owner = node.func.value
    if not isinstance(owner, ast.Name) or owner.id not in ("sequential", "threads", "tasks"):
        return None
    keywords = [
        f"{keyword.arg}={text_of(file, keyword.value)}"
        for keyword in node.keywords
        if keyword.arg not in ("max_concurrency", None)
    ]
    arguments = [text_of(file, each) for each in node.args] + keywords
    return _replaced(file, node, f"{executor}.{node.func.attr}", [*arguments, f"max_concurrency={width}"])


def _rewritten_decorator(file: SourceFile, node: ast.FunctionDef, width: int) -> Rewritten | None:
    for decorator in node.decorator_list:
        if not isinstance(decorator, ast.Call):
            continue
        said = {keyword.arg: keyword.value for keyword in decorator.keywords}
        executor = said.pop("executor", None)
        said.pop("max_concurrency", None)
        if isinstance(executor, ast.Constant) and executor.value == "sequential":
            kept = [text_of(file, each) for each in decorator.args]
            kept += [f"{name}={text_of(file, value)}" for name, value in said.items()]
            return _replaced(file, decorator, text_of(file, decorator.func), [*kept, f"max_concurrency={width}"])
    return None


def rewritten_loop(file: SourceFile, node: ast.AST, executor: str, width: int) -> Rewritten | None:
    """A loop or comprehension that makes one call an item."""
    if isinstance(node, ast.For):
        found = _rewritten_for(file, node, executor, width)
        if found is None and (lines := mapped_body(file, node, executor, width)) is not None:
            found = Rewritten(node.lineno, node.end_lineno or node.lineno, lines)
        return found
    for each in ast.walk(file.tree):
        if isinstance(each, _Comprehension) and any(generator.target is node for generator in each.generators):
            return _rewritten_comprehension(file, each, executor, width)
    return None


def _rewritten_comprehension(file: SourceFile, node: _Comprehension, executor: str, width: int) -> Rewritten | None:
    (generator, *more) = node.generators
    if more or generator.ifs or generator.is_async or not isinstance(generator.target, ast.Name):
        return None
    value = node.value if isinstance(node, ast.DictComp) else node.elt
    mapped = _mapped(file, value, generator.target, generator.iter, executor=executor, width=width)
    if mapped is None:
        return None
    waits, name, arguments = mapped
    call = f"{waits}{name}({', '.join(arguments)})"
    if isinstance(node, ast.DictComp):
        if not _is_name(node.key, generator.target.id) or not _is_read_twice(generator.iter):
            return None
        return _replaced(file, node, "dict", [f"zip({text_of(file, generator.iter)}, {call}, strict=True)"])
    if isinstance(node, ast.SetComp):
        return _replaced(file, node, "set", [call])
    return _replaced(file, node, waits + name, arguments)


def _rewritten_for(file: SourceFile, node: ast.For, executor: str, width: int) -> Rewritten | None:
    if node.orelse or not isinstance(node.target, ast.Name):
        return None
    first, *rest = node.body
    if not rest and isinstance(first, ast.Expr):
        return _rewritten_single(file, node, first, executor, width)
    if not rest or not isinstance(first, ast.Assign) or not isinstance(first.targets[0], ast.Name):
        return None
    value = first.value.value if isinstance(first.value, ast.Await) else first.value
    used = {each.id for each in ast.walk(value) if isinstance(each, ast.Name)}
    awaits = any(isinstance(each, ast.Await) for statement in rest for each in ast.walk(statement))
    # What the rest of a turn changes must not be what the next turn's call is given.
    is_taken_apart = len(first.targets) == 1 and isinstance(value, ast.Call) and not awaits
    if not is_taken_apart or (_stored(node.body) - {node.target.id}) & used or not _is_read_twice(node.iter):
        return None
    mapped = _mapped(file, first.value, node.target, node.iter, executor=executor, width=width)
    if mapped is None:
        return None
    waits, name, arguments = mapped
    target = first.targets[0].id
    answers = f"{target}s" if f"{target}s" not in file.text else f"{target}_of_each"
    indent = _indent(file, node.lineno)
    items = text_of(file, node.iter)
    lines = [
        *_call_lines(f"{indent}{answers} = {waits}{name}", arguments, ""),
        f"{indent}for {node.target.id}, {target} in zip({items}, {answers}, strict=True):",
        *file.lines[(first.end_lineno or first.lineno) : node.end_lineno],
    ]
    return Rewritten(node.lineno, node.end_lineno or node.lineno, lines)


def _rewritten_single(
    file: SourceFile, node: ast.For, statement: ast.Expr, executor: str, width: int
) -> Rewritten | None:
    """A loop whose body is one call: `results.append(get(key))`, or `put(item)`."""
    value = statement.value
    call = value.value if isinstance(value, ast.Await) else value
    if not isinstance(call, ast.Call):
        return None
    is_append = isinstance(call.func, ast.Attribute) and call.func.attr == "append" and len(call.args) == 1
    mapped = _mapped(file, call.args[0] if is_append else value, node.target, node.iter, executor=executor, width=width)
    if mapped is None:
        return None
    waits, name, arguments = mapped
    indent = _indent(file, node.lineno)
    before, after = "", ""
    if is_append and isinstance(call.func, ast.Attribute):
        before, after = f"{text_of(file, call.func.value)}.extend(", ")"
    lines = _call_lines(f"{indent}{before}{waits}{name}", arguments, after)
    return Rewritten(node.lineno, node.end_lineno or node.lineno, lines)


def _mapped(
    file: SourceFile, value: ast.expr, target: ast.expr, items: ast.expr, *, executor: str, width: int
) -> tuple[str, str, list[str]] | None:
    """The parts of `threads.map(get, keys, max_concurrency=8)` for `get(key)` of every key."""
    is_tasks = executor == "tasks"
    if is_tasks != isinstance(value, ast.Await) or not isinstance(target, ast.Name):
        return None
    inner = value.value if isinstance(value, ast.Await) else value
    if any(isinstance(each, ast.Await | ast.NamedExpr | ast.Yield | ast.YieldFrom) for each in ast.walk(inner)):
        return None
    is_bare = (
        isinstance(inner, ast.Call)
        and len(inner.args) == 1
        and not inner.keywords
        and _is_name(inner.args[0], target.id)
        and isinstance(inner.func, ast.Name | ast.Attribute)
    )
    function = (
        text_of(file, inner.func)
        if is_bare and isinstance(inner, ast.Call)
        else f"lambda {target.id}: {text_of(file, inner)}"
    )
    arguments = [function, text_of(file, items), f"max_concurrency={width}"]
    return "await " if is_tasks else "", f"{executor}.map", arguments


def rewritten_statements(file: SourceFile, statements: list[ast.stmt], executor: str, width: int) -> Rewritten | None:
    """`a = get(1)` and `b = get(2)` one behind the other, as one `gather`."""
    if len({id(each) for each in statements}) != len(statements):
        return None
    body = _body_of(file, statements[0])
    places = [body.index(each) for each in statements if each in body]
    if len(places) != len(statements) or places != list(range(places[0], places[0] + len(places))):
        return None
    targets, calls = [], []
    for each in statements:
        is_plain = isinstance(each, ast.Assign) and len(each.targets) == 1 and isinstance(each.targets[0], ast.Name)
        if not is_plain or not isinstance(each, ast.Assign):
            return None
        value = each.value
        if (executor == "tasks") != isinstance(value, ast.Await):
            return None
        targets.append(ast.unparse(each.targets[0]))
        if isinstance(value, ast.Await):
            calls.append(text_of(file, value.value))
        else:
            calls.append(f"lambda: {text_of(file, value)}")
    indent = _indent(file, statements[0].lineno)
    waits = "await " if executor == "tasks" else ""
    lines = [
        f"{indent}{', '.join(targets)} = {waits}{executor}.gather(",
        *(f"{indent}    {call}," for call in calls),
        f"{indent}    max_concurrency={width},",
        f"{indent})",
    ]
    last = statements[-1]
    return Rewritten(statements[0].lineno, last.end_lineno or last.lineno, lines)


def _body_of(file: SourceFile, statement: ast.stmt) -> list[ast.stmt]:
    for node in ast.walk(file.tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and statement in body:
                return body
    return []


def _replaced(file: SourceFile, node: ast.expr, name: str, arguments: list[str]) -> Rewritten:
    """The lines of an expression with a call in its place."""
    first, last = node.lineno, node.end_lineno or node.lineno
    before = file.lines[first - 1].encode()[: node.col_offset].decode()
    after = file.lines[last - 1].encode()[node.end_col_offset or 0 :].decode()
    if isinstance(node, ast.GeneratorExp) and before[-1:].isidentifier():
        before, after = f"{before}(", f"){after}"  # its parentheses are the call's: `sum(get(key) for key in keys)`
    return Rewritten(first, last, _call_lines(f"{before}{name}", arguments, after))


def _call_lines(before: str, arguments: list[str], after: str) -> list[str]:
    """A call on one line; where that is long, on three, or on one for each argument."""
    text = f"{before}({', '.join(arguments)}){after}"
    if len(text) <= _LONGEST:
        return [text]
    indent = before[: len(before) - len(before.lstrip())]
    whole = f"{indent}    {', '.join(arguments)}"
    inner = [whole] if len(whole) <= _LONGEST else [f"{indent}    {each}," for each in arguments]
    return [f"{before}(", *inner, f"{indent}){after}"]


def text_of(file: SourceFile, node: ast.AST) -> str:
    """An expression as the file has it, on one line."""
    text = ast.get_source_segment(file.text, node)
    return text if text is not None and "\n" not in text else ast.unparse(node)


def _is_read_twice(node: ast.expr) -> bool:
    """Whether an expression gives the same when it is asked for a second time, as far as can be seen."""
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.List | ast.Tuple)


def _stored(body: Iterable[ast.stmt]) -> set[str]:
    """Names that statements bind, or change by a method."""
    found = set()
    for statement in body:
        for each in ast.walk(statement):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store | ast.Del):
                found.add(each.id)
            if isinstance(each, ast.AugAssign | ast.Assign):
                targets = [each.target] if isinstance(each, ast.AugAssign) else each.targets
                found |= {part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)}
    return found


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _indent(file: SourceFile, line: int) -> str:
    text = file.lines[line - 1]
    return text[: len(text) - len(text.lstrip())]
