"""Whether what a function changes is shared by several runs of it: a global, an enclosing name, one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.fan_out import FanOut
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.model.reach import Reached


_THREADS_OWN = "threading.local()"


def is_shared(project: Project, target: Expression, each: Reached, fan_out: FanOut, inside: AbstractSet[str]) -> bool:
    """Whether all runs of a function change the same.

    Args:
        project: Where.
        target: What is changed.
        each: The function that changes it, and how it comes to run.
        fan_out: What runs it several times at once.
        inside: The qualified names of all that each run calls: what is made in them is each run's own.
    """
    if target.kind == "name":
        return _is_from_outside(project, target.name, each.function, inside)
    if target.kind == "attribute":
        return _is_shared_object(project, target.parts[0], each, fan_out, inside)
    if target.kind == "item":
        held, key = target.parts
        return key.kind == "constant" and _is_shared_object(project, held, each, fan_out, inside)
    return False


def _is_shared_object(
    project: Project, owner: Expression, each: Reached, fan_out: FanOut, inside: AbstractSet[str]
) -> bool:
    if owner.kind == "attribute":
        return _is_shared_object(project, owner.parts[0], each, fan_out, inside)
    function = each.function
    if _THREADS_OWN in project.paths(owner, function):
        return False
    if _is_first(owner, function):
        return _is_one_instance(project, each, fan_out)
    return _is_from_outside(project, owner.name, function, inside)


def _is_from_outside(project: Project, name: str, function: Function, inside: AbstractSet[str]) -> bool:
    """Whether a name belongs to a function or module around, which the runs have in common."""
    scope: Function | None = function
    while scope is not None:
        if any(each.name == name for each in scope.parameters) or name in scope.assigned:
            return scope.qualified not in inside
        scope = project.functions.get(scope.parent)
    return False


def _is_one_instance(project: Project, each: Reached, fan_out: FanOut) -> bool:
    """Whether the method of one object is what runs, and calls others of its own."""
    begins = each.begins
    if not all(
        call.function.kind == "attribute" and _is_first(call.function.parts[0], call.within) for call in each.calls
    ):
        return False
    owners = [
        work.parts[0].name
        for given in fan_out.work
        for work in [given.function if given.kind == "call" else given]  # type: ignore[attr-defined]  # it is a Call
        if work.kind == "attribute" and work.name == begins.name and _is_one_object(project, work.parts[0], fan_out)
    ]
    return len(owners) > len(set(owners)) if fan_out.over is None and fan_out.count is not None else bool(owners)


def _is_first(owner: Expression, function: Function) -> bool:
    """Whether a name is the method's own object."""
    return bool(function.class_name and function.parameters and function.parameters[0].name == owner.name)


def _is_one_object(project: Project, owner: Expression, fan_out: FanOut) -> bool:
    """Whether an expression stands for one object while the calls are started: no class, and not what a loop binds."""
    within = fan_out.within
    if owner.kind != "name" or not project.classes.keys().isdisjoint(project.paths(owner, within)):
        return False
    given = within.assigned.get(owner.name, ())
    if fan_out.is_called_for_each:
        return not given and not any(each.name == owner.name for each in within.parameters)
    return not any(each.kind == "item" or getattr(each, "loops", ()) for each in given)
