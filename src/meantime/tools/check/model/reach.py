"""What runs when a function runs: itself, and the project's own functions that it calls, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_DEEPEST = 6  # calls: what is further away is rarely meant, and the ways grow many


class Reached(NamedTuple):
    """A function that runs.

    Args:
        function: It.
        steps: The calls on the way, outermost first.
        is_proved: Whether each of them can only mean one function.
    """

    function: Function
    steps: tuple[Step, ...]
    is_proved: bool


def reached(project: Project, functions: Iterable[Function], *, deepest: int = _DEEPEST) -> Iterator[Reached]:
    """These functions and what they call, nearest first, each once."""
    begun = [Reached(function, (), is_proved=True) for function in functions]
    seen = {each.function.qualified for each in begun}
    for _ in range(deepest):
        yield from begun
        begun = [
            Reached(
                callee,
                (*caller.steps, _step(project, caller.function, callee, call)),
                is_proved=caller.is_proved and len(callees) == 1,
            )
            for caller in begun
            for call in caller.function.calls
            for callees in [project.callees(call)]
            for callee in callees
            if callee.qualified not in seen and not seen.add(callee.qualified)  # type: ignore[func-returns-value]  # notes it
        ]


def _step(project: Project, caller: Function, callee: Function, call: Call) -> Step:
    return Step(project.place(call, caller), f"{caller.name} calls {callee.name}")
