"""Where what a record raises goes no further: in a thread or process of its own, in a future that nobody asks."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.rules._answers import catches, may_fail
from meantime.tools.check.rules._definitions import called
from meantime.tools.check.rules._record_work import handed_work, thread_made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.project import Project
    from meantime.tools.check.rules._record_work import Work
    from meantime.tools.check.rules._records import RecordLoop

_SUBMITS = frozenset({"submit", "apply_async"})


def starts_threads(project: Project, loop: RecordLoop) -> bool:
    """Whether each record gets a thread or process, be it one of a class that is not looked into."""
    return any(
        thread_made(project, loop.work[0], call) or (called(call) == "start" and not call.args)
        for call in _calls(loop.work[0])
    )


def where_lost(project: Project, loop: RecordLoop) -> str:
    """Where what a record raises ends, in words; empty if it does not, or if that is not proved."""
    first = loop.work[0]
    unasked = [each.value for part in first.code for each in ast.walk(part) if isinstance(each, ast.Expr)]
    for call in _calls(first):
        made = thread_made(project, first, call)
        is_unasked = called(call) in _SUBMITS and any(call is each for each in unasked)
        if (made or is_unasked) and _may_raise(handed_work(project, first, call)):
            return f"a {made.lower()} of its own" if made else "a future that nobody asks"
    return ""


def _may_raise(work: tuple[Work, ...]) -> bool:
    own = frozenset(each.within.name for each in work)
    code = [part for each in work for part in each.code]
    return not any(map(catches, code)) and any(may_fail(part, own) for part in code)


def _calls(work: Work) -> Iterator[ast.Call]:
    for part in work.code:
        yield from (each for each in ast.walk(part) if isinstance(each, ast.Call))
