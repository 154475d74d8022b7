"""What runs for each item: in a loop, or by a fan-out."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from meantime.tools.check.finding import Step
from meantime.tools.check.model.fan_out import fan_outs
from meantime.tools.check.model.reach import reached
from meantime.tools.check.rules._syntax import around

if TYPE_CHECKING:
    from meantime.tools.check.model.expressions import Call
    from meantime.tools.check.model.functions import Function, Loop
    from meantime.tools.check.model.project import Project

_COUNTING = frozenset({"range", "count", "repeat"})  # what loops go over that try again, or make a pool
_LOOPS = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NEAR = 3  # calls between a loop and what runs in it


class PerItem(NamedTuple):
    """How a function comes to run for each item.

    Args:
        steps: The way, from the loop or fan-out.
        calls: The calls of it, but for the fan-out's own.
        is_proved: Whether each of them can only mean one function.
        is_bounded: Whether the source says how many items there are.
        on_threads: Whether on several threads.
        begins_on_loop: Whether the loop or fan-out stands in a coroutine function: all items have one event loop.
    """

    steps: tuple[Step, ...]
    calls: tuple[Call, ...]
    is_proved: bool
    is_bounded: bool
    on_threads: bool
    begins_on_loop: bool


def loop_of(project: Project, call: Call) -> ast.AST | None:
    """The loop over items that a call stands in: not one that tries again until it succeeds."""
    lines = {each.line for each in call.loops if each.kind != "while" and not _is_counting(each)}
    if not lines:
        return None
    loop = next((each for each in around(project, call) if isinstance(each, _LOOPS) and each.lineno in lines), None)
    return None if loop is None or _is_left_early(loop) or _is_over_one_record(loop) else loop


def _is_counting(loop: Loop) -> bool:
    over = loop.over
    return over is not None and over.kind == "call" and over.function.name in _COUNTING  # type: ignore[attr-defined]  # a Call


def _is_left_early(loop: ast.AST) -> bool:
    return any(isinstance(each, ast.Break | ast.Return) for each in ast.walk(loop))


def _is_over_one_record(loop: ast.AST) -> bool:
    """Whether a loop goes over the records of an SNS or S3 event: such an event has one."""
    said = {each.value for each in ast.walk(loop) if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return "Records" in said and not said.isdisjoint({"Sns", "s3"})


def per_item(project: Project, function: Function) -> PerItem | None:
    """How a function comes to run for each item of something, if it does."""
    return _fanned_out(project).get(function.qualified) or _in_loops(project, function)


@lru_cache(maxsize=1)  # one project is checked at a time
def _fanned_out(project: Project) -> dict[str, PerItem]:
    found: dict[str, PerItem] = {}
    for fan_out in fan_outs(project):
        if fan_out.over is None or fan_out.on == "processes":
            continue
        place = project.place(fan_out.call, fan_out.within)
        for way in reached(project, fan_out.functions):
            first = Step(place, f"{fan_out.within.spoken} runs {way.begins.spoken} for each item")
            steps = (first, *way.steps(project))
            on_threads = fan_out.on == "threads"
            on_loop = fan_out.within.is_async or fan_out.on == "tasks"
            item = PerItem(steps, way.calls, way.is_proved, fan_out.count is not None, on_threads, on_loop)
            found.setdefault(way.function.qualified, item)
    return found


def _in_loops(project: Project, function: Function) -> PerItem | None:
    waiting: list[tuple[Function, tuple[Call, ...]]] = [(function, ())]
    seen = {function.qualified}
    for _ in range(_NEAR):
        further: list[tuple[Function, tuple[Call, ...]]] = []
        for callee, below in waiting:
            for call in project.callers(callee):
                if loop_of(project, call) is not None:
                    return _looped(project, (call, *below), function)
                if call.within.qualified not in seen:
                    seen.add(call.within.qualified)
                    further.append((call.within, (call, *below)))
        waiting = further
    return None


def _looped(project: Project, calls: tuple[Call, ...], function: Function) -> PerItem:
    first = calls[0]
    callees = (*(each.within for each in calls[1:]), function)
    steps = [
        Step(project.place(call, call.within), f"{call.within.spoken} calls {callee.spoken}")
        for call, callee in zip(calls, callees, strict=True)
    ]
    return PerItem(
        (Step(steps[0].place, f"{steps[0].text} in a loop"), *steps[1:]),
        calls,
        is_proved=all(len(project.callees(each)) == 1 for each in calls),
        is_bounded=all(each.over is not None and project.length(each.over, first.within) for each in first.loops),
        on_threads=False,
        begins_on_loop=first.within.is_async,
    )
