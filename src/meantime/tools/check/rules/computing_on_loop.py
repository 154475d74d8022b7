"""MT203: work for the processor on the event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._computing import computing_calls, functions_that_compute
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.project import Project

_CODE = "MT203"


def _check(project: Project) -> Iterator[Finding]:
    for function in functions_that_compute(project):
        chain = project.runs(function).on_loop
        if chain is None:
            continue
        for call, what in computing_calls(project, function):
            yield Finding(
                _CODE,
                f"`{spelled(call.function)}` ({what}) computes on the event loop in {name_of(function)}: no other task "
                "runs and no timer fires meanwhile. Call it with `await asyncio.to_thread(…)`, and give the function "
                "more memory.",
                project.place(call, function),
                "warning",
                chain.steps,
            )


RULE = Rule(
    _CODE,
    "computing-on-loop",
    "Work for the processor is done on the event loop",
    _check,
    ("warning",),
)
