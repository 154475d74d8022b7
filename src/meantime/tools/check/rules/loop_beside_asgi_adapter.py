"""MT104: `asyncio.run` beside an ASGI adapter that takes the thread's current loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._deployed import deployed_way_in
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level, Step
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function
    from meantime.tools.check.model.project import Project

_CODE = "MT104"
_ADAPTER = "mangum.Mangum"
_ENDING = ("asyncio.run", "asyncio.Runner", "uvloop.run")
"""What leaves the thread without a current loop."""


def _check(project: Project) -> Iterator[Finding]:
    kept = [call for call in project.calls_to(_ADAPTER) if call.within.is_module]
    if not kept:
        return
    serving = {name for call in project.calls_to(f"{_ADAPTER}()") if (name := _handler(project, call.within))}
    for call in project.calls_to(*_ENDING):
        if _sets_another(project, call.within):
            continue
        if call.within.is_module:
            if any(each.within is call.within and each.line < call.line for each in kept):
                yield _finding(project, call, "error", ())
        elif _handler(project, call.within) in serving:
            chain = deployed_way_in(project, call.within)
            if chain is not None:
                yield _finding(project, call, "error" if chain.is_proved else "warning", chain.steps)


def _handler(project: Project, function: Function) -> str | None:
    """The handler that a function runs below, on its thread and outside of a running loop."""
    runs = project.runs(function)
    chain = deployed_way_in(project, function)
    return None if chain is None or runs.on_loop is not None or runs.in_thread is not None else chain.begins


def _sets_another(project: Project, function: Function) -> bool:
    return any("asyncio.set_event_loop" in project.targets(call) for call in function.calls)


def _finding(project: Project, call: Call, level: Level, steps: tuple[Step, ...]) -> Finding:
    return Finding(
        _CODE,
        f"`{spelled(call.function)}` leaves the thread without an event loop: each later request to this environment "
        'ends in Mangum\'s "There is no current event loop". Use `asyncio.get_event_loop().run_until_complete(…)`, or '
        "`meantime.ASGIAdapter` and `@meantime.handler`, which share one loop.",
        project.place(call, call.within),
        level,
        steps,
    )


RULE = Rule(
    _CODE,
    "loop-beside-asgi-adapter",
    "`asyncio.run` beside a kept Mangum adapter: its later requests find no event loop",
    _check,
    ("error", "warning"),
)
