"""Rewrites loops whose bodies are of a few plain forms; whatever else stands in one, the loop is left alone."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.plain import is_plain_rest, names_in, root_of, touched_by

if TYPE_CHECKING:
    from meantime.tools.measure.advice.plain import Place
    from meantime.tools.measure.source.files import SourceFile

_LONGEST = 100  # characters of a line
_LEAVING = (ast.Return, ast.Break, ast.Await, ast.Yield, ast.YieldFrom)
_EMPTY_LISTS = ("[]", "list()")
_EMPTY_DICTIONARIES = ("{}", "dict()")


@dataclass(frozen=True, slots=True)
class Rewritten:
    """New lines for those of a file, first and last included."""

    first: int
    last: int
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Mapped:
    """`threads.map(get, keys, max_concurrency=8)`, in its parts."""

    name: str
    arguments: list[str]

    @property
    def text(self) -> str:
        """The whole of it."""
        return f"{self.name}({', '.join(self.arguments)})"


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a turn gives at its end: its parts, and what takes what all gave; nothing where they are not kept."""

    parts: tuple[ast.expr, ...]
    owner: str = ""
    taker: str = ""


def rewritten_for(place: Place, node: ast.For, width: int) -> Rewritten | None:
    """A loop whose turns may go side by side, its answers kept in the order of its items.

    Args:
        place: The loop's place, plain all around it.
        node: The loop.
        width: How many at once.
    """
    target = node.target
    is_simple = isinstance(target, ast.Name) or (
        isinstance(target, ast.Tuple) and all(isinstance(each, ast.Name) for each in target.elts)
    )
    is_laid_out = place.is_laid_out([node]) and place.is_laid_out(node.body)
    is_deeper = node.body[0].col_offset == node.col_offset + 4 and node.body[0].lineno > node.iter.lineno
    if node.orelse or not is_simple or not is_laid_out or not is_deeper or not place.are_items(node.iter):
        return None
    lines = _mapped_whole(place, node, width) or _mapped_first(place, node, width)
    return Rewritten(node.lineno, node.end_lineno or node.lineno, lines) if lines is not None else None


def _mapped_whole(place: Place, node: ast.For, width: int) -> list[str] | None:
    """Names of the turn's own, and at the end one call, or what is kept of it: all of it goes side by side."""
    *before, last = node.body
    own = names_in(node.target)
    bound = own | {name for each in before if isinstance(each, ast.Assign) for name in _stored_by(each)}
    fresh: set[str] = set()
    for each in before:
        if not isinstance(each, ast.Assign) or len(each.targets) != 1 or names_in(each.value) & (bound - own):
            return None  # what a turn leaves for the next one
        target = each.targets[0]
        root = root_of(target)
        if isinstance(target, ast.Subscript) and isinstance(root, ast.Name) and root.id in fresh:
            given: tuple[ast.expr, ...] = (target.slice, each.value)
        elif isinstance(target, ast.Name) or (
            isinstance(target, ast.Tuple) and all(isinstance(part, ast.Name) for part in target.elts)
        ):
            given = (each.value,)
            fresh |= names_in(target) if any(part in place.calls for part in ast.walk(each.value)) else set()
        else:
            return None
        if not all(place.is_known(part, own) for part in given):
            return None
        own |= _stored_by(each)
    kept = _kept(place, last, own)
    parts: list[ast.AST] = [*before, *(kept.parts if kept is not None else ())]
    if kept is None or not any(part in place.calls for each in parts for part in ast.walk(each)):
        return None
    is_read = any(kept.owner in names_in(each) for each in (node.iter, *parts)) if kept.owner else False
    awaits = any(isinstance(part, ast.Await) for each in parts for part in ast.walk(each))
    if is_read or place.is_used_after(own) or awaits != (place.executor == "tasks"):
        return None
    return _whole_lines(place, node, kept, width)


def _kept(place: Place, last: ast.stmt, own: set[str]) -> _Kept | None:
    """What the last statement of a turn keeps of it."""
    value = last.value if isinstance(last, ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        owner = call.func.value.id
        is_kept = call.func.attr == "append" and len(call.args) == 1 and not call.keywords
        if is_kept and place.is_made_empty(owner, *_EMPTY_LISTS) and place.is_known(call.args[0], own):
            return _Kept((call.args[0],), owner, f"{owner}.extend")
    if value is not None and call in place.calls and place.is_known(value, own):
        return _Kept((value,))
    if isinstance(last, ast.Assign) and len(last.targets) == 1 and isinstance(last.targets[0], ast.Subscript):
        target = last.targets[0]
        if (
            isinstance(target.value, ast.Name)
            and place.is_made_empty(target.value.id, *_EMPTY_DICTIONARIES)
            and place.is_known(target.slice, own)
            and place.is_known(last.value, own)
        ):
            return _Kept((target.slice, last.value), target.value.id, f"{target.value.id}.update")
    return None


def _whole_lines(place: Place, node: ast.For, kept: _Kept, width: int) -> list[str] | None:
    file, indent = place.file, indent_of(place.file, node.lineno)
    before, after = (f"{indent}{kept.taker}(", ")") if kept.taker else (indent, "")
    if len(node.body) == 1 and isinstance(node.target, ast.Name) and len(kept.parts) == 1:
        mapped = mapped_call(place, kept.parts[0], node.target, node.iter, width)
        if mapped is not None:
            return call_lines(f"{before}{mapped.name}", mapped.arguments, after)
    waits, define = ("await ", "async def") if place.executor == "tasks" else ("", "def")
    gives = ", ".join(text_of(file, part) for part in kept.parts)
    arguments = [text_of(file, node.iter), f"max_concurrency={width}"]
    name = f"{waits}{place.executor}.map"
    if len(node.body) == 1 and isinstance(node.target, ast.Name) and place.executor == "threads":
        return call_lines(f"{before}{name}", [f"lambda {node.target.id}: ({gives})", *arguments], after)
    item = node.target.id if isinstance(node.target, ast.Name) else "item"
    function = f"one_{item}"
    if not place.is_free(function, *([] if isinstance(node.target, ast.Name) else [item])):
        return None
    unpacked = [] if isinstance(node.target, ast.Name) else [f"{indent}    {_target(file, node.target)} = {item}"]
    first, last = node.body[0].lineno, node.body[-1].lineno
    return [
        f"{indent}{define} {function}({item}):",
        *unpacked,
        *file.lines[first - 1 : last - 1],
        f"{indent}    {'return ' if kept.taker else ''}{gives}",
        "",
        *call_lines(f"{before}{name}", [function, *arguments], after),
    ]


def _mapped_first(place: Place, node: ast.For, width: int) -> list[str] | None:
    """A call at the turn's beginning goes side by side; the rest of each turn stays as it is, in order, after all."""
    first, *rest = node.body
    if (
        not rest
        or not all(map(is_plain_rest, rest))
        or not isinstance(first, ast.Assign)
        or not isinstance(node.target, ast.Name)
    ):
        return None
    answer = first.targets[0]
    if len(first.targets) != 1 or not isinstance(answer, ast.Name) or answer.id == node.target.id:
        return None
    file, items = place.file, node.iter
    touched = touched_by(rest)
    used = names_in(first.value) - {node.target.id}
    makes_calls = any(part in place.calls for each in rest for part in ast.walk(each))
    leaves = any(isinstance(part, _LEAVING) for each in rest for part in ast.walk(each))
    # What the rest of a turn changes must not be what a later turn's call is given.
    if makes_calls or leaves or used & (touched | {answer.id}) or names_in(items) & touched:
        return None
    mapped = mapped_call(place, first.value, node.target, items, width)
    answers = f"{answer.id}s" if place.is_free(f"{answer.id}s") else f"{answer.id}_of_each"
    if mapped is None or not place.is_free(answers):
        return None
    indent = indent_of(file, node.lineno)
    if not place.are_items(items, twice=True):
        return _with_their_items(place, node, answer.id, width)
    return [
        *call_lines(f"{indent}{answers} = {mapped.name}", mapped.arguments, ""),
        f"{indent}for {node.target.id}, {answer.id} in zip({text_of(file, items)}, {answers}, strict=True):",
        *file.lines[(first.end_lineno or first.lineno) : node.end_lineno],
    ]


def _with_their_items(place: Place, node: ast.For, answer: str, width: int) -> list[str] | None:
    """The same where items may be there only once, as those of a generator are: each answer comes with its item."""
    file, indent = place.file, indent_of(place.file, node.lineno)
    first, item = node.body[0], ast.unparse(node.target)
    function = f"one_{item}"
    if not isinstance(first, ast.Assign) or not place.is_free(function):
        return None
    waits, define = ("await ", "async def") if place.executor == "tasks" else ("", "def")
    mapped = f"{waits}{place.executor}.map({function}, {text_of(file, node.iter)}, max_concurrency={width})"
    return [
        f"{indent}{define} {function}({item}):",
        f"{indent}    return {item}, {text_of(file, first.value)}",
        "",
        f"{indent}for {item}, {answer} in {mapped}:",
        *file.lines[(first.end_lineno or first.lineno) : node.end_lineno],
    ]


def mapped_call(place: Place, value: ast.expr, target: ast.Name, items: ast.expr, width: int) -> Mapped | None:
    """The parts of `threads.map(get, keys, max_concurrency=8)` for `get(key)` of every key.

    Args:
        place: Where.
        value: What each item gives.
        target: The name of an item.
        items: The items.
        width: How many at once.
    """
    is_tasks = place.executor == "tasks"
    inner = value.value if isinstance(value, ast.Await) else value
    if is_tasks != isinstance(value, ast.Await) or any(isinstance(each, ast.Await) for each in ast.walk(inner)):
        return None
    if not place.is_safe(inner, {target.id}):
        return None
    is_bare = (
        isinstance(inner, ast.Call)
        and len(inner.args) == 1
        and not inner.keywords
        and is_name(inner.args[0], target.id)
        and isinstance(inner.func, ast.Name | ast.Attribute)
        and target.id not in names_in(inner.func)
    )
    function = (
        text_of(place.file, inner.func)
        if is_bare and isinstance(inner, ast.Call)
        else f"lambda {target.id}: {text_of(place.file, inner)}"
    )
    arguments = [function, text_of(place.file, items), f"max_concurrency={width}"]
    return Mapped(f"{'await ' if is_tasks else ''}{place.executor}.map", arguments)


def call_lines(before: str, arguments: list[str], after: str) -> list[str]:
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


def is_name(node: ast.expr, name: str) -> bool:
    """Whether an expression is a name and no more."""
    return isinstance(node, ast.Name) and node.id == name


def indent_of(file: SourceFile, line: int) -> str:
    """How far a line is indented."""
    text = file.lines[line - 1]
    return text[: len(text) - len(text.lstrip())]


def _target(file: SourceFile, node: ast.expr) -> str:
    return text_of(file, node).strip("()")


def _stored_by(node: ast.Assign) -> set[str]:
    return {
        part.id
        for target in node.targets
        for part in ast.walk(target)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
