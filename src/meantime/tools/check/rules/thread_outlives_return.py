"""MT402: a thread or timer that nothing joins before the handler answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.thread_fan_outs import work_of
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._handed_on import is_asked_for
from meantime.tools.check.rules._leftovers import leftovers_of
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._signals import tells_of_its_end
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_THREADS = ("threading.Thread", "threading.Timer")
_ALL_THREADS = ("threading.enumerate", "threading.active_count")
_WAITS_FOR_NOTHING = frozenset({"start", "daemon", "name", "ident"})


def _check(project: Project) -> Iterator[Finding]:
    if project.calls_to(*_ALL_THREADS):
        return  # which may be how they are joined
    for call in (*project.calls_to(*_THREADS), *project.calls_to(*_own_threads(project))):
        chain = way_in(project, call.within)
        if chain is None or leftovers_of(project, chain) or not _is_started(call):
            continue
        if is_asked_for(project, call, only=_WAITS_FOR_NOTHING):
            continue
        functions = _run_by(project, call)
        given = [(each, call.within) for each in (*call.arguments, *call.keywords.values())]
        if tells_of_its_end(project, functions, _flat(given)):
            continue
        is_sure = chain.is_proved and bool(functions) and not any(_has_while(each) for each in functions)
        yield Finding(
            code=RULE.code,
            message=(
                f"Nothing joins this thread, started by {name_of(call.within)}: Lambda freezes it at the answer, "
                "and it goes on in a later invocation. `join()` it, or use `meantime.threads`, whose calls end "
                "before the answer."
            ),
            place=project.place(call, call.within),
            level="error" if is_sure else "warning",
            chain=chain.steps,
        )


def _own_threads(project: Project) -> Iterator[str]:
    """The project's own subclasses of `Thread`."""
    for each in project.classes.values():
        body = project.functions.get(f"{each.qualified.rpartition('.')[0]}.<module>")
        bases = set() if body is None else {path for base in each.bases for path in project.paths(base, body)}
        if not bases.isdisjoint(_THREADS):
            yield each.qualified


def _run_by(project: Project, call: Call) -> tuple[Function, ...]:
    """The own functions that a thread runs."""
    work = work_of(call)
    if work is not None:
        return project.functions_of(work, call.within)
    classes = [each for path, each in project.classes.items() if path in project.targets(call)]
    return tuple(project.functions[each.methods["run"]] for each in classes if "run" in each.methods)


def _flat(given: list[tuple[Expression, Function]]) -> Iterator[tuple[Expression, Function]]:
    for expression, within in given:
        yield expression, within
        yield from _flat([(part, within) for part in expression.parts])


def _is_started(call: Call) -> bool:
    """Whether the same function starts it, by whatever name."""
    return any(
        receiver is call or spelled(receiver) in call.bound
        for other in call.within.calls
        for receiver in other.function.parts
        if other.function.name == "start"
    )


def _has_while(function: Function) -> bool:
    return any(loop.kind == "while" for call in function.calls for loop in call.loops)


RULE = Rule(
    code="MT402",
    name="thread-outlives-return",
    summary="A thread or timer that nothing joins before the handler answers",
    check=_check,
    levels=("error", "warning"),
)
