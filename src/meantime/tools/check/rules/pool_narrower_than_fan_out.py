"""MT304: more calls at once than the client that they share keeps connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meantime.tools.check.finding import Finding
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rule import Rule
from meantime.tools.check.rules._pool_sizes import pool_of
from meantime.tools.check.rules._spelling import spelled
from meantime.tools.check.rules._test_files import is_test_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.check.finding import Step
    from meantime.tools.check.model.fan_out import FanOut
    from meantime.tools.check.model.project import Project, Value
    from meantime.tools.check.model.reach import Reached


def _check(project: Project) -> Iterator[Finding]:
    for fan_out in fan_outs(project):
        width = _width(fan_out)
        if width is None or fan_out.on == "processes":
            continue
        for name, value, steps, is_proved in _used(project, fan_out):
            pool = pool_of(project, value)
            if pool is not None and pool.size < width and pool.is_async == (fan_out.on == "tasks"):
                yield Finding(
                    "MT304",
                    f"{width} calls at once through `{name}`, which keeps {pool.size} connections: {pool.what_happens}."
                    f" Set {pool.remedy.format(width=width)}, or bound the calls at {pool.size}.",
                    project.place(fan_out.call, fan_out.within),
                    "error" if is_proved and pool.is_sure and not is_test_file(fan_out.within.file) else "warning",
                    steps,
                )
                break


def _width(fan_out: FanOut) -> int | None:
    """The most calls at once, if that is known."""
    if not isinstance(fan_out.width, int):
        return None
    return fan_out.width if fan_out.count is None else min(fan_out.width, fan_out.count)


def _used(project: Project, fan_out: FanOut) -> Iterator[tuple[str, Value, tuple[Step, ...], bool]]:
    """What is called by the work of a fan-out and was made before: its spelling, its value, the way there."""
    for work in fan_out.work:
        if work.kind == "attribute":
            for value in project.values(work, fan_out.within):
                yield spelled(work.parts[0]), value, (), True
    for way in reached(project, fan_out.functions):
        for call in way.function.calls:
            if call.function.kind == "attribute":
                for value in project.values(call.function, way.function):
                    if _is_shared(value, way, fan_out):
                        yield spelled(call.function.parts[0]), value, way.steps(project), way.is_proved


def _is_shared(value: Value, way: Reached, fan_out: FanOut) -> bool:
    """Whether a client is made before the fan-out, so that all of its calls go through one."""
    if value.origin is None:
        return False
    made_in = value.origin.within
    is_ours = made_in.name == "__init__" and made_in.class_name in (way.begins.class_name, fan_out.within.class_name)
    return made_in.is_module or made_in is fan_out.within or is_ours


RULE = Rule(
    code="MT304",
    name="pool-narrower-than-fan-out",
    summary="More calls at once than the client that they share keeps connections",
    check=_check,
    levels=("error", "warning"),
)
