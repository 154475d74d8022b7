"""MT404: a background task of a web framework, whose application Mangum serves: the client waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.model.project import Project

_ADDED = ("fastapi.BackgroundTasks().add_task", "starlette.background.BackgroundTasks().add_task")
_MADE = ("starlette.background.BackgroundTask",)
_ADAPTERS = frozenset({"mangum.Mangum"})


def _check(project: Project) -> Iterator[Finding]:
    if not any(handler.adapter in _ADAPTERS for handler in project.handlers):
        return
    for call in project.calls_to(*_ADDED, *_MADE):
        if call.arguments:
            work = spelled(call.arguments[0])
            yield Finding(
                code=RULE.code,
                message=(
                    f"Behind Mangum the client waits until the background task `{work}` is done, and its "
                    "failure is only a log line. Send what may come later to a queue, and answer."
                ),
                place=project.place(call, call.within),
            )


RULE = Rule(
    code="MT404",
    name="framework-background-task",
    summary="A web framework's background task, which on Lambda the client waits for",
    check=_check,
)
