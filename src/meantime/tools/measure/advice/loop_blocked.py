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
_WORTH_A_WORD = 0.05  # of the duration
_KINDS = {"aws", "http", "sql", "redis", "sleep", "process"}


def advise(situation: Situation) -> Iterator[Advice]:
    """Tell which blocking calls an `async def` made on its loop, and how long they stopped it."""
    calls = [
        call
        for call in situation.library_calls
        if call.kind in _KINDS and not call.is_async and call.waiting_ms > 0 and _is_on_a_loop(situation, call)
    ]
    if len({call.task for call in situation.library_calls}) < 2:  # noqa: PLR2004  # one task stops nobody else
        return
    blocked = sum(call.duration_ms for call in calls)
    if blocked < _BLOCKED_MS:
        yield from _computed(situation)
        return
    longest = max(call.duration_ms for call in calls)
    lines = lines_of(calls)
    names = listed(call.name for call in calls)
    first = calls[0]
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


def _computed(situation: Situation) -> Iterator[Advice]:
    """Tell what computed on the loop without a pause, for that is seen only as the loop standing still."""
    made = {seen.line for seen in situation.recording.observations if seen.kind in ("client_made", "tls_context")}
    seen = [
        each
        for each in situation.recording.observations
        if each.kind == "loop_blocked" and each.line not in made  # that is an advice of its own
    ]
    blocked = sum(each.duration_ms for each in seen)
    if blocked < max(_BLOCKED_MS, _WORTH_A_WORD * situation.median_ms):
        return
    lines = tuple(dict.fromkeys(each.line for each in seen if each.line))
    names = listed(each.text for each in seen)
    yield Advice(
        code="loop-blocked",
        title=f"Let others on the event loop have a turn: {names} at {listed(lines)} kept it for {ms(blocked)}",
        text=(
            f"{names} went on for up to {ms(max(each.duration_ms for each in seen))} without awaiting anything, "
            f"{ms(blocked)} in all. Meanwhile answers that had come were not read. Compute in a thread "
            "(meantime.in_thread), or in smaller pieces."
        ),
        lines=lines,
        memory_mb=situation.memory_mb,
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


def _change(call: RecordedCall) -> str:
    name = {"sleep": "time.sleep"}.get(call.kind, call.function or "function")
    if call.kind == "sleep":
        return f"- time.sleep(…)    # {call.line}\n+ await asyncio.sleep(…)"
    return (
        f"+ {name}_in_thread = meantime.in_thread(blocking_function)    # what {call.line} calls\n+ answer = "
        f"await {name}_in_thread(…)"
    )
