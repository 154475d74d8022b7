"""Reads the work out of a recording: its calls as pieces that compute and wait, and the handler's code between them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meantime.tools.measure.model.work import Piece
    from meantime.tools.report.recording import RecordedCall, Recording, Wait

_SET_UP = frozenset({"name_resolution", "connect", "tls"})


@dataclass(frozen=True, slots=True)
class ReadCall:
    """One call of the work, with what it needed.

    Args:
        id: Its identifier in the recording.
        origin: What it has in common with calls that could have met its waits: its line, library and target.
        set_up: Opening its connection, where it did.
        piece: Everything else.
        start_ms: When it began.
        end_ms: When it ended.
    """

    id: int
    origin: tuple[str, ...]
    set_up: Piece
    piece: Piece
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Together:
    """Calls that go side by side.

    Args:
        calls: In their order.
        max_concurrency: How many at once they were seen to; None: that is to be chosen.
        between: What the handler computes for each of them besides.
    """

    calls: tuple[ReadCall, ...]
    max_concurrency: int | None
    between: Piece = ()


Line = tuple["Piece | Together", ...]
"""An invocation in its order: pieces of the handler's and single calls, and calls that go side by side."""


def read(recording: Recording, groups: Iterable[Sequence[int]]) -> Line:
    """The work of a recording.

    Args:
        recording: One invocation.
        groups: Identifiers of calls that are to go side by side. Others go as they went.
    """
    group_of = {call: number for number, group in enumerate(groups) for call in group}
    calls = sorted(_calls(recording, group_of), key=lambda call: call.start_ms)
    clusters = list(_clusters(calls, group_of))
    own = iter(_own_pieces(recording, clusters, calls))
    line: list[Piece | Together] = [next(own)]
    at: dict[int, int] = {}  # where in the line a group stands
    members: dict[int, list[tuple[ReadCall, Piece]]] = defaultdict(list)
    for cluster, after in zip(clusters, own, strict=True):
        group = group_of.get(cluster[0].id)
        if group is None:
            if len(cluster) == 1:
                line.append(cluster[0].set_up + cluster[0].piece)
            else:
                line.append(Together(tuple(cluster), _peak(cluster)))
        else:
            if group not in at:
                at[group] = len(line)
                line.append(())
            members[group] += [(call, ()) for call in cluster[:-1]]
            members[group].append((cluster[-1], after))
        if group is None:
            line.append(after)
    for group, seen in members.items():
        line[at[group]], rest = _together(seen)
        line.insert(at[group] + 1, rest)
        at = {other: place + (place > at[group]) for other, place in at.items()}
    return tuple(part for part in line if part != ())


def _together(seen: list[tuple[ReadCall, Piece]]) -> tuple[Together, Piece]:
    """The calls of a group with the code between them, which goes with them; what is behind the last one does not.

    A loop's body stands behind its last call, too, but so does the rest of the handler.
    """
    between = [sum(computing for computing, _ in after) for _, after in seen[:-1]]
    typical = median(between) if between else 0.0
    last = seen[-1][1]
    in_last = min(typical, sum(computing for computing, _ in last))
    rest = ((max(0.0, sum(computing for computing, _ in last) - in_last), sum(waiting for _, waiting in last)),)
    waits = tuple(stretch for _, after in seen[:-1] for stretch in ((0.0, waiting) for _, waiting in after if waiting))
    mean = (sum(between) + in_last) / len(seen)
    return Together(tuple(call for call, _ in seen), None, ((mean, 0.0),) if mean else ()), rest + waits


def _calls(recording: Recording, group_of: dict[int, int]) -> Iterator[ReadCall]:
    """The calls that the work is made of: those in a group, and otherwise the outermost ones."""
    by_id = {call.id: call for call in recording.calls}

    def unit_of(call: RecordedCall) -> RecordedCall:
        while call.id not in group_of and call.parent is not None and call.parent in by_id:
            call = by_id[call.parent]
        return call

    units = {call.id: unit_of(call).id for call in recording.calls}
    waits: dict[int, list[Wait]] = defaultdict(list)
    for wait in recording.waits:
        if wait.call is not None and wait.call in units:
            waits[units[wait.call]].append(wait)
    computing = {call.id: call.computing_ms for call in recording.calls}
    for call in recording.calls:
        # A child on another thread, or in another task, computes beside its parent, not within it.
        parent = by_id.get(call.parent) if call.parent is not None else None
        if parent is not None and units[call.id] == units[parent.id] and _runs_apart(call, parent):
            computing[units[call.id]] += call.computing_ms
    for unit in sorted({*units.values()}):
        call = by_id[unit]
        set_up, piece = _stretches(call, waits[unit], computing[unit])
        yield ReadCall(call.id, _origin(call), set_up, piece, call.start_ms, call.end_ms)


def _runs_apart(call: RecordedCall, parent: RecordedCall) -> bool:
    return call.thread != parent.thread or call.task != parent.task


def _origin(call: RecordedCall) -> tuple[str, ...]:
    name = call.name.partition(" ")[0] if call.kind == "http" else call.name
    return (call.kind, call.library, call.target, call.line, name)


def _stretches(call: RecordedCall, waits: list[Wait], computing: float) -> tuple[Piece, Piece]:
    """Its connection's opening, and the rest. Waits at once, of several threads or tasks, count once."""
    set_up, rest = [], []
    until = call.start_ms
    told = waited = 0.0
    for wait in sorted(waits, key=lambda each: each.start_ms):
        length = max(0.0, min(wait.end_ms, call.end_ms) - max(wait.start_ms, until))
        before = min(wait.computed_before_ms, max(0.0, computing - told))
        told += before
        waited += length
        until = max(until, wait.end_ms)
        (set_up if wait.kind in _SET_UP else rest).append((before, length))
    missing = call.waiting_ms - waited if not waits else 0.0
    if missing > 0:
        half = computing / 2
        rest.append((half, missing))
        told = half
    rest.append((max(0.0, computing - told), 0.0))
    return tuple(set_up), tuple(rest)


def _clusters(calls: list[ReadCall], group_of: dict[int, int]) -> Iterator[list[ReadCall]]:
    """Calls that overlapped, together; those of different groups are kept apart."""
    cluster: list[ReadCall] = []
    until = 0.0
    for call in calls:
        if cluster and (call.start_ms >= until or group_of.get(call.id) != group_of.get(cluster[0].id)):
            yield cluster
            cluster = []
        until = max(until, call.end_ms) if cluster else call.end_ms
        cluster.append(call)
    if cluster:
        yield cluster


def _peak(cluster: list[ReadCall]) -> int:
    """How many of them were under way at once."""
    changes = sorted([(call.start_ms, 1) for call in cluster] + [(call.end_ms, -1) for call in cluster])
    under_way = peak = 0
    for _, change in changes:
        under_way += change
        peak = max(peak, under_way)
    return peak


def _own_pieces(recording: Recording, clusters: list[list[ReadCall]], calls: list[ReadCall]) -> list[Piece]:
    """What the handler does before, between and behind the calls: its waits, and its CPU time by the gaps' lengths."""
    ends = [0.0]
    for cluster in clusters:
        ends.append(max(ends[-1], *(call.end_ms for call in cluster)))
    starts = [cluster[0].start_ms for cluster in clusters] + [recording.duration_ms]
    gaps = [(begin, max(begin, end)) for begin, end in zip(ends, starts, strict=True)]
    waiting = _own_waits(recording, gaps)
    lengths = [max(0.0, end - begin - waited) for (begin, end), waited in zip(gaps, waiting, strict=True)]
    in_calls = sum(computing for call in calls for computing, _ in call.set_up + call.piece)
    computing = max(0.0, recording.cpu_ms - in_calls)
    total = sum(lengths)
    if not total:
        lengths, total = [1.0] * len(gaps), float(len(gaps))
    return [
        ((computing * length / total, waited),) if computing * length or waited else ()
        for length, waited in zip(lengths, waiting, strict=True)
    ]


def _own_waits(recording: Recording, gaps: list[tuple[float, float]]) -> list[float]:
    """How long the handler's own thread waited in each gap, for nothing that is a call's."""
    waiting = [0.0] * len(gaps)
    own = sorted((wait for wait in recording.waits if wait.call is None and wait.thread == 0), key=lambda w: w.start_ms)
    at = 0
    until = 0.0
    for wait in own:
        begin = max(wait.start_ms, until)
        until = max(until, wait.end_ms)
        while at + 1 < len(gaps) and gaps[at][1] <= begin:
            at += 1
        place = at
        while place < len(gaps) and gaps[place][0] < wait.end_ms:
            waiting[place] += max(0.0, min(wait.end_ms, gaps[place][1]) - max(begin, gaps[place][0]))
            place += 1
    return waiting
