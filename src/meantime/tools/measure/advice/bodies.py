"""Makes a loop's body a function that is mapped over the items; only where nothing else of the body is seen outside."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.source.known import changes_receiver
from meantime.tools.measure.source.places import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.source.files import SourceFile

_LEAVING = (ast.Break, ast.Return, ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal)


@dataclass(frozen=True, slots=True)
class _Collected:
    """What a turn gives: the expression, and how what all turns gave is kept, `{}` standing for them."""

    gives: str
    kept: str


def mapped_body(file: SourceFile, node: ast.For, executor: str, width: int) -> list[str] | None:
    """The lines for a loop, with its body as a function.

    Args:
        file: Where it stands.
        node: The loop.
        executor: `threads` or `tasks`.
        width: How many at once.
    """
    inner = [each for statement in node.body for each in _within(statement)]
    awaits = any(isinstance(each, ast.Await) for each in inner)
    if node.orelse or awaits != (executor == "tasks") or any(isinstance(each, _LEAVING) for each in inner):
        return None
    bound = _bound(node)
    collected = _collected(file, node.body[-1], bound)
    own = node.body if collected is None else node.body[:-1]
    is_seen = any(_changes(each, bound) for statement in own for each in _within(statement))
    if is_seen or bound & _used_elsewhere(file, node):
        return None
    continues = [each for each in inner if isinstance(each, ast.Continue)]
    if any(isinstance(each, ast.For | ast.While) for each in inner) and continues:
        return None  # it may be the inner loop's
    return _lines(file, node, collected, continues, executor=executor, width=width)


def _lines(
    file: SourceFile,
    node: ast.For,
    collected: _Collected | None,
    continues: list[ast.Continue],
    *,
    executor: str,
    width: int,
) -> list[str]:
    indent = file.lines[node.lineno - 1][: node.col_offset]
    is_plain = isinstance(node.target, ast.Name)
    item = ast.unparse(node.target) if is_plain else "item"
    name = f"one_{item}" if is_plain else "one_item"
    waits, define = ("await ", "async def") if executor == "tasks" else ("", "def")
    call = f"{waits}{executor}.map({name}, {_text(file, node.iter)}, max_concurrency={width})"
    body = file.lines[node.body[0].lineno - 1 : node.end_lineno]
    skipped = "return []" if collected is not None else "return"
    for each in continues:
        at = each.lineno - node.body[0].lineno
        body[at] = f"{body[at][: each.col_offset]}{skipped}"
    if collected is not None:
        last = node.body[-1]
        gives = f"[{collected.gives}]" if continues else collected.gives
        body[last.lineno - node.body[0].lineno :] = [f"{file.lines[last.lineno - 1][: last.col_offset]}return {gives}"]
    lines = [f"{indent}{define} {name}({item}):"]
    if not is_plain:
        lines.append(f"{indent}    {_text(file, node.target)} = {item}")
    lines += body
    if collected is None:
        return [*lines, f"{indent}{call}"]
    given = f"(each for found in {call} for each in found)" if continues else call
    return [*lines, *(f"{indent}{line}" for line in collected.kept.replace("{}", given).split("\n"))]


def _collected(file: SourceFile, last: ast.stmt, bound: set[str]) -> _Collected | None:
    """What a body's last statement adds to something outside."""
    call = last.value if isinstance(last, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and len(call.args) == 1:
        owner = _text(file, call.func.value)
        if call.func.attr == "append" and not _names(call.func.value) & bound:
            return _Collected(_text(file, call.args[0]), f"{owner}.extend({{}})")
    if isinstance(last, ast.Assign) and len(last.targets) == 1 and isinstance(last.targets[0], ast.Subscript):
        target = last.targets[0]
        if not _names(target.value) & bound:
            gives = f"({_text(file, target.slice)}, {_text(file, last.value)})"
            return _Collected(gives, f"for at, answer in {{}}:\n    {_text(file, target.value)}[at] = answer")
    if isinstance(last, ast.AugAssign) and isinstance(last.target, ast.Name) and isinstance(last.op, ast.Add):
        return _Collected(_text(file, last.value), f"for answer in {{}}:\n    {last.target.id} += answer")
    return None


def _changes(node: ast.AST, bound: set[str]) -> bool:
    """Whether something in a body changes what is not its own."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(
            isinstance(each, ast.Attribute | ast.Subscript) and not _names(each.value) & bound for each in targets
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and changes_receiver(name_of(node)):
        return isinstance(node.func.value, ast.Name) and node.func.value.id not in bound
    return False


def _bound(node: ast.For) -> set[str]:
    """The names that a turn gives values of its own; one that it adds to is not its own."""
    found = _names(node.target)
    for statement in node.body:
        for each in _within(statement):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                found.add(each.id)
    return found - {
        each.target.id for each in node.body if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name)
    }


def _used_elsewhere(file: SourceFile, node: ast.For) -> set[str]:
    """The names that the function around a loop uses outside it."""
    around = [
        each
        for each in file.functions
        if each.lineno <= node.lineno and (each.end_lineno or 0) >= (node.end_lineno or 0)
    ]
    whole: ast.AST = max(around, key=lambda each: each.lineno) if around else file.tree
    inside = {id(each) for statement in node.body for each in ast.walk(statement)} | {
        id(each) for each in ast.walk(node.target)
    }
    return {each.id for each in ast.walk(whole) if isinstance(each, ast.Name) and id(each) not in inside}


def _within(statement: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement, but for those of functions in it."""
    yield statement
    if not isinstance(statement, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef):
        for part in ast.iter_child_nodes(statement):
            yield from _within(part)


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _text(file: SourceFile, node: ast.AST) -> str:
    text = ast.get_source_segment(file.text, node)
    return text if text is not None and "\n" not in text else ast.unparse(node)
