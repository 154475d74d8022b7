"""Reads the work out of a recording: its calls as pieces that compute and wait, and the handler's code between them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import MEMORY_MB_PER_CORE, cpu_share
from meantime.tools.measure.model.costs import warm_and_cold
from meantime.tools.measure.model.work import computing_ms, waiting_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meantime.tools.measure.model.work import Piece
    from meantime.tools.report.recording import RecordedCall, Recording, Wait

_SET_UP = frozenset({"name_resolution", "connect", "tls"})

_WAKING_MS = 0.5  # until a thread whose answer is there runs, on a machine with a core to spare


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
        computing_ms: What it was seen to compute.
        library: What made it.
        is_clean: Whether its waits are known: a process without CPU notices an answer late, or when it is long there.
    """

    id: int
    origin: tuple[str, ...]
    set_up: Piece
    piece: Piece
    start_ms: float
    end_ms: float
    computing_ms: float
    library: str = ""
    is_clean: bool = True


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
    between = [computing_ms(after) for _, after in seen[:-1]]
    typical = median(between) if between else 0.0
    last = seen[-1][1]
    in_last = min(typical, computing_ms(last))
    waiting = sum(waiting_ms(after) for _, after in seen)
    rest = ((computing_ms(last) - in_last, waiting, 0.0),)
    mean = (sum(between) + in_last) / len(seen)
    return Together(tuple(call for call, _ in seen), None, ((mean, 0.0, 0.0),) if mean else ()), rest


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
    in_units = sum(computing[unit] for unit in {*units.values()})
    if in_units > recording.cpu_ms > 0:  # clocks of threads and of the process are not read at once
        computing = {call: each * recording.cpu_ms / in_units for call, each in computing.items()}
    is_starved = cpu_share(recording.memory_mb or MEMORY_MB_PER_CORE) < 1
    for unit in sorted({*units.values()}):
        call = by_id[unit]
        waking = min(call.held_up_ms, _WAKING_MS)
        set_up, piece = _stretches(call, waits[unit], computing[unit], waking)
        yield ReadCall(
            id=call.id,
            origin=_origin(call),
            set_up=set_up,
            piece=piece,
            start_ms=call.start_ms,
            end_ms=call.end_ms,
            computing_ms=computing[unit],
            library=call.library,
            is_clean=not is_starved or call.held_up_ms <= 2 * _WAKING_MS,
        )


def _runs_apart(call: RecordedCall, parent: RecordedCall) -> bool:
    return call.thread != parent.thread or call.task != parent.task


def _origin(call: RecordedCall) -> tuple[str, ...]:
    name = call.name.partition(" ")[0] if call.kind == "http" else call.name
    return (call.kind, call.library, call.target, call.line, name)


def _stretches(call: RecordedCall, waits: list[Wait], computing: float, waking: float) -> tuple[Piece, Piece]:
    """Its connection's opening, and the rest. Waits at once, of several threads or tasks, count once.

    Until it runs after its longest wait, it takes `waking` milliseconds more.
    """
    found: list[tuple[bool, float, float]] = []
    until = call.start_ms
    told = 0.0
    for wait in sorted(waits, key=lambda each: each.start_ms):
        length = max(0.0, min(wait.end_ms, call.end_ms) - max(wait.start_ms, until))
        before = min(wait.computed_before_ms, max(0.0, computing - told))
        told += before
        until = max(until, wait.end_ms)
        found.append((wait.kind in _SET_UP, before, length))
    if not waits and call.waiting_ms:
        told = computing / 2
        found.append((False, told, call.waiting_ms))
    found.append((False, max(0.0, computing - told), 0.0))
    longest = max(range(len(found)), key=lambda number: found[number][2])
    if found[longest][2]:
        is_set_up, before, length = found[longest]
        found[longest] = (is_set_up, before, length + waking)
    warm, cold = warm_and_cold(computing, [length for _, _, length in found])
    factor = warm / computing if computing else 0.0
    stretches = [(is_set_up, (before * factor, length, cold)) for is_set_up, before, length in found]
    return (
        tuple(stretch for is_set_up, stretch in stretches if is_set_up),
        tuple(stretch for is_set_up, stretch in stretches if not is_set_up),
    )


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
    in_calls = sum(call.computing_ms for call in calls)
    computing = max(0.0, recording.cpu_ms - in_calls)
    total = sum(lengths)
    if not total:
        lengths, total = [1.0] * len(gaps), float(len(gaps))
    return [
        ((computing * length / total, waited, 0.0),) if computing * length or waited else ()
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
