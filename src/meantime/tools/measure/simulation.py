"""How long work takes: workers that draw calls from a list, one interpreter that computes, and a CPU quota.

A heap of what is ready next, in plain Python: about a microsecond and a half for each stretch.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING, Final

from meantime.tools.measure.model.work import InLine

if TYPE_CHECKING:
    from meantime.tools.measure.model.quota import Quota
    from meantime.tools.measure.model.work import Piece, SideBySide, Work

SWITCH_INTERVAL_MS: Final = 5.0
"""After which a thread that computes hands the interpreter over to one that waits for it: sys.getswitchinterval()."""

_NOTHING: Piece = ((0.0, 0.0, 0.0),)


def simulate(work: Work, quota: Quota) -> float:
    """How long the work takes, in milliseconds.

    Args:
        work: In its order; each part starts when the one before is done.
        quota: The CPU there is; a new one for each simulation.
    """
    now = 0.0
    run = quota.run
    for part in work:
        if isinstance(part, InLine):
            for computing, waiting, cold in part.piece:
                now = run(now, computing, cold) + waiting
        elif part.pieces:
            now = _side_by_side(part, quota, now)
    return now


def _side_by_side(part: SideBySide, quota: Quota, start: float) -> float:
    """When the last worker is done. Of those that are ready, the one that has been so for longest computes."""
    run, is_threads, crowding = quota.run, part.is_threads, part.crowding_ms
    pieces = iter(part.pieces)
    # A worker: when it is ready, a number for an order among equals, its piece, its place in that, and what it has
    # still to compute there.
    workers = []
    for number, piece in zip(range(part.max_concurrency), pieces, strict=False):
        begun = (part.first + piece) or _NOTHING
        workers.append((start, number, begun, 0, begun[0][0]))
    heapify(workers)
    core_free = end = start
    number = len(workers)
    while workers:
        ready, _, piece, place, computing = workers[0]
        _, waiting, cold = piece[place]
        number += 1
        begins = max(ready, core_free)
        if crowding and not place:
            computing += crowding * (sum(worker[0] <= begins for worker in workers) - 1) ** 1.5
        if is_threads and computing > SWITCH_INTERVAL_MS and len(workers) > 1:
            asked = max(begins, min(workers[1:3])[0]) + SWITCH_INTERVAL_MS
            if asked < begins + computing:
                core_free = run(begins, asked - begins, cold)
                heapreplace(workers, (core_free, number, piece, place, computing - (asked - begins)))
                continue
        core_free = run(begins, computing, cold)
        now = core_free + waiting
        place += 1
        if place == len(piece):
            end = max(end, now)
            following = None if waiting else next(pieces, None)
            if waiting:
                piece, place = _NOTHING, 0  # it draws when the wait is over
            elif following is None:
                heappop(workers)
                continue
            else:
                piece, place = following or _NOTHING, 0
                now = ready  # it goes on before others have their turn
        heapreplace(workers, (now, number, piece, place, piece[place][0]))
    return end
