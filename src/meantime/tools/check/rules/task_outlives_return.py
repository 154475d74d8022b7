"""MT401: a task that nothing waits for before the handler answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.handed_over import CREATE_TASK, handed_over
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
    from meantime.tools.check.model.project import Chain, Project

_WAITS_FOR_NOTHING = frozenset({"add_done_callback", "set_name", "get_name"})


def _check(project: Project) -> Iterator[Finding]:
    if project.calls_to("asyncio.all_tasks"):
        return  # which may be how they are awaited
    for call in project.calls_to(*CREATE_TASK):
        chain = way_in(project, call.within)
        if chain is not None and call.arguments and not _is_waited_for(project, call):
            leftovers = leftovers_of(project, chain)
            if leftovers in {"", "end"}:
                yield _finding(project, call, chain, is_cancelled=bool(leftovers))


def _is_waited_for(project: Project, call: Call) -> bool:
    if is_asked_for(project, call, only=_WAITS_FOR_NOTHING) or tells_when_done(project, call):
        return True
    work = handed_over(project, call).work
    functions: tuple[Function, ...] = project.functions_of(work, call.within)
    given: list[tuple[Expression, Function]] = []
    if work.kind == "call":
        inner: Call = work  # type: ignore[assignment]  # it is one
        given = [(each, call.within) for each in (*inner.arguments, *inner.keywords.values())]
    return tells_of_its_end(project, functions, given)


def _finding(project: Project, call: Call, chain: Chain, *, is_cancelled: bool) -> Finding:
    work = spelled(call.arguments[0])
    happens = "Meantime cancels it at the answer" if is_cancelled else "it is cut off, or goes on in a later invocation"
    return Finding(
        code=RULE.code,
        message=(
            f"Nothing waits for the task of `{work}`, made in {name_of(call.within)}: {happens}. "
            f"Await it, or {_remedy(chain, is_cancelled=is_cancelled)}."
        ),
        place=project.place(call, call.within),
        level="error" if chain.is_proved and not is_cancelled else "warning",
        chain=chain.steps,
    )


def _remedy(chain: Chain, *, is_cancelled: bool) -> str:
    if is_cancelled:
        return 'use `leftovers="wait"`'
    if chain.handler is not None and chain.handler.adapter:
        return 'let `meantime.ASGIAdapter(app, leftovers="wait")` wait for it'
    return 'let `@meantime.handler(leftovers="wait")` wait for it'


RULE = Rule(
    code="MT401",
    name="task-outlives-return",
    summary="A task that nothing waits for before the handler answers",
    check=_check,
    levels=("error", "warning"),
    companions=("RUF006",),
)
