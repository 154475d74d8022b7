"""MT502: a pool with as many workers as there are items."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.check.finding import Edit, Finding, Fix, Place
from meantime.tools.check.model.fan_out_width import measured_by
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._input import level_for
from meantime.tools.check.rules._on_lambda import way_in
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Level
    from meantime.tools.check.model.expressions import Call, Expression
    from meantime.tools.check.model.project import Project

_POOLS = {
    "concurrent.futures.ThreadPoolExecutor": "max_workers",
    "concurrent.futures.ProcessPoolExecutor": "max_workers",
    "multiprocessing.pool.ThreadPool": "processes",
    "multiprocessing.dummy.Pool": "processes",
    "multiprocessing.Pool": "processes",
}
"""What makes a pool, and the name of its first parameter."""
_VERBS = tuple(
    f"meantime.{on}.{verb}"
    for on in ("threads", "tasks", "processes")
    for verb in ("map", "gather", "settle", "as_completed")
)
_NAMES = frozenset({*_POOLS.values(), "max_concurrency"})
_BOUND = "10"


def _check(project: Project) -> Iterator[Finding]:
    for call in project.calls_to(*_POOLS, *_VERBS):
        width = _width(project, call)
        items = None if width is None else measured_by(width, call.within)
        chain = None if items is None else way_in(project, call.within)
        if items is not None and chain is not None:
            level = level_for(project, items, call.within, chain, unknown_batch="error")
            if level is not None:
                yield _finding(project, call, items, level)


def _width(project: Project, call: Call) -> Expression | None:
    for path in project.targets(call):
        if path in _POOLS:
            return call.keywords.get(_POOLS[path], call.arguments[0] if call.arguments else None)
    return call.keywords.get("max_concurrency")


def _finding(project: Project, call: Call, items: Expression, level: Level) -> Finding:
    return Finding(
        code=RULE.code,
        message=(
            f"`{spelled(call.function)}` is as wide as `{spelled(items)}` is long: no limit, and an error when it is "
            f"empty. Write a number: {_BOUND} is as many as boto3 keeps connections."
        ),
        place=project.place(call, call.within),
        level=level,
        fix=_fix(project, call),
    )


def _fix(project: Project, call: Call) -> Fix | None:
    """A number in the width's place; none where that would take out a name that it binds, or a comment."""
    width = _written(project, call)
    lines = project.lines(call.within.file)[width.lineno - 1 : width.end_lineno]
    if any(isinstance(each, ast.NamedExpr) for each in ast.walk(width)) or any("#" in line for line in lines[:-1]):
        return None
    return Fix(f"Write {_BOUND}", (Edit(_extent(project, call, width), _BOUND),))


def _written(project: Project, call: Call) -> ast.expr:
    """The width, as it is written."""
    node = around(project, call)[-1]
    assert isinstance(node, ast.Call)  # noqa: S101  # it is the call itself
    named = next((each.value for each in node.keywords if each.arg in _NAMES), None)
    return named if named is not None else node.args[0]


def _extent(project: Project, call: Call, width: ast.expr) -> Place:
    """Where the width stands."""
    begin = _column(project, call, width.lineno, width.col_offset)
    end_line = width.end_lineno or width.lineno
    return Place(
        call.within.file, width.lineno, begin, end_line, _column(project, call, end_line, width.end_col_offset or 0)
    )


def _column(project: Project, call: Call, line: int, offset: int) -> int:
    """A column in characters from 1, of one in bytes from 0."""
    return len(project.lines(call.within.file)[line - 1].encode()[:offset].decode()) + 1


RULE = Rule(
    code="MT502",
    name="workers-as-wide-as-input",
    summary="A pool with as many workers as there are items",
    check=_check,
    levels=("error", "warning"),
    can_fix=True,
)
