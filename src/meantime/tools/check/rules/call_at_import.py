"""MT903: a call to the network while modules are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.network import goes_to_network, writes
from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._on_lambda import is_loaded_on_lambda
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level, Step
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project


def _check(project: Project) -> Iterator[Finding]:
    for function in project.functions.values():
        calls = [each for each in function.calls if _path(project, each)]
        found = _loading(project, function) if calls else None
        if found is None:
            continue
        steps, is_proved = found
        for call in calls:
            level: Level = "error" if is_proved and writes(_path(project, call)) else "warning"
            yield Finding(
                "MT903",
                f"`{spelled(call.function)}` is called while modules are loaded: once for each execution environment, "
                f"within the 10 s of Init, and nobody answers if it fails. Call it in the handler, {_INSTEAD[level]}.",
                project.place(call, function),
                level,
                steps,
            )


def _path(project: Project, call: Call) -> str:
    """What is called, if it can only be one thing and that goes to the network."""
    paths = project.targets(call)
    return next((each for each in paths if goes_to_network(each)), "") if len(paths) == 1 else ""


_INSTEAD = {
    "error": "for the event that asks for it",
    "warning": "where it is kept by `@meantime.warm` or `@cache`",
}


def _loading(project: Project, function: Function) -> tuple[tuple[Step, ...], bool] | None:
    """How a function comes to run while the modules of a handler are loaded, and whether that is proved."""
    if function.is_module:
        return ((), True) if is_loaded_on_lambda(project, function) else None
    chain = project.runs(function).at_import
    if chain is None or chain.begins not in project.functions:
        return None
    if not is_loaded_on_lambda(project, project.functions[chain.begins]):
        return None
    return chain.steps, chain.is_proved


RULE = Rule(
    code="MT903",
    name="call-at-import",
    summary="A call to the network while modules are loaded",
    check=_check,
    levels=("error", "warning"),
)
