"""Blocking calls on an event loop: while one waits, nothing else on that loop goes on."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from meantime.tools.measure.advice.situation import lines_of, listed, ms
from meantime.tools.measure.source.places import frames_of
from meantime.tools.report.advice import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.measure.advice.situation import Situation
    from meantime.tools.report.recording import RecordedCall

_BLOCKED_MS = 5.0  # in all, below which it is not worth a word
_KINDS = {"aws", "http", "sql", "redis", "sleep", "process"}


def advise(situation: Situation) -> Iterator[Advice]:
    """Tell which blocking calls an `async def` made on its loop, and how long they stopped it."""
    calls = [
        call
        for call in situation.library_calls
        if call.kind in _KINDS and not call.is_async and call.waiting_ms > 0 and _is_on_a_loop(situation, call)
    ]
    seen = [each for each in situation.recording.observations if each.kind == "loop_blocked"]
    blocked = sum(call.duration_ms for call in calls) or sum(each.duration_ms for each in seen)
    if blocked < _BLOCKED_MS:
        return
    longest = max((call.duration_ms for call in calls), default=max((each.duration_ms for each in seen), default=0.0))
    lines = lines_of(calls) or tuple(dict.fromkeys(each.line for each in seen if each.line))
    names = listed([call.name for call in calls] or [each.text for each in seen])
    first = calls[0] if calls else None
    yield Advice(
        code="loop-blocked",
        title=f"Do not block the event loop: {names} at {listed(lines)} stopped it for {ms(blocked)}",
        text=(
            f"An async function called what blocks: {names}, up to {ms(longest)} at a time, {ms(blocked)} "
            "in all. Meanwhile "
            "no other task goes on, so that tasks side by side wait in line after all. Await an async "
            "client, or hand the "
            "blocking function to a thread."
        ),
        calls=tuple(call.id for call in calls),
        lines=lines,
        memory_mb=situation.memory_mb,
        change=_change(first),
        verify=situation.verify("in_threads"),
    )


def _is_on_a_loop(situation: Situation, call: RecordedCall) -> bool:
    """Whether the function that made it is an `async def`, by the source, or by the thread that ran it."""
    for frame in reversed(frames_of(call)):
        file = situation.files.read(frame.file)
        definition = file.function_at(frame.line, frame.function) if file is not None else None
        if isinstance(definition, ast.AsyncFunctionDef):
            return call.thread >= len(situation.recording.threads) or (
                situation.recording.threads[call.thread].loop is not None
            )
    return False


def _change(call: RecordedCall | None) -> str:
    if call is None:
        return ""
    name = {"sleep": "time.sleep"}.get(call.kind, call.function or "function")
    if call.kind == "sleep":
        return f"- time.sleep(…)    # {call.line}\n+ await asyncio.sleep(…)"
    return (
        f"+ {name}_in_thread = meantime.in_thread(blocking_function)    # what {call.line} calls\n+ answer = "
        f"await {name}_in_thread(…)"
    )
