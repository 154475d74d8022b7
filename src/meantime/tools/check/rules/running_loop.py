"""MT106: `asyncio.run` or `run_until_complete` where an event loop runs already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._dual_use import chooses_by_caller
from meantime.tools.check.rules._ruled_out import is_ruled_out
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT106"
_LOOPS = (
    "asyncio.get_event_loop()",
    "asyncio.get_running_loop()",
    "asyncio.new_event_loop()",
    "uvloop.new_event_loop()",
)
_RUNNING = (
    "asyncio.run",
    "uvloop.run",
    "asyncio.Runner().run",
    *(f"{loop}.{method}" for loop in _LOOPS for method in ("run_until_complete", "run_forever")),
)


def _check(project: Project) -> Iterator[Finding]:
    if any(name.startswith("nest_asyncio") for file in project.modules for name in project.imports(file)):
        return
    for call in project.calls_to(*_RUNNING):
        function = call.within
        chain = project.runs(function).on_loop
        if chain is None or chooses_by_caller(project, function, chain):
            continue
        yield Finding(
            _CODE,
            f"`{spelled(call.function)}` in {name_of(function)} is called where an event loop runs: it raises "
            f"RuntimeError. {_advice(chain)}",
            project.place(call, function),
            "error" if chain.is_proved and not is_ruled_out(project, chain, call) else "warning",
            chain.steps,
        )


def _advice(chain: Chain) -> str:
    if chain.call is not None:  # handed to the loop: call_soon, add_signal_handler
        return "The loop calls it back, where nothing can be awaited: start a task, `loop.create_task(…)`, and keep it."
    return "Await the coroutine, or run the function on a thread: `await meantime.in_thread(function)(…)`."


RULE = Rule(
    _CODE,
    "running-loop",
    "`asyncio.run` or `run_until_complete` is called where an event loop runs already",
    _check,
    ("error", "warning"),
)
