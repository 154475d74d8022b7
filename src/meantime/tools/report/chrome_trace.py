"""Recordings as a Chrome trace, the JSON that https://ui.perfetto.dev and chrome://tracing open.

The format is Google's "Trace Event Format" (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU).
Each call and each wait is a complete event (`X`). Those of one track have to lie within or beside each other, which the
tasks of an event loop do not, so that a thread gets as many tracks as it had calls under way at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meantime.tools.report.figures import memory
from meantime.tools.report.tracks import Span, Track, tracks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from meantime.tools.report.recording import RecordedCall, Recording
    from meantime.tools.report.results import Results

    Event = dict[str, Any]

# Of events at the same time: names first, then spans from the outermost, then arrows that begin and end in them.
_ORDER = {"M": 0, "X": 1, "i": 2, "s": 3, "f": 4, "C": 5}


def chrome_trace(recordings: Mapping[str, Recording]) -> dict[str, Any]:
    """Make a trace document.

    Args:
        recordings: Each becomes a process of the trace with the name it has here; all begin at 0.
    """
    events: list[Event] = []
    first_track = 1
    for process, (name, recording) in enumerate(recordings.items(), start=1):
        found = tracks(recording)
        events += _events(process, name, recording, found, first_track)
        first_track += len(found)
    events.sort(key=lambda event: (event.get("ts", -1), _ORDER[event["ph"]], -event.get("dur", 0)))
    # No "displayTimeUnit": milliseconds are its default, and Perfetto 20 takes it for the unit of the timestamps.
    return {"traceEvents": events}


def results_trace(results: Results) -> dict[str, Any]:
    """Make a trace of every recorded run."""
    recorded = {
        f"{run.variant}, {memory(run.memory_mb)}" + (f", {run.example}" if len(results.examples) > 1 else ""): run
        for run in results.runs
    }
    return chrome_trace({name: run.recording for name, run in recorded.items() if run.recording is not None})


def write_chrome_trace(document: Mapping[str, Any], path: Path) -> None:
    """Write a trace, making its folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _events(process: int, name: str, recording: Recording, found: Sequence[Track], first_track: int) -> Iterator[Event]:
    yield _named("process_name", process, first_track, name=name)
    yield _named("process_sort_index", process, first_track, sort_index=process)
    where: dict[int, tuple[int, Span]] = {}
    for number, track in enumerate(found, start=first_track):
        yield _named("thread_name", process, number, name=track.name)
        yield _named("thread_sort_index", process, number, sort_index=number)
        for span in track.spans:
            yield _span(process, number, span)
            if span.call is not None:
                where[span.call.id] = (number, span)
            elif span.is_invocation:
                where[-1] = (number, span)
    yield from _arrows(process, recording, where)
    yield from _counts(process, first_track, recording)
    for seen in recording.observations:
        yield {
            "name": f"{seen.kind}: {seen.text}", "cat": "observation", "ph": "i", "s": "t", "pid": process,
            "tid": first_track, "ts": _microseconds(seen.start_ms), "args": {"line": seen.line, **seen.numbers},
        }  # fmt: skip


def _named(what: str, process: int, track: int, **args: Any) -> Event:
    return {"name": what, "ph": "M", "pid": process, "tid": track, "args": args}


def _span(process: int, track: int, span: Span) -> Event:
    return {
        "name": span.name, "cat": span.category, "ph": "X", "pid": process, "tid": track,
        "ts": span.start_us, "dur": span.end_us - span.start_us, "args": {} if span.call is None else _facts(span.call),
    }  # fmt: skip


def _facts(call: RecordedCall) -> dict[str, Any]:
    facts = {
        "line": call.line,
        "function": call.function,
        "library": call.library,
        "target": call.target,
        "parameters": ", ".join(call.parameters),
        "task": call.task,
        "stack": " < ".join(reversed(call.stack)),
        "error": call.error,
        "timeout_s": call.timeout_s,
        "new_connection": call.new_connection,
    }
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    numbers = {
        "waiting_ms": call.waiting_ms,
        "computing_ms": call.computing_ms,
        "held_up_ms": call.held_up_ms,
        "overlapped_ms": call.overlapped_ms,
        "sent_bytes": call.sent_bytes,
        "received_bytes": call.received_bytes,
        "attempts": call.attempts,
    }
    return known | numbers


def _arrows(process: int, recording: Recording, where: Mapping[int, tuple[int, Span]]) -> Iterator[Event]:
    """From who started a call to where it ran, if that is another track."""
    for call in recording.calls:
        source = where.get(-1 if call.parent is None else call.parent, where.get(-1))
        target = where.get(call.id)
        if source is None or target is None or source[0] == target[0]:
            continue
        # An arrow binds to the span that is open where it begins: one that has ended by then started it before.
        begun = min(target[1].start_us, max(source[1].start_us, source[1].end_us - 1))
        if begun < source[1].start_us:
            continue
        arrow = {"name": "starts", "cat": "start", "id": process * 1_000_000 + call.id, "pid": process}
        yield {**arrow, "ph": "s", "tid": source[0], "ts": begun}
        # Bound to the span around it: at the very time that this begins.
        yield {**arrow, "ph": "f", "bp": "e", "tid": target[0], "ts": target[1].start_us}


def _counts(process: int, track: int, recording: Recording) -> Iterator[Event]:
    """How many calls and how many waits are under way; an item that holds calls is none itself."""
    holding = {call.parent for call in recording.calls}
    calls = [(call.start_ms, call.end_ms) for call in recording.calls if call.kind != "item" or call.id not in holding]
    waits = [(wait.start_ms, wait.end_ms) for wait in recording.waits]
    for name, lengths in (("calls", calls), ("waits", waits)):
        for at, number in _under_way(lengths):
            event = {"name": name, "cat": "count", "ph": "C", "pid": process, "tid": track, "ts": at}
            yield {**event, "args": {"under way": number}}


def _under_way(lengths: Iterable[tuple[float, float]]) -> Iterator[tuple[int, int]]:
    changes: dict[int, int] = {}
    for start, end in lengths:
        begun, done = _microseconds(start), _microseconds(end)
        changes[begun] = changes.get(begun, 0) + 1
        changes[done] = changes.get(done, 0) - 1
    number = 0
    for at in sorted(changes):
        number += changes[at]
        yield at, number


def _microseconds(milliseconds: float) -> int:
    return round(max(0.0, milliseconds) * 1000)
