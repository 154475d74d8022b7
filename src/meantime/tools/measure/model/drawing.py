"""Draws how an invocation could have gone: which wait met which call, from all that the recordings have seen."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean, pvariance
from typing import TYPE_CHECKING, Final

from meantime.tools.measure.model.reading import Together
from meantime.tools.measure.model.work import InLine, SideBySide, waiting_ms

if TYPE_CHECKING:
    from random import Random

    from meantime.tools.measure.model.calls import ReadCall
    from meantime.tools.measure.model.costs import Costs
    from meantime.tools.measure.model.reading import Line
    from meantime.tools.measure.model.work import Piece, Stretch, Work

FEW: Final = 8
"""Calls of one origin below which each keeps its own waits: three APIs called in one line need not be equally slow."""

_OWN_TIMES = 4.0  # calls differ among themselves so much more than from one recording to the next: F distribution, 99 %

_CLEAN_ENOUGH = 0.25  # of all calls


class Drawing:
    """All recordings of the same work, to draw invocations from.

    Args:
        lines: What each recording showed.
        max_concurrency: How many at once, where that is to be chosen.
        is_threads: Whether threads run them; tasks otherwise.
        costs: What calls cost more among others.
    """

    def __init__(self, lines: list[Line], *, max_concurrency: int, is_threads: bool, costs: Costs) -> None:
        self._lines = lines
        self._max_concurrency = max_concurrency
        self._is_threads = is_threads
        self._costs = costs
        self._samples: dict[int, list[list[ReadCall]]] = {}
        self._is_same = len({tuple(_shape(line)) for line in lines}) == 1
        for place, part in enumerate(lines[0]):
            if isinstance(part, Together):
                self._samples[place] = self._sampled(place, part)

    def draw(self, random: Random) -> Work:
        """One invocation."""
        line = self._lines[0] if self._is_same else random.choice(self._lines)
        return tuple(self._drawn(line, place, part, random) for place, part in enumerate(line))

    def _drawn(self, line: Line, place: int, part: Piece | Together, random: Random) -> InLine | SideBySide:
        if not isinstance(part, Together):
            if self._is_same:
                other = random.choice(self._lines)[place]
                part = part if isinstance(other, Together) else other
            return InLine(part)
        samples = self._samples[place] if line is self._lines[0] else [[call] for call in part.calls]
        chosen = [random.choice(seen) for seen in samples]
        width = min(part.max_concurrency or self._max_concurrency, len(chosen))
        # A connection that only some calls opened is one that is kept: each worker opens its own.
        opened = [call.set_up for call in part.calls if call.set_up]
        is_kept = 0 < len(opened) < len(part.calls)
        pieces = tuple((() if is_kept else call.set_up) + call.piece + part.between for call in chosen)
        if self._is_threads and width > 1:
            pieces = tuple(_switching(piece, self._costs) for piece in pieces)
        crowding_ms = max(self._costs.crowding_ms.get(call.library, 0.0) for call in chosen)
        return SideBySide(
            pieces,
            width,
            opened[0] if is_kept else (),
            self._is_threads,
            crowding_ms,
            self._costs.contended,
        )

    def _sampled(self, place: int, part: Together) -> list[list[ReadCall]]:
        """For each call of a group, all calls whose waits it could have met."""
        parts = [each for line in self._lines if isinstance(each := line[place], Together)] if self._is_same else [part]
        by_origin: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, call in enumerate(part.calls):
            by_origin[call.origin].append(number)
        samples: list[list[ReadCall]] = [[each.calls[number] for each in parts] for number in range(len(part.calls))]
        for numbers in by_origin.values():
            own = [samples[number] for number in numbers]
            if len(numbers) >= FEW and not _have_own_times(own):
                pooled = _clean([call for calls in own for call in calls])
                for number in numbers:
                    samples[number] = pooled
        return samples


def _have_own_times(samples: list[list[ReadCall]]) -> bool:
    """Whether some calls are slow each time, so that waits belong to calls: told from several recordings only."""
    repeats = len(samples[0])
    if repeats < 2:  # noqa: PLR2004  # one is no repetition
        return False
    waits = [[waiting_ms(call.piece) for call in calls] for calls in samples]
    within = fmean(pvariance(each) for each in waits) * repeats / (repeats - 1)
    among = pvariance([fmean(each) for each in waits]) * repeats
    return among > _OWN_TIMES * within


def _clean(calls: list[ReadCall]) -> list[ReadCall]:
    """Those whose waits are known, where there are enough of them."""
    clean = [call for call in calls if call.is_clean]
    return clean if len(clean) >= max(FEW, _CLEAN_ENOUGH * len(calls)) else calls


def _shape(line: Line) -> list[tuple[object, ...]]:
    return [(len(part.calls), part.max_concurrency) if isinstance(part, Together) else () for part in line]


def _switching(piece: Piece, costs: Costs) -> Piece:
    """A piece on a thread among others."""
    stretches: list[Stretch] = []
    for computing, waiting, cold in piece:
        turn = (computing + (costs.switching_ms if waiting and computing else 0.0)) / costs.turns
        if computing:
            stretches += [(turn, 0.0, cold)] * (costs.turns - 1)
        stretches.append((turn, waiting, cold))
    return tuple(stretches)
