"""The expressions of a file that recorded stacks went through."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from meantime.tools.measure.source.places import frames_of, is_of, name_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from meantime.tools.measure.source.files import SourceFile
    from meantime.tools.report.recording import RecordedCall


def on_the_way(file: SourceFile, calls: Iterable[RecordedCall]) -> frozenset[ast.Call]:
    """The calls of a file's source that recorded calls were made in.

    Args:
        file: The file.
        calls: Recorded calls.
    """
    found: set[ast.Call] = set()
    for call in calls:
        frames = [*frames_of(call), None]
        for frame, below in pairwise(frames):
            if frame is None or frame.file != file.name:
                continue
            here = file.calls_at(frame.line)
            named = [
                each
                for each in here
                if (below is None and is_of(each, call)) or (below is not None and name_of(each) == below.function)
            ]
            found.update(named or _outermost(here))
    return frozenset(found)


def _outermost(calls: list[ast.Call]) -> list[ast.Call]:
    """Of a line that nothing is named on, the only call that is no collecting of answers."""
    others = [each for each in calls if name_of(each) not in ("append", "list", "tuple", "len", "str", "dict")]
    return others if len(others) == 1 else []
