"""MT501: as many tasks at once as the event has items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._held_back import is_held_back
from meantime.tools.check.rules._input import level_for
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.fan_out import FanOut
    from meantime.tools.check.model.project import Project

_CONNECTIONS = ("aiohttp.TCPConnector", "httpx.Limits", "httpx2.Limits")
_LIMITS = frozenset({"limit", "limit_per_host", "max_connections"})


def _check(project: Project) -> Iterator[Finding]:
    for fan_out in fan_outs(project):
        is_of_tasks = fan_out.on == "tasks" and fan_out.verb in {"gather", "task"}
        if not is_of_tasks or fan_out.width != "input" or fan_out.over is None:
            continue
        if is_held_back(project, fan_out) or _has_few_connections(project, fan_out.within.file):
            continue
        chain = way_in(project, fan_out.within)
        level = None if chain is None else level_for(project, fan_out.over, fan_out.within, chain)
        if chain is not None and level is not None:
            yield Finding(RULE.code, _message(fan_out), project.place(fan_out.call, fan_out.within), level, chain.steps)


def _has_few_connections(project: Project, file: str) -> bool:
    """Whether the file says how many connections its client has at most: those bound what the downstream sees."""
    return any(
        call.within.file == file and not _LIMITS.isdisjoint(call.keywords) for call in project.calls_to(*_CONNECTIONS)
    )


def _message(fan_out: FanOut) -> str:
    verb, work = spelled(fan_out.call.function), spelled(fan_out.work[0])
    return (
        f"`{verb}` has as many `{work}` under way at once as the event has items. "
        "Use `meantime.tasks.map(…, max_concurrency=10)`, or a semaphore within it."
    )


RULE = Rule(
    code="MT501",
    name="unbounded-gather",
    summary="As many tasks at once as the event has items",
    check=_check,
    levels=("error", "warning"),
)
