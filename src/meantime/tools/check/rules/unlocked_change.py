"""MT604: a shared value that calls side by side read and write back without a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding, Place
from meantime.tools.check.model.locks import is_locked
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._lost_changes import awaits_in_between, calls_in_between, is_default
from meantime.tools.check.rules._shared_names import is_shared
from meantime.tools.check.rules._side_by_side import is_proved, several, steps_to
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.fan_out import FanOut
    from meantime.tools.check.model.functions import Change, Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.reach import Reached
    from meantime.tools.check.model.started_work import On

_ON: tuple[On, ...] = ("threads", "tasks")


def _check(project: Project) -> Iterator[Finding]:
    seen: set[Change] = set()
    for on in _ON:
        for fan_out in several(project, on):
            for each, change in _changes(project, fan_out):
                level = _level(project, each, change, on)
                if change not in seen and level is not None:
                    seen.add(change)
                    yield _finding(project, fan_out, each, change, level)


def _changes(project: Project, fan_out: FanOut) -> Iterator[tuple[Reached, Change]]:
    """The changes of shared values without a lock, in what runs often enough to meet itself."""
    for begins in dict.fromkeys(fan_out.functions):
        if fan_out.over is None and fan_out.count is not None and fan_out.functions.count(begins) == 1:
            continue
        found = tuple(reached(project, (begins,)))
        inside = {each.function.qualified for each in found}
        inside |= {fan_out.within.qualified} if fan_out.is_called_for_each else set()
        for each in found:
            for change in () if each.is_locked else each.function.changes:
                if (
                    change.reads
                    and not is_locked(project, change.guards, each.function)
                    and is_shared(project, change.target, each, fan_out, inside)
                    and not is_default(project, change, each.function)
                ):
                    yield each, change


def _level(project: Project, each: Reached, change: Change, on: On) -> Level | None:
    if on == "tasks":
        is_lost = awaits_in_between(project, change, each.function)
        return ("error" if is_proved(project, each) else "warning") if is_lost else None
    is_lost = calls_in_between(project, change, each.function)
    return "error" if is_lost and is_proved(project, each) else "warning"


def _finding(project: Project, fan_out: FanOut, each: Reached, change: Change, level: Level) -> Finding:
    function: Function = each.function
    return Finding(
        code=RULE.code,
        message=(
            f"`{spelled(change.target)}` is read and written back by {name_of(function)} on several {fan_out.on} at "
            f"once: changes {_lost(level)} lost. Return the value and add up the results, or use a lock."
        ),
        place=Place(function.file, change.line, change.column + 1, change.end_line, change.end_column + 1),
        level=level,
        chain=steps_to(project, fan_out, each),
    )


def _lost(level: Level) -> str:
    return "are" if level == "error" else "may be"


RULE = Rule(
    code="MT604",
    name="unlocked-change",
    summary="A shared value that calls side by side read and write back without a lock",
    check=_check,
    levels=("error", "warning"),
)
