"""The calls and waits of a recording as spans on tracks; those of one track lie within or beside each other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from meantime.tools.report.recording import RecordedCall

if TYPE_CHECKING:
    from meantime.tools.report.recording import Recording, Wait


@dataclass(frozen=True)
class Span:
    """A stretch of a track, in whole microseconds since the invocation's start: fractions would round apart."""

    name: str
    category: str
    start_us: int
    end_us: int
    call: RecordedCall | None = None
    is_invocation: bool = False


@dataclass(eq=False)
class Track:
    """Spans that lie within or beside each other, in the order they begin, the outer before the inner."""

    name: str
    spans: list[Span] = field(default_factory=list)
    _open: list[Span] = field(default_factory=list)

    def place(self, span: Span, parent: Span | None) -> bool:
        """Put a span onto this track, if its parent is here and open, or if it has none here and nothing is open."""
        while self._open and self._open[-1].end_us <= span.start_us:
            self._open.pop()
        innermost = self._open[-1] if self._open else None
        if innermost is not parent or (innermost is not None and span.end_us > innermost.end_us):
            return False
        self.spans.append(span)
        self._open.append(span)
        return True


def tracks(recording: Recording) -> list[Track]:
    """Lay out a recording, a thread's tracks beside each other, the handler's first."""
    threads: dict[int, list[Track]] = {0: [Track(_thread_name(recording, 0))]}
    last_us = max([_us(recording.duration_ms), *(_us(call.end_ms) for call in recording.calls if call.thread == 0)])
    name = recording.handler or recording.function or "invocation"
    invocation = Span(name, "invocation", 0, last_us, is_invocation=True)
    threads[0][0].place(invocation, None)
    placed: dict[int, tuple[Track, Span]] = {}
    for thing in _in_order(recording):
        span = _span_of(thing)
        if span.start_us == span.end_us and span.call is None:
            continue  # a wait too short to be seen
        parent = placed.get(_parent_of(thing))
        if parent is not None and span.call is None:
            span = _within(span, parent[1])
        beside = threads.setdefault(thing.thread, [Track(_thread_name(recording, thing.thread))])
        track = _placed(span, parent, beside, invocation)
        if span.call is not None:
            placed[span.call.id] = (track, span)
    return [track for number in sorted(threads) for track in threads[number]]


def _placed(span: Span, parent: tuple[Track, Span] | None, beside: list[Track], invocation: Span) -> Track:
    """Put a span onto its parent's track if it can be there, else onto the first that is free, else onto a new one."""
    if parent is not None and parent[0] in beside and parent[0].place(span, parent[1]):
        return parent[0]
    if parent is None and invocation in beside[0].spans[:1] and beside[0].place(span, invocation):
        return beside[0]
    for track in beside:
        if track.place(span, None):
            return track
    track = Track(f"{beside[0].name}, beside {len(beside)}")
    beside.append(track)
    track.place(span, None)
    return track


def _in_order(recording: Recording) -> list[RecordedCall | Wait]:
    """Calls and waits by their start: outer before inner, and a call before its own waits."""
    things: list[RecordedCall | Wait] = [*recording.calls, *recording.waits]
    depths: dict[int, int] = {}
    for call in sorted(recording.calls, key=lambda call: (call.start_ms, -call.end_ms)):
        depths[call.id] = 0 if call.parent is None else depths.get(call.parent, 0) + 1
    return sorted(
        things, key=lambda thing: (_us(thing.start_ms), depths.get(_parent_of(thing), -1), -_us(thing.end_ms))
    )


def _parent_of(thing: RecordedCall | Wait) -> int:
    parent = thing.parent if isinstance(thing, RecordedCall) else thing.call
    return -1 if parent is None else parent


def _span_of(thing: RecordedCall | Wait) -> Span:
    start, end = _us(thing.start_ms), _us(thing.end_ms)
    if isinstance(thing, RecordedCall):
        return Span(thing.name, thing.kind, start, end, thing)
    return Span(thing.kind, "wait", start, max(start, end))


def _within(span: Span, outer: Span) -> Span:
    """Cut a wait to its call: rounding, and clocks that are read one after the other, put it a little outside."""
    start = min(max(span.start_us, outer.start_us), outer.end_us)
    return replace(span, start_us=start, end_us=max(start, min(span.end_us, outer.end_us)))


def _thread_name(recording: Recording, number: int) -> str:
    return recording.threads[number].name if number < len(recording.threads) else f"thread {number}"


def _us(milliseconds: float) -> int:
    return round(max(0.0, milliseconds) * 1000)
