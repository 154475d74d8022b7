"""Rewrites a loop, a verb or statements so that their calls go side by side; only where that is plain to see."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.bodies import (
    Rewritten,
    call_lines,
    indent_of,
    is_name,
    mapped_call,
    rewritten_for,
    text_of,
)
from meantime.tools.measure.advice.plain import Place, names_in

if TYPE_CHECKING:
    from meantime.tools.measure.source.files import SourceFile

_Comprehension = ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.DictComp
_VERBS = {"map", "gather", "settle", "as_completed"}


def rewritten_verb(file: SourceFile, node: ast.AST, executor: str, width: int) -> Rewritten | None:
    """`sequential.map(…)` with another executor; or a decorator that said sequential."""
    if isinstance(node, ast.FunctionDef):
        return _rewritten_decorator(file, node, width)
    if isinstance(node, ast.Call) and is_name(node.func, "map") and len(node.args) == 2 and executor == "threads":  # noqa: PLR2004  # map(get, keys)
        if not Place(file, node, frozenset(), executor).is_taken_whole(node):
            return None
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


def rewritten_loop(
    file: SourceFile, node: ast.AST, executor: str, width: int, calls: frozenset[ast.Call]
) -> Rewritten | None:
    """A loop or comprehension that makes one call an item; nothing where it is not plain what it does.

    Args:
        file: Where it stands.
        node: The loop, or what a comprehension gives its items to.
        executor: `threads` or `tasks`.
        width: How many at once.
        calls: The calls of the file that recorded calls were made in.
    """
    if isinstance(node, ast.For):
        place = Place(file, node, calls, executor)
        return rewritten_for(place, node, width) if place.is_plain() else None
    for each in ast.walk(file.tree):
        if isinstance(each, _Comprehension) and any(generator.target is node for generator in each.generators):
            place = Place(file, each, calls, executor)
            return _rewritten_comprehension(place, each, width) if place.is_plain() else None
    return None


def _rewritten_comprehension(  # noqa: PLR0911  # whatever is not plain leaves it alone
    place: Place, node: _Comprehension, width: int
) -> Rewritten | None:
    (generator, *more) = node.generators
    target, items = generator.target, generator.iter
    if more or generator.ifs or generator.is_async or not isinstance(target, ast.Name):
        return None
    if isinstance(node, ast.GeneratorExp) and not place.is_taken_whole(node):
        return None
    is_pairs = isinstance(node, ast.DictComp)
    value = node.value if isinstance(node, ast.DictComp) else node.elt
    if isinstance(node, ast.DictComp) and not is_name(node.key, target.id):
        return None
    mapped = mapped_call(place, value, target, items, width)
    if mapped is None or not place.are_items(items, twice=is_pairs):
        return None
    file = place.file
    if isinstance(node, ast.DictComp):
        return _replaced(file, node, "dict", [f"zip({text_of(file, items)}, {mapped.text}, strict=True)"])
    if isinstance(node, ast.SetComp):
        return _replaced(file, node, "set", [mapped.text])
    return _replaced(file, node, mapped.name, mapped.arguments)


def rewritten_statements(  # noqa: PLR0911  # as above
    file: SourceFile, statements: list[ast.stmt], executor: str, width: int, calls: frozenset[ast.Call]
) -> Rewritten | None:
    """`a = get(1)` and `b = get(2)` one behind the other, as one `gather`."""
    if len({id(each) for each in statements}) != len(statements):
        return None
    body = _body_of(file, statements[0])
    places = [body.index(each) for each in statements if each in body]
    if len(places) != len(statements) or places != list(range(places[0], places[0] + len(places))):
        return None
    place = Place(file, statements[0], calls, executor)
    if not place.is_plain() or not place.is_laid_out(statements):
        return None
    targets: list[str] = []
    given = []
    for each in statements:
        if not isinstance(each, ast.Assign) or len(each.targets) != 1 or not isinstance(each.targets[0], ast.Name):
            return None
        is_awaited = isinstance(each.value, ast.Await)
        value = each.value.value if isinstance(each.value, ast.Await) else each.value
        if (executor == "tasks") != is_awaited or not place.is_safe(value, set()) or names_in(value) & set(targets):
            return None
        targets.append(each.targets[0].id)
        given.append(text_of(file, value) if is_awaited else f"lambda: {text_of(file, value)}")
    if len(set(targets)) != len(targets):
        return None
    indent = indent_of(file, statements[0].lineno)
    waits = "await " if executor == "tasks" else ""
    lines = [
        f"{indent}{', '.join(targets)} = {waits}{executor}.gather(",
        *(f"{indent}    {call}," for call in given),
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
    return Rewritten(first, last, call_lines(f"{before}{name}", arguments, after))
