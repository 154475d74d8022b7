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

Worker = tuple[float, int, "Piece", int, float]
"""When it is ready, a number for an order among equals, its piece, its place there, and what it has to compute then."""

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
    run, is_threads = quota.run, part.is_threads
    pieces = iter(part.pieces)
    left = len(part.pieces) - min(part.max_concurrency, len(part.pieces))
    workers: list[Worker] = []
    for number, piece in zip(range(part.max_concurrency), pieces, strict=False):
        begun = (part.first + piece) or _NOTHING
        workers.append((start, number, begun, 0, begun[0][0]))
    heapify(workers)
    core_free = end = start

    def others(now: float) -> int:
        return sum(worker[0] <= now for worker in workers) - 1

    in_line = others if is_threads else None
    number = len(workers)
    while workers:
        ready, _, piece, place, _ = workers[0]
        _, waiting, cold = piece[place]
        number += 1
        begins = max(ready, core_free)
        computing = _among_others(part, workers, begins, left)
        if is_threads and computing > SWITCH_INTERVAL_MS and len(workers) > 1:
            asked = max(begins, min(workers[1:3])[0]) + SWITCH_INTERVAL_MS
            if asked < begins + computing:
                core_free = run(begins, asked - begins, cold, in_line)
                still = (computing - (asked - begins)) / (1 + part.contended)
                heapreplace(workers, (core_free, number, piece, place, still))
                continue
        core_free = run(begins, computing, cold, in_line)
        now = core_free + waiting
        place += 1
        if place == len(piece):
            end = max(end, now)
            following = None if waiting else next(pieces, None)
            left -= following is not None
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


def _among_others(part: SideBySide, workers: list[Worker], now: float, left: int) -> float:
    """What the first worker has to compute, with what the others make of it."""
    _, _, _, place, computing = workers[0]
    if part.is_threads and part.contended and len(workers) > 1 and min(workers[1:3])[0] <= now:
        computing *= 1 + part.contended
    if part.crowding_ms and not place:
        computing += part.crowding_ms * part.max_concurrency * _beginning(workers, now, left)
    return computing


def _beginning(workers: list[Worker], now: float, left: int) -> int:
    """How many others begin a piece together with the first; if none, those that end one, as many as are left."""
    beginning = ending = 0
    for ready, _, _, place, _ in workers:
        if ready <= now:
            if place:
                ending += 1
            else:
                beginning += 1
    return beginning - 1 or min(ending, left)
