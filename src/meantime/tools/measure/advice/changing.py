"""The change in code, from the function's own lines and names: a diff of the file where the place is simple enough."""

from __future__ import annotations

import ast
import difflib
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.rewriting import Rewritten, rewritten_loop, rewritten_statements, rewritten_verb
from meantime.tools.measure.source.places import frames_of

if TYPE_CHECKING:
    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.dependence import Group
    from meantime.tools.measure.source.files import SourceFile

_CONTEXT = 2  # lines of the file around the change


@dataclass(frozen=True, slots=True)
class _Statement:
    file: SourceFile
    node: ast.stmt


def change_of(situation: Situation, group: Group, executor: str, width: int) -> str:
    """A unified diff that puts the group side by side; a sketch of one where its code is not simple enough.

    Args:
        situation: The function.
        group: The calls.
        executor: `threads` or `tasks`.
        width: How many at once.
    """
    if group.loop is not None:
        file, node = group.loop.file, group.loop.node
        found = (
            rewritten_verb(file, node, executor, width)
            if group.loop.kind in ("verb", "records")
            else rewritten_loop(file, node, executor, width)
        )
        if found is not None:
            return diff_of(file, found, executor)
        return _sketch(file, node, executor, width)
    statements = _statements(situation, group)
    if statements:
        found = rewritten_statements(statements[0].file, [each.node for each in statements], executor, width)
        if found is not None:
            return diff_of(statements[0].file, found, executor)
    return ""


def diff_of(file: SourceFile, found: Rewritten, executor: str) -> str:
    """The file's lines before and after, as a unified diff, the import with it."""
    before = file.text.splitlines()
    after = list(before)
    after[found.first - 1 : found.last] = found.lines
    if not _imports(file, executor):
        at = _behind_imports(file)
        after[at:at] = [f"from meantime import {executor}"]
    return "\n".join(
        line.rstrip("\n")
        for line in difflib.unified_diff(before, after, f"a/{file.name}", f"b/{file.name}", n=_CONTEXT, lineterm="")
    )


def _imports(file: SourceFile, name: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "meantime"
        and any(each.name == name and each.asname is None for each in node.names)
        for node in file.tree.body
    )


def _behind_imports(file: SourceFile) -> int:
    """The line behind the module's imports, or its docstring."""
    lines = [
        node.end_lineno or node.lineno
        for index, node in enumerate(file.tree.body)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        or (index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return max(lines, default=0)


def _statements(situation: Situation, group: Group) -> list[_Statement]:
    """The statements of one function that the group's calls come from."""
    stacks = []
    for number in group.calls:
        call = situation.calls.get(number)
        if call is None:
            return []
        stacks.append([frame for frame in frames_of(call) if situation.files.read(frame.file) is not None])
    depth = 0
    while all(len(stack) > depth for stack in stacks) and len({stack[depth] for stack in stacks}) == 1:
        depth += 1
    frames = [stack[depth] if len(stack) > depth else stack[-1] for stack in stacks if stack]
    if len({(frame.file, frame.function) for frame in frames}) != 1 or len(frames) != len(group.calls):
        return []
    file = situation.files.read(frames[0].file)
    if file is None:
        return []
    found = []
    for frame in frames:
        holding = [
            node
            for node in ast.walk(file.tree)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr | ast.Return)
            and node.lineno <= frame.line <= (node.end_lineno or node.lineno)
        ]
        if not holding:
            return []
        found.append(_Statement(file, max(holding, key=lambda node: node.lineno)))
    return found


def _sketch(file: SourceFile, node: ast.AST, executor: str, width: int) -> str:
    """The shape of the change, where the loop's body does more than a diff could safely take apart."""
    if not isinstance(node, ast.For | ast.AsyncFor):
        return ""
    lines = file.lines
    body = textwrap.dedent("\n".join(lines[node.body[0].lineno - 1 : node.end_lineno])).splitlines()
    target, over = ast.unparse(node.target), ast.unparse(node.iter)
    is_tasks = executor == "tasks"
    define = "async def" if is_tasks else "def"
    parameter = target if isinstance(node.target, ast.Name) else "item"
    unpack = [] if isinstance(node.target, ast.Name) else [f"    {target} = item"]
    call = f"{'await ' if is_tasks else ''}{executor}.map(one, {over}, max_concurrency={width})"
    return "\n".join(
        [
            f"# {file.name}:{node.lineno}: the loop's body becomes a function that returns what the loop collected",
            f"from meantime import {executor}",
            "",
            f"{define} one({parameter}):",
            *unpack,
            *(f"    {line}" if line else "" for line in body),
            "    return …    # what this turn gave, instead of adding it to something outside",
            "",
            f"results = {call}",
        ]
    )
