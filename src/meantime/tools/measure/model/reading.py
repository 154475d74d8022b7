"""Reads the work out of a recording: its calls as pieces that compute and wait, and the handler's code between them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from meantime.tools.measure.model.calls import calls_of
from meantime.tools.measure.model.work import computing_ms, waiting_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meantime.tools.measure.model.calls import ReadCall
    from meantime.tools.measure.model.costs import Costs
    from meantime.tools.measure.model.work import Piece
    from meantime.tools.report.recording import Recording


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


def read(recording: Recording, groups: Iterable[Sequence[int]], costs: Costs) -> Line:
    """The work of a recording.

    Args:
        recording: One invocation.
        groups: Identifiers of calls that are to go side by side. Others go as they went.
        costs: What a pause and the recording cost.
    """
    group_of = {call: number for number, group in enumerate(groups) for call in group}
    calls = sorted(calls_of(recording, group_of), key=lambda call: call.start_ms)
    clusters = list(_clusters(calls, group_of))
    clusters, pieces = _without_cold(*_with_own(recording, clusters), costs)
    own = iter(pieces)
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
    cold = fmean(call.piece[-1][2] for call, _ in seen)  # as the code that it follows
    return Together(tuple(call for call, _ in seen), None, ((mean, 0.0, cold),) if mean else ()), rest


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


def _with_own(recording: Recording, clusters: list[list[ReadCall]]) -> tuple[list[list[ReadCall]], list[Piece]]:
    """The calls, and what the handler does before, between and behind them: its waits, and its CPU time.

    That is what no call computed. It goes by the gaps' lengths; what does not fit into them is the event loop's, which
    works for the calls.
    """
    ends = [0.0]
    for cluster in clusters:
        ends.append(max(ends[-1], *(call.end_ms for call in cluster)))
    starts = [cluster[0].start_ms for cluster in clusters] + [recording.duration_ms]
    gaps = [(begin, max(begin, end)) for begin, end in zip(ends, starts, strict=True)]
    waiting = _own_waits(recording, gaps)
    lengths = [max(0.0, end - begin - waited) for (begin, end), waited in zip(gaps, waiting, strict=True)]
    computing = max(0.0, recording.cpu_ms - sum(call.computing_ms for cluster in clusters for call in cluster))
    total = sum(lengths)
    count = sum(map(len, clusters))
    in_gaps = min(computing, total) if count else computing
    by_length = [in_gaps * length / total for length in lengths] if total else [in_gaps / len(gaps)] * len(gaps)
    pieces: list[Piece] = [
        ((own, waited, 0.0),) if own or waited else () for own, waited in zip(by_length, waiting, strict=True)
    ]
    if computing > in_gaps:
        more = (computing - in_gaps) / count
        clusters = [[_computing_more(call, more) for call in cluster] for cluster in clusters]
    return clusters, pieces


def _computing_more(call: ReadCall, more: float) -> ReadCall:
    *others, (computing, waiting, cold) = call.piece
    return replace(call, piece=(*others, (computing + more, waiting, cold)), computing_ms=call.computing_ms + more)


def _without_cold(
    clusters: list[list[ReadCall]], own: list[Piece], costs: Costs
) -> tuple[list[list[ReadCall]], list[Piece]]:
    """The same, as they would be on a warm core, and what each pause adds.

    A call that was alone has let the core go cold in each of its waits. What computes then is its own code, and what
    the handler does right behind it.
    """
    behind = [computing_ms(piece) for piece in own[1:]]
    typical = median(behind) if behind else 0.0
    warmed, pieces = [], own[:1]
    for cluster, after in zip(clusters, own[1:], strict=True):
        call = cluster[0]
        with_it = min(typical, computing_ms(after))
        seen = call.computing_ms + with_it
        waits = [waiting for _, waiting, _ in call.set_up + call.piece]
        warm, cold = (
            costs.warm_and_cold(seen, waits, is_async=call.is_async, stood_still=not call.is_clean)
            if len(cluster) == 1
            else (seen, 0.0)
        )
        factor = warm / seen if seen else 1.0
        warmed.append(
            [replace(call, set_up=_as(call.set_up, factor, cold), piece=_as(call.piece, factor, cold))]
            if len(cluster) == 1
            else cluster
        )
        off = with_it * (1 - factor)
        pieces.append(tuple((computing - off, waiting, cold) for computing, waiting, _ in after))
    return warmed, pieces


def _as(piece: Piece, factor: float, cold: float) -> Piece:
    return tuple((computing * factor, waiting, cold) for computing, waiting, _ in piece)


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
