"""Calls that go side by side already, but fewer at once than there is room for."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.changing import diff_of
from meantime.tools.measure.advice.rewriting import rewritten_verb
from meantime.tools.measure.advice.side_by_side import best_width, executor_of
from meantime.tools.measure.advice.situation import in_words, ms
from meantime.tools.measure.dependence import PROVED, Group
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.recording import Observation

_EXECUTORS = ("threads", "tasks")
_RIGHT = 0.15  # of the median: if the model is further off for what was measured, it is not asked for more


def advise(situation: Situation) -> Iterator[Advice]:
    """Advise a wider fan-out where one of Meantime's verbs had more items than it ran at once."""
    for seen in situation.recording.observations:
        width = int(seen.numbers.get("max_concurrency", 0))
        executor = seen.text.partition(".")[0]
        if seen.kind != "fan_out" or executor not in _EXECUTORS or width < 1:
            continue
        items = [
            call.id
            for call in situation.recording.calls
            if call.kind == "item" and call.parent is None and call.line == seen.line
        ]
        if len(items) > width > 1:
            yield from _wider(situation, seen, tuple(items), width)


def _wider(situation: Situation, seen: Observation, items: tuple[int, ...], width: int) -> Iterator[Advice]:
    group = Group(chains=tuple((item,) for item in items), certainty=PROVED)
    wider, duration = best_width(situation, group)
    if duration is None or wider <= width or not situation.is_worth_it(duration):
        return
    executor = executor_of(situation, group)
    now = situation.predicted(group.phases, executor, width)
    if abs(now.value - situation.median_ms) > _RIGHT * situation.median_ms:
        return  # something else than the number at once holds it back
    yield Advice(
        code="more-at-once",
        title=(
            f"Raise max_concurrency of {seen.text} at {seen.line} from {width} to {wider}: "
            f"saves {situation.saved(duration)}"
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
    for node in file.calls_at(int(number)):
        is_verb = isinstance(node.func, ast.Attribute) and node.func.attr == seen.text.partition(".")[2]
        found = rewritten_verb(file, node, executor, width) if is_verb else None
        if found is not None:
            return diff_of(file, found, executor)
    return ""
