"""What statements between calls change of what the calls are given."""

from __future__ import annotations

import ast
from itertools import takewhile
from typing import TYPE_CHECKING

from meantime.tools.measure.source.places import frames_of, name_of
from meantime.tools.measure.source.sharing import CHANGING, names_of, root_of, within_function

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.measure.source.files import SourceFiles
    from meantime.tools.report.recording import RecordedCall


def changed_between(calls: Iterable[RecordedCall], files: SourceFiles) -> tuple[str, ...]:
    """The lines between calls of one function that change something which they name.

    Args:
        calls: The calls.
        files: The function's source.
    """
    stacks = [[frame for frame in frames_of(each) if files.read(frame.file) is not None] for each in calls]
    depth = len(list(takewhile(lambda same: len(set(same)) == 1, zip(*stacks, strict=False))))
    known = sorted({(stack[depth].file, stack[depth].line) for stack in stacks if len(stack) > depth})
    file = files.read(known[0][0]) if known and len({name for name, _ in known}) == 1 else None
    first = file.function_at(known[0][1], "") if file is not None else None
    if file is None or first is None or file.function_at(known[-1][1], "") is not first:
        return ()
    here = {call for _, line in known for call in file.calls_at(line)}
    named = {name for call in here for name in names_of(call)}
    found: dict[str, None] = {}
    for each in within_function(first):
        is_stored = isinstance(each, ast.Attribute | ast.Subscript) and not isinstance(each.ctx, ast.Load)
        is_asked = isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and name_of(each) in CHANGING
        between = known[0][1] < getattr(each, "lineno", 0) < known[-1][1] and each not in here
        if between and (is_stored or is_asked):
            root = root_of(each.func if isinstance(each, ast.Call) else each)
            if root in named:
                found[f"{file.name}:{getattr(each, 'lineno', 0)}"] = None
    return tuple(found)
