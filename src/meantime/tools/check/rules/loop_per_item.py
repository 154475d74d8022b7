"""MT103: an event loop made for each record or item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._deployed import deployed_way_in
from meantime.tools.check.rules._event_loops import is_per_item, loops_made
from meantime.tools.check.rules._spelling import name_of, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.handlers.handler import Handler
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Loop
    from meantime.tools.check.model.project import Chain, Project

_CODE = "MT103"
_ONE_RECORD = frozenset({"sns", "s3"})


def _check(project: Project) -> Iterator[Finding]:
    for call in loops_made(project):
        runs = project.runs(call.within)
        chain = runs.in_invocation
        if not is_per_item(call, chain) or runs.on_loop is not None or _gets_one_record(chain):
            continue
        fate = "each holds a thread" if runs.in_thread is not None else "the items wait for one another"
        yield Finding(
            _CODE,
            f"`{spelled(call.function)}` in {name_of(call.within)} makes an event loop for each item: {fate}, and "
            "nothing that connects can be shared. Run all of them on one loop: "
            "`await meantime.tasks.map(function, items, max_concurrency=10)`.",
            project.place(call, call.within),
            _level(project, call, chain),
            () if chain is None else chain.steps,
        )


def _level(project: Project, call: Call, chain: Chain | None) -> Level:
    if chain is None or not chain.is_proved or deployed_way_in(project, call.within) is None:
        return "warning"
    loops = [loop for loop in call.loops if loop.kind != "while"]
    is_long = any(_may_be_long(project, loop, call) for loop in loops) if loops else not chain.is_bounded
    return "error" if is_long else "warning"


def _may_be_long(project: Project, loop: Loop, call: Call) -> bool:
    """Whether a loop goes over an input: no literal, and no number of attempts."""
    over = loop.over
    if over is None or project.length(over, call.within) is not None:
        return False
    return over.kind != "call" or "builtins.range" not in project.targets(over)  # type: ignore[arg-type]  # a Call


def _gets_one_record(chain: Chain | None) -> bool:
    handler: Handler | None = None if chain is None else chain.handler
    sources = () if handler is None else handler.sources
    return bool(sources) and all(each.kind in _ONE_RECORD or each.batch_size == 1 for each in sources)


RULE = Rule(
    _CODE,
    "loop-per-item",
    "An event loop is made for each record or item",
    _check,
    ("error", "warning"),
)
