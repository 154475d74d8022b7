"""MT703: retries around a client that retries by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.network import goes_to_network
from meantime.tools.check.finding import Finding
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._attempts import retrying
from meantime.tools.check.rules._own_retries import own_retries
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._test_files import is_test_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level, Step
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project
    from meantime.tools.check.rules._attempts import Behaviour

_FEWEST = 2  # attempts that are a retry
_NEAR = 3  # calls between what is tried again and the client


def _check(project: Project) -> Iterator[Finding]:
    for function in project.functions.values():
        yield from _under_decorator(project, function)
        yield from _in_loops(project, function)


def _under_decorator(project: Project, function: Function) -> Iterator[Finding]:
    own = own_retries(project, function)
    if own is None or (own.attempts is not None and own.attempts < _FEWEST):
        return
    for way in reached(project, [function], deepest=_NEAR):
        for call in way.function.calls:
            found = _retrying(project, call)
            if found is not None:
                is_error = (
                    not is_test_file(way.function.file)
                    and way.is_proved
                    and found.says_attempts
                    and own.is_for_all
                    and own.attempts is not None
                )
                yield _finding(
                    project, call, own.name, own.attempts, found, "error" if is_error else "warning", way.steps(project)
                )


def _in_loops(project: Project, function: Function) -> Iterator[Finding]:
    for call in function.calls:
        if not call.loops or not call.is_tried:
            continue
        over = call.loops[-1].over
        if over is None or over.kind != "call" or over.function.name != "range":  # type: ignore[attr-defined]  # a Call
            continue
        attempts = project.length(over, function)
        found = _retrying(project, call)
        if attempts is not None and attempts >= _FEWEST and found is not None:
            yield _finding(project, call, "the loop", attempts, found, "warning", ())


def _retrying(project: Project, call: Call) -> Behaviour | None:
    """How the client retries whose service a call asks, if it does."""
    for value in project.values(call.function, call.within):
        found = retrying(project, value) if goes_to_network(value.path) else None
        if found is not None:
            return found
    return None


def _finding(  # noqa: PLR0917  # what a finding is made of
    project: Project,
    call: Call,
    by: str,
    attempts: int | None,
    found: Behaviour,
    level: Level,
    steps: tuple[Step, ...],
) -> Finding:
    product = f", so up to {attempts * found.attempts}" if attempts is not None else ""
    own = "for ever" if attempts is None else f"{attempts} times"
    return Finding(
        "MT703",
        f"`{spelled(call.function)}` is tried {own} by {by}, and each time up to {found.attempts} times by the client"
        f"{product}. Leave it to one of them: `{found.off}` ends the client's.",
        project.place(call, call.within),
        level,
        steps,
    )


RULE = Rule(
    code="MT703",
    name="retries-multiplied",
    summary="Retries around a client that retries by itself",
    check=_check,
    levels=("error", "warning"),
)
