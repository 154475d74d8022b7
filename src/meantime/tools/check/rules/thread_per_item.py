"""MT503: a thread or process for every item of the input."""

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

    from meantime.tools.check.model.expressions import Expression
    from meantime.tools.check.model.project import Project


def _check(project: Project) -> Iterator[Finding]:
    for fan_out in fan_outs(project):
        if fan_out.verb != "thread" or fan_out.over is None or is_held_back(project, fan_out):
            continue
        chain = way_in(project, fan_out.within)
        level = (
            None if chain is None else level_for(project, fan_out.over, fan_out.within, chain, unknown_batch="error")
        )
        if chain is not None and level is not None:
            kind = "process" if fan_out.on == "processes" else "thread"
            yield Finding(
                code=RULE.code,
                message=(
                    f"A {kind} for every item of {_named(fan_out.over)}: Lambda allows 1,024, and an error in "
                    f"one goes unseen. Use `meantime.{fan_out.on}.map(…, max_concurrency=10)`."
                ),
                place=project.place(fan_out.call, fan_out.within),
                level=level,
                chain=chain.steps,
            )


def _named(items: Expression) -> str:
    return "the input" if items.kind == "item" else f"`{spelled(items)}`"


RULE = Rule(
    code="MT503",
    name="thread-per-item",
    summary="A thread or process for every item of the input",
    check=_check,
    levels=("error", "warning"),
)
