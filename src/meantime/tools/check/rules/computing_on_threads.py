"""MT204: work for the processor spread over threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._blocking import blocking_calls
from meantime.tools.check.rules._computing import computing_calls, functions_that_compute
from meantime.tools.check.rules._deployed import deployed_way_in
from meantime.tools.check.rules._reach import reached_from
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT204"
_ONE_CORE_MB = 1769


def _check(project: Project) -> Iterator[Finding]:
    for function in project.functions.values() if functions_that_compute(project) else ():
        chain = project.runs(function).in_thread
        if chain is None or chain.call is None or chain.begins != function.qualified:
            continue
        way = deployed_way_in(project, chain.call.within)
        if way is None or _has_several_cores(way):
            continue
        work = _computing_alone(project, function)
        if work is None:
            continue
        call, what = work
        yield Finding(
            _CODE,
            f"{name_of(function)} computes (`{spelled(call.function)}`, {what}), and threads share the CPU that the "
            "function's memory gives: up to 1,769 MB one core or less. Do it one after the other with more memory, or "
            "with `meantime.processes`.",
            project.place(chain.call, chain.call.within),
            "warning",
            way.steps,
        )


def _computing_alone(project: Project, function: Function) -> tuple[Call, str] | None:
    """The first call that computes, if nothing below the function waits for anything that is known."""
    below = [each.function for each in reached_from(project, function)]
    if any(True for each in below for _ in blocking_calls(project, each)):
        return None
    return next((work for each in below for work in computing_calls(project, each)), None)


def _has_several_cores(chain: Chain) -> bool:
    configurations = () if chain.handler is None else chain.handler.configurations
    return any(each.memory_mb is not None and each.memory_mb > _ONE_CORE_MB for each in configurations)


RULE = Rule(
    _CODE,
    "computing-on-threads",
    "Work for the processor is spread over threads, which share the CPU that memory gives",
    _check,
    ("warning",),
)
