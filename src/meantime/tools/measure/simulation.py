"""How long work takes: workers that draw calls from a list, one interpreter that computes, and a CPU quota.

A heap of what is ready next, in plain Python: about a microsecond and a half for each stretch.
"""

from __future__ import annotations

from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING, Final

from meantime.tools.measure.model.work import InLine

if TYPE_CHECKING:
    from meantime.tools.measure.model.quota import Quota
    from meantime.tools.measure.model.work import SideBySide, Work

SWITCH_INTERVAL_MS: Final = 5.0
"""After which a thread that computes hands the interpreter over to one that waits for it: sys.getswitchinterval()."""


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
            for computing, waiting in part.piece:
                now = run(now, computing) + waiting
        elif part.pieces:
            now = _side_by_side(part, quota, now)
    return now


def _side_by_side(part: SideBySide, quota: Quota, start: float) -> float:
    """When the last worker is done. Of those that are ready, the one that has been so for longest computes."""
    run, first, is_threads = quota.run, part.first, part.is_threads
    pieces = iter(part.pieces)
    # A worker: when it is ready, its number for an order among equals, its piece, its place in that, what it has
    # still to compute there.
    workers = []
    for number, piece in zip(range(part.max_concurrency), pieces, strict=False):
        begun = first + piece
        workers.append((start, number, begun, 0, begun[0][0] if begun else 0.0))
    heapify(workers)
    core_free = end = start
    number = len(workers)
    while workers:
        ready, _, piece, place, computing = workers[0]
        number += 1
        begins = max(ready, core_free)
        if is_threads and computing > SWITCH_INTERVAL_MS and len(workers) > 1:
            others = min(workers[1:3])[0]
            if others < begins + computing:
                part_of_it = max(SWITCH_INTERVAL_MS, min(computing, others - begins + SWITCH_INTERVAL_MS))
                if part_of_it < computing:
                    core_free = run(begins, part_of_it)
                    heapreplace(workers, (core_free, number, piece, place, computing - part_of_it))
                    continue
        core_free = now = run(begins, computing)
        waiting = piece[place][1] if piece else 0.0
        place += 1
        if place < len(piece):
            heapreplace(workers, (now + waiting, number, piece, place, piece[place][0]))
            continue
        now += waiting
        end = max(end, now)
        following = next(pieces, None)
        if following is None:
            heappop(workers)
        else:
            heapreplace(workers, (now, number, following, 0, following[0][0] if following else 0.0))
    return end
