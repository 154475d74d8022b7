"""MT703: retries around a client that retries by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.catalogue.network import goes_to_network
from meantime.tools.check.finding import Finding
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._attempts import retrying
from meantime.tools.check.rules._own_retries import Own, own_attempts, own_retries
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
_OWN_LOOP = "the loop"
_NEAR = 3  # calls between what is tried again and the client


def _check(project: Project) -> Iterator[Finding]:
    for function in project.functions.values():
        yield from _under_decorator(project, function)
        yield from _in_loops(project, function)


def _under_decorator(project: Project, function: Function) -> Iterator[Finding]:
    own = own_retries(project, function)
    if own is None or not _tries_again(own):
        return
    for way in reached(project, [function], deepest=_NEAR):
        for call in way.function.calls:
            found = _retrying(project, call)
            if found is not None:
                level = _level(own, found, call, is_proved=way.is_proved)
                yield _finding(project, call, own, found, level, way.steps(project))


def _in_loops(project: Project, function: Function) -> Iterator[Finding]:
    for call in function.calls:
        own = _attempts_around(project, call)
        found = _retrying(project, call) if own is not None and _tries_again(own) else None
        if own is not None and found is not None:
            level = _level(own, found, call, is_proved=own.name != _OWN_LOOP)
            yield _finding(project, call, own, found, level, ())


def _tries_again(own: Own) -> bool:
    return own.attempts is None or own.attempts >= _FEWEST


def _level(own: Own, found: Behaviour, call: Call, *, is_proved: bool) -> Level:
    is_said = found.says_attempts and own.is_for_all and own.attempts is not None
    return "error" if is_proved and is_said and not is_test_file(call.within.file) else "warning"


def _attempts_around(project: Project, call: Call) -> Own | None:
    """How often the loops around a call try again: attempts that a library counts, or `range(3)` around a `try`."""
    for loop in call.loops:
        own = own_attempts(project, loop.over, call.within) if loop.over is not None else None
        if own is not None:
            return own
    last = call.loops[-1].over if call.loops else None
    if not call.is_tried or last is None or last.kind != "call" or last.function.name != "range":  # type: ignore[attr-defined]  # a Call
        return None
    attempts = project.length(last, call.within)
    return None if attempts is None else Own(_OWN_LOOP, attempts, is_for_all=False)


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
    own: Own,
    found: Behaviour,
    level: Level,
    steps: tuple[Step, ...],
) -> Finding:
    product = f", so up to {own.attempts * found.attempts}" if own.attempts is not None else ""
    often = "for ever" if own.attempts is None else f"{own.attempts} times"
    return Finding(
        "MT703",
        f"`{spelled(call.function)}` is tried {often} by {own.name}, and each time up to {found.attempts} times by the "
        f"client{product}. Leave it to one of them: `{found.off}` ends the client's.",
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
