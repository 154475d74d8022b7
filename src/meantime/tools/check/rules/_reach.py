"""Which functions of a project run below one: what it calls, and what it hands to others to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project


class Reached(NamedTuple):
    """A function that is reached, the calls on the way to it, and whether one of them is for many items at once."""

    function: Function
    way: tuple[Call, ...]
    is_fanned_out: bool


def reached_from(project: Project, function: Function) -> Iterator[Reached]:
    """What runs below a function, itself first, each function once and by a shortest way."""
    waiting = [Reached(function, (), is_fanned_out=False)]
    seen = {function.qualified}
    for each in waiting:
        yield each
        for call in each.function.calls:
            for callee in _run_by(project, call):
                if callee.qualified not in seen:
                    seen.add(callee.qualified)
                    is_fanned_out = each.is_fanned_out or any(loop.kind != "while" for loop in call.loops)
                    waiting.append(Reached(callee, (*each.way, call), is_fanned_out))


def _run_by(project: Project, call: Call) -> Iterator[Function]:
    yield from project.callees(call)
    for argument in (*call.arguments, *call.keywords.values()):
        yield from project.functions_of(argument, call.within)
