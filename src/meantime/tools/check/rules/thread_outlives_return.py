"""MT402: a thread or timer that nothing joins before the handler answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
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
_WAITS_FOR_NOTHING = frozenset({"start", "daemon", "name", "setDaemon", "setName", "getName", "ident"})


def _check(project: Project) -> Iterator[Finding]:
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
        if body is not None and any(project.paths(base, body) & frozenset(_THREADS) for base in each.bases):
            yield each.qualified


def _run_by(project: Project, call: Call) -> tuple[Function, ...]:
    """The own functions that a thread runs."""
    given = call.arguments[1] if len(call.arguments) > 1 else None
    work = call.keywords.get("target", call.keywords.get("function", given))
    if work is not None and project.targets(call) & frozenset(_THREADS):
        return project.functions_of(work, call.within)
    methods = [project.classes[path].methods.get("run") for path in project.targets(call) if path in project.classes]
    return tuple(project.functions[name] for name in methods if name is not None)


def _flat(given: list[tuple[Expression, Function]]) -> Iterator[tuple[Expression, Function]]:
    for expression, within in given:
        yield expression, within
        yield from _flat([(part, within) for part in expression.parts if expression.kind in {"list", "dict"}])


def _is_started(call: Call) -> bool:
    """Whether the same function starts it, by whatever name."""
    return any(
        other.function.kind == "attribute"
        and other.function.name == "start"
        and (other.function.parts[0] is call or spelled(other.function.parts[0]) in call.bound)
        for other in call.within.calls
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
