"""MT205: a handler sleeps, outside of an event loop."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._custom_resources import is_custom_resource
from meantime.tools.check.rules._deployed import deployed_way_in
from meantime.tools.check.rules._spelling import name_of, spelled
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT205"
_LONG = 1.0
_OF_OWN_WORK = frozenset({"qsize", "empty", "full", "is_alive", "is_set", "done", "running", "poll", "locked"})


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to("time.sleep"):
        function = call.within
        chain = deployed_way_in(project, function)
        if chain is None or project.runs(function).on_loop is not None:
            continue
        seconds = project.constant(call.arguments[0], function) if call.arguments else None
        if isinstance(seconds, int | float) and seconds <= 0:
            continue
        yield Finding(
            _CODE,
            f"`{spelled(call.function)}` in {name_of(function)} holds the environment, and Lambda bills it. End, and "
            "be called again when there is something to do: a Step Functions wait, an EventBridge rule, an SQS delay. "
            "A pause before a further attempt belongs to the client's retries or `meantime.Retry`.",
            project.place(call, function),
            _level(project, call, chain, seconds),
            chain.steps,
        )


def _level(project: Project, call: Call, chain: Chain, seconds: object) -> Level:
    if not isinstance(seconds, int | float) or not chain.is_proved or call.in_handler_of == "except":
        return "warning"
    if project.runs(call.within).in_thread is not None or is_custom_resource(project, chain):
        return "warning"
    if _waits_for_own_work(project, call):
        return "warning"
    return "error" if seconds >= _LONG else "warning"


def _waits_for_own_work(project: Project, call: Call) -> bool:
    """Whether it sleeps in a loop that asks a queue, thread, event or future, which would be frozen if it ended."""
    return any(
        isinstance(asked, ast.Call) and isinstance(asked.func, ast.Attribute) and asked.func.attr in _OF_OWN_WORK
        for loop in around(project, call)
        if isinstance(loop, ast.While)
        for asked in ast.walk(loop.test)
    )


RULE = Rule(
    _CODE,
    "sleep-in-handler",
    "A handler sleeps, and Lambda bills the time",
    _check,
    ("error", "warning"),
)
