"""The change in code, from the function's own lines and names: a diff of the file where the place is simple enough."""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.names import binds_its_names
from meantime.tools.measure.advice.rewriting import rewritten_loop, rewritten_statements, rewritten_verb
from meantime.tools.measure.shared_objects import before_a_patch
from meantime.tools.measure.source.on_the_way import on_the_way
from meantime.tools.measure.source.places import frames_of

if TYPE_CHECKING:
    from meantime.tools.measure.advice.bodies import Rewritten
    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.dependence import Group
    from meantime.tools.measure.source.files import SourceFile

_CONTEXT = 3  # lines of the file around the change: as many as `patch` and `git apply` look for
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


@dataclass(frozen=True, slots=True)
class _Statement:
    file: SourceFile
    node: ast.stmt


def change_of(situation: Situation, group: Group, executor: str, width: int) -> str:
    """A unified diff that puts the group side by side; nothing where its code is not simple enough, or not safe.

    Args:
        situation: The function.
        group: The calls.
        executor: `threads` or `tasks`.
        width: How many at once.
    """
    if group.shares or before_a_patch(group.assumption, _own_lines(situation, group), situation.files):
        return ""
    if group.loop is not None:
        file, node = group.loop.file, group.loop.node
        if executor == "threads" and _is_in_async(file, node):
            return _awaited_threads(node, width)
        found = (
            rewritten_verb(file, node, executor, width)
            if group.loop.kind in ("verb", "records")
            else rewritten_loop(file, node, executor, width, _made_in(situation, group, file))
        )
        return diff_of(file, found, executor) if found is not None else ""
    statements = _statements(situation, group)
    if statements and executor == "threads" and _is_in_async(statements[0].file, statements[0].node):
        return _awaited_threads(statements[0].node, width)
    if statements:
        file = statements[0].file
        calls = _made_in(situation, group, file)
        found = rewritten_statements(file, [each.node for each in statements], executor, width, calls)
        if found is not None:
            return diff_of(file, found, executor)
    return ""


def _own_lines(situation: Situation, group: Group) -> set[str]:
    """The lines of the function's own that the group's calls come from."""
    within = set(group.calls)
    stacks = [frames_of(each) for each in situation.recording.calls if each.id in within or each.parent in within]
    own = [[frame for frame in stack if situation.files.read(frame.file) is not None] for stack in stacks]
    return {f"{stack[-1].file}:{stack[-1].line}" for stack in own if stack}


def _made_in(situation: Situation, group: Group, file: SourceFile) -> frozenset[ast.Call]:
    """The calls of a file's source that the group's calls were made in."""
    within = set(group.calls)
    made = [call for call in situation.recording.calls if call.id in within or call.parent in within]
    return on_the_way(file, made)


def diff_of(file: SourceFile, found: Rewritten, executor: str) -> str:
    """The file's lines before and after, as a unified diff, the import with it."""
    before = file.lines
    after = list(before)
    after[found.first - 1 : found.last] = found.lines
    if any(f"{executor}." in line for line in found.lines):
        _import(file, after, executor)
    if not binds_its_names(file.text, "\n".join(after) + "\n"):
        return ""
    lines = difflib.unified_diff(before, after, f"a/{file.name}", f"b/{file.name}", n=_CONTEXT, lineterm="")
    return "\n".join(_with_its_end(file, list(lines), len(before), len(after)))


def _with_its_end(file: SourceFile, lines: list[str], before: int, after: int) -> list[str]:
    """The diff's lines, with what `patch` has to be told of a file whose last line does not end."""
    if file.text.endswith("\n"):
        return lines
    found = []
    old, new = 0, 0
    for line in lines:
        found.append(line)
        if (head := _HUNK.match(line)) is not None:
            old, new = int(head[1]), int(head[2])
            continue
        if not old and not new:
            continue  # the names above the first hunk
        is_last = (line[0] in " -" and old == before) or (line[0] in " +" and new == after)
        old, new = old + (line[0] != "+"), new + (line[0] != "-")
        if is_last:
            found.append("\\ No newline at end of file")
    return found


def _import(file: SourceFile, lines: list[str], executor: str) -> None:
    """Put `from meantime import threads` among a file's imports, where it is missing; what it replaced goes."""
    at = 0
    for index, node in enumerate(file.tree.body):
        is_docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Import | ast.ImportFrom) or is_docstring:
            at = node.end_lineno or node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "meantime" and node.lineno == node.end_lineno:
            names = [each.name if each.asname is None else f"{each.name} as {each.asname}" for each in node.names]
            if executor in names:
                return
            rest = lines[: node.lineno - 1] + lines[node.lineno :]
            kept = [name for name in names if name != "sequential" or any("sequential." in line for line in rest)]
            lines[node.lineno - 1] = f"from meantime import {', '.join(sorted([*kept, executor]))}"
            return
    lines[at:at] = [f"from meantime import {executor}"]


def _is_in_async(file: SourceFile, node: ast.AST) -> bool:
    """Whether the function around a place is async: there threads are awaited, or they would block the loop."""
    line = getattr(node, "lineno", 0)
    return isinstance(file.function_at(line, ""), ast.AsyncFunctionDef)


def _awaited_threads(node: ast.AST, width: int) -> str:
    items = ast.unparse(node.iter) if isinstance(node, ast.For) else "items"
    return "\n".join(
        [
            "from meantime import in_thread, tasks",
            "",
            "# one: a blocking function of one item, that makes the calls and gives what they gave",
            f"results = await tasks.map(in_thread(one), {items}, max_concurrency={width})",
        ]
    )


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
