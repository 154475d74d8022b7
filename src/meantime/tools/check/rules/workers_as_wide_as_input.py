"""MT502: a pool with as many workers as there are items."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Edit, Finding, Fix, Place
from meantime.tools.check.model.fan_out_width import measured_by
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._input import level_for
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.project import Project

_POOLS = {
    "concurrent.futures.ThreadPoolExecutor": "max_workers",
    "concurrent.futures.ProcessPoolExecutor": "max_workers",
    "multiprocessing.pool.ThreadPool": "processes",
    "multiprocessing.dummy.Pool": "Pool",
    "multiprocessing.Pool": "processes",
}
"""What makes a pool, and the name of its first parameter."""
_VERBS = tuple(
    f"meantime.{on}.{verb}"
    for on in ("threads", "tasks", "processes")
    for verb in ("map", "gather", "settle", "as_completed")
)
_BOUND = "10"


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*_POOLS, *_VERBS):
        width = _width(project, call)
        items = None if width is None else measured_by(width, call.within)
        if width is None or items is None or project.length(items, call.within) is not None:
            continue
        chain = way_in(project, call.within)
        if chain is None:
            continue
        level = level_for(project, items, call.within, chain)
        if level is not None:
            yield _finding(project, call, width, items, level)


def _width(project: Project, call: Call) -> Expression | None:
    for path in project.targets(call):
        if path in _POOLS:
            return call.keywords.get(_POOLS[path], call.arguments[0] if call.arguments else None)
    return call.keywords.get("max_concurrency")


def _finding(project: Project, call: Call, width: Expression, items: Expression, level: Level) -> Finding:
    place = _extent(project, width, call)
    return Finding(
        code=RULE.code,
        message=(
            f"`{spelled(call.function)}` is as wide as `{spelled(items)}` is long: no limit, and an error when it is "
            f"empty. Write a number: {_BOUND} is as many as boto3 keeps connections."
        ),
        place=project.place(call, call.within),
        level=level,
        fix=None if place is None else Fix(f"Write {_BOUND}", (Edit(place, _BOUND),)),
    )


def _extent(project: Project, width: Expression, call: Call) -> Place | None:
    """Where the width stands, if that is known to its end."""
    place = project.place(width, call.within)
    if width.kind == "name":
        return Place(place.path, place.line, place.column, place.line, place.column + len(width.name))
    return place if width.kind == "call" else None


RULE = Rule(
    code="MT502",
    name="workers-as-wide-as-input",
    summary="A pool with as many workers as there are items",
    check=_check,
    levels=("error", "warning"),
    can_fix=True,
)
