"""What runs when a function runs: itself, and the project's own functions that it calls, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Step
from meantime.tools.check.model.locks import is_locked, takes_a_lock

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
        begins: The function that it begins with.
        calls: The calls on the way, outermost first.
        is_proved: Whether each of them can only mean one function.
        is_locked: Whether one of them is made under a lock.
    """

    function: Function
    begins: Function
    calls: tuple[Call, ...]
    is_proved: bool
    is_locked: bool

    def steps(self, project: Project) -> tuple[Step, ...]:
        """The way in words."""
        callees = [*(call.within for call in self.calls[1:]), *([self.function] if self.calls else ())]
        return tuple(
            Step(project.place(call, call.within), f"{call.within.spoken} calls {callee.spoken}")
            for call, callee in zip(self.calls, callees, strict=True)
        )


def reached(project: Project, functions: Iterable[Function], *, deepest: int = _DEEPEST) -> Iterator[Reached]:
    """These functions and what they call, nearest first, each once."""
    begun = [Reached(each, each, (), is_proved=True, is_locked=takes_a_lock(each)) for each in dict.fromkeys(functions)]
    seen = {each.function.qualified for each in begun}
    for _ in range(deepest):
        yield from begun
        begun = [below for each in begun for below in _called(project, each, seen)]


def _called(project: Project, caller: Reached, seen: set[str]) -> Iterator[Reached]:
    for call in caller.function.calls:
        callees = project.callees(call)
        for callee in callees:
            if callee.qualified not in seen:
                seen.add(callee.qualified)
                yield Reached(
                    callee,
                    caller.begins,
                    (*caller.calls, call),
                    is_proved=caller.is_proved and len(callees) == 1,
                    is_locked=caller.is_locked
                    or takes_a_lock(callee)
                    or is_locked(project, call.guards, caller.function),
                )
