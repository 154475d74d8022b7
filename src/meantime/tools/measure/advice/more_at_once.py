"""Calls that go side by side already, but fewer at once than there is room for."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.bodies import Rewritten
from meantime.tools.measure.advice.changing import diff_of
from meantime.tools.measure.advice.rewriting import rewritten_verb
from meantime.tools.measure.advice.side_by_side import best_width, executor_of
from meantime.tools.measure.advice.situation import in_words, ms
from meantime.tools.measure.dependence import PROVED, Group
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.measure.source.files import SourceFile
    from meantime.tools.report.recording import Observation

_EXECUTORS = ("threads", "tasks")
_POOL = "ThreadPoolExecutor"
_RIGHT = 0.15  # of the median: if the model is further off for what was measured, it is not asked for more


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise a wider fan-out where one of Meantime's verbs had more items than it ran at once."""
    for seen, items, width in _narrow(situation):
        yield from _wider(situation, seen, items, width)


def why_not_wider(situation: Situation) -> str:
    """Why nothing is to be raised where items stood in line; empty where none did."""
    for _, items, width in _narrow(situation):
        group = Group(chains=tuple((item,) for item in items), certainty=PROVED)
        executor = executor_of(situation, group)
        if not _is_right(situation, group, executor, width):
            return (
                f" {len(items)} items had {width} at once, and the model does not explain what they took: something "
                "else than the number holds them back."
            )
        all_at_once = situation.predicted(group.phases, executor, len(items))
        return (
            f" {len(items)} items had {width} at once; all of them would take {in_words(all_at_once)}, too little less "
            "to open more connections for."
        )
    return ""


def _narrow(situation: Situation) -> Iterator[tuple[Observation, tuple[int, ...], int]]:
    """What ran fewer items at once than it had, the items, and how many at once."""
    for seen in situation.recording.observations:
        width = int(seen.numbers.get("max_concurrency", 0))
        is_known = seen.text == _POOL or seen.text.partition(".")[0] in _EXECUTORS
        if seen.kind != "fan_out" or not is_known or width < 1:
            continue
        items = [
            call.id
            for call in situation.recording.calls
            if call.kind == "item" and call.parent is None and call.line == seen.line
        ]
        if len(items) > width > 1:
            yield seen, tuple(items), width


def _is_right(situation: Situation, group: Group, executor: str, width: int) -> bool:
    """Whether the model is right about what was measured: otherwise it is not asked for more."""
    now = situation.predicted(group.phases, executor, width)
    return abs(now.value - situation.median_ms) <= _RIGHT * situation.median_ms


def _wider(situation: Situation, seen: Observation, items: tuple[int, ...], width: int) -> Iterator[Advice]:
    group = Group(chains=tuple((item,) for item in items), certainty=PROVED)
    wider, duration = best_width(situation, group)
    if duration is None or wider <= width or not situation.is_worth_it(duration):
        return
    executor = executor_of(situation, group)
    if not _is_right(situation, group, executor, width):
        return  # something else than the number at once holds it back
    yield Advice(
        code="more-at-once",
        title=(
            f"Raise {'max_workers' if seen.text == _POOL else 'max_concurrency'} of {seen.text} at {seen.line} from "
            f"{width} to {wider}: saves {situation.saved(duration)}"
        ),
        text=(
            f"{len(items)} items, {width} at once: the rest stood in line. {wider} at once: {in_words(duration)} "
            f"instead of {ms(situation.median_ms)}. Pools have to be as wide, and whom they call has to bear it."
        ),
        calls=items,
        lines=(seen.line,),
        executor=executor,
        max_concurrency=wider,
        memory_mb=situation.memory_mb,
        duration_ms=duration,
        cost_per_million_usd=situation.cost(duration),
        change=_change(situation, seen, executor, wider),
        verify=situation.verify("wider"),
    )


def _change(situation: Situation, seen: Observation, executor: str, width: int) -> str:
    name, _, number = seen.line.rpartition(":")
    file = situation.files.read(name) if name else None
    if file is None or not number.isdigit():
        return ""
    if seen.text == _POOL:
        return _with_workers(file, int(seen.numbers["max_concurrency"]), width)
    for node in file.calls_at(int(number)):
        is_verb = isinstance(node.func, ast.Attribute) and node.func.attr == seen.text.partition(".")[2]
        found = rewritten_verb(file, node, executor, width) if is_verb else None
        if found is not None:
            return diff_of(file, found, executor)
    return ""


def _with_workers(file: SourceFile, before: int, width: int) -> str:
    """The diff of the one `ThreadPoolExecutor(3)` in a file that has so many; nothing where it is not the only one."""
    made = [
        given
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == _POOL
        for given in [*node.args[:1], *(each.value for each in node.keywords if each.arg == "max_workers")]
        if isinstance(given, ast.Constant) and given.value == before
    ]
    if len(made) != 1:
        return ""
    (given,) = made
    line = file.lines[given.lineno - 1].encode()
    changed = line[: given.col_offset] + str(width).encode() + line[given.end_col_offset or given.col_offset :]
    return diff_of(file, Rewritten(given.lineno, given.lineno, [changed.decode()]), "threads")
