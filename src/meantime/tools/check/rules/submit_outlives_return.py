"""MT403: work given to an executor that stays open, whose end nobody asks for before the handler answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.handed_over import (
    EXECUTORS,
    PROCESS_EXECUTORS,
    PROCESS_POOLS,
    RUN_IN_EXECUTOR,
    SUBMITS,
    THREAD_EXECUTORS,
    THREAD_POOLS,
    to_thread,
)
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._handed_on import is_asked_for
from meantime.tools.check.rules._leftovers import leftovers_of
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._signals import tells_of_its_end, tells_when_done
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_MAPS = (
    *(f"{path}.map" for path in (*THREAD_EXECUTORS, *PROCESS_EXECUTORS)),
    *(
        f"{path}.{name}"
        for path in (*THREAD_POOLS, *PROCESS_POOLS)
        for name in ("map_async", "starmap_async", "imap", "imap_unordered")
    ),
)
"""What starts the work and returns at once; a pool's own `map` waits."""
_ENDS = frozenset({"shutdown", "join"})
_STACKED_BY = frozenset({"enter_context", "push", "callback"})
_WAITS_FOR_NOTHING = frozenset({"add_done_callback"})


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*SUBMITS, *_MAPS, *RUN_IN_EXECUTOR):
        work, executor = _work_and_executor(project, call)
        if work is None or _is_waited_for(project, executor, call):
            continue
        chain = way_in(project, call.within)
        if chain is None or leftovers_of(project, chain) or is_asked_for(project, call, only=_WAITS_FOR_NOTHING):
            continue
        if tells_when_done(project, call):
            continue
        functions = project.functions_of(work, call.within)
        given = [(each, call.within) for each in (*call.arguments, *call.keywords.values()) if each is not executor]
        if tells_of_its_end(project, functions, given):
            continue
        yield Finding(
            code=RULE.code,
            message=(
                f"Nobody asks for the result of `{spelled(work)}`, which {name_of(call.within)} gives to an "
                "executor that stays open: it is frozen at the answer, and its error never seen. "
                "Take the result, or use `meantime.threads`."
            ),
            place=project.place(call, call.within),
            level="error" if chain.is_proved else "warning",
            chain=chain.steps,
        )


def _work_and_executor(project: Project, call: Call) -> tuple[Expression | None, Expression]:
    """What is handed over, and the executor or its method."""
    handed = to_thread(project, call)
    if handed is not None:
        return handed.work, call.arguments[0]
    return call.arguments[0] if call.arguments else None, call.function


def _is_waited_for(project: Project, executor: Expression, call: Call) -> bool:
    """Whether the executor is not known, or is left by `with` or shut down, which waits for all that it was given."""
    if executor.kind == "constant":  # None: the loop's own
        return False
    values = project.values(executor, call.within)
    makers = [value.origin for value in values if value.origin is not None]
    if not makers or len(makers) < len(values):
        return True
    ends = project.calls_to(*(f"{path}.{name}" for path in EXECUTORS for name in _ENDS))
    ended = [(each.function, each.within) for each in ends if not _says_no_wait(each)]
    files = {call.within.file, *(maker.within.file for maker in makers)}
    for function in project.functions.values():
        if function.file in files:
            ended += [(each, function) for each in (*function.entered, *_given_to_stacks(function))]
    return any(value.origin in makers for each, within in ended for value in project.values(each, within))


def _given_to_stacks(function: Function) -> Iterator[Expression]:
    """What an `ExitStack` is given to leave, or to call at its end."""
    for call in function.calls:
        if call.function.name in _STACKED_BY:
            yield from call.arguments


def _says_no_wait(call: Call) -> bool:
    waits = call.keywords.get("wait", call.arguments[0] if call.arguments else None)
    return waits is not None and waits.value is False


RULE = Rule(
    code="MT403",
    name="submit-outlives-return",
    summary="Work given to an executor that stays open, whose end nobody asks for before the handler answers",
    check=_check,
    levels=("error", "warning"),
)
