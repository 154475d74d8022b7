"""The rows of a waterfall: calls in their order, inner ones below the one they are a part of, and many made one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from meantime.tools.report.figures import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meantime.tools.report.recording import RecordedCall, Recording


@dataclass(frozen=True)
class CallRow:
    """One line: a call, or several of the same name and line."""

    calls: tuple[RecordedCall, ...]
    depth: int = 0

    @property
    def name(self) -> str:
        """What was called, and how often where that is more than once."""
        name = _base_name(self.calls[0]) if len({call.name for call in self.calls}) > 1 else self.calls[0].name
        if len(self.calls) == 1:
            return name
        at_once = most_at_once(self.calls)
        beside = f", {at_once} at once" if at_once > 1 else ", one by one"
        return f"{name} {TIMES} {len(self.calls):,}{beside}"

    @property
    def line(self) -> str:
        """Where in the function's own code."""
        return self.calls[0].line

    @property
    def start_ms(self) -> float:
        """When the first began."""
        return min(call.start_ms for call in self.calls)

    @property
    def end_ms(self) -> float:
        """When the last was done."""
        return max(call.end_ms for call in self.calls)

    @property
    def each_ms(self) -> float:
        """How long one takes: the median."""
        return median(call.duration_ms for call in self.calls)

    @property
    def together_ms(self) -> float:
        """How long all take, added up."""
        return sum(call.duration_ms for call in self.calls)


@dataclass(frozen=True)
class CallRows:
    """All rows, and what is not among them.

    Args:
        rows: From the first to the last that began, inner ones below the one they are a part of.
        inner: Calls within a library's call, such as attempts and redirects, that are not drawn.
        left_out: Rows that found no place.
    """

    rows: tuple[CallRow, ...]
    inner: int = 0
    left_out: tuple[CallRow, ...] = ()


def call_rows(recording: Recording, *, most: int = 30) -> CallRows:
    """Lay out the calls of a recording.

    Args:
        recording: Where they are.
        most: From more rows than this on, calls of the same name and line become one row; what is still too much is
            left out, the shortest first.
    """
    inner_of: dict[int | None, list[RecordedCall]] = defaultdict(list)
    known = {call.id for call in recording.calls}
    for call in recording.calls:
        inner_of[call.parent if call.parent in known else None].append(call)
    drawn = _rows(inner_of[None], inner_of, depth=0, folded=False)
    if len(drawn) > most:
        drawn = _rows(inner_of[None], inner_of, depth=0, folded=True)
    inner = len(recording.calls) - sum(len(row.calls) for row in drawn)
    if len(drawn) <= most:
        return CallRows(tuple(drawn), inner)
    kept = set(map(id, sorted(drawn, key=lambda row: row.together_ms, reverse=True)[:most]))
    return CallRows(
        tuple(row for row in drawn if id(row) in kept), inner, tuple(row for row in drawn if id(row) not in kept)
    )


def most_at_once(calls: Iterable[RecordedCall]) -> int:
    """Say how many of the calls were under way at once, at most."""
    # At the same time, one that ends comes before one that begins.
    changes = sorted(change for call in calls for change in ((call.start_ms, 1), (call.end_ms, -1)))
    under_way = most = 0
    for _, change in changes:
        under_way += change
        most = max(most, under_way)
    return max(most, 1)


def _rows(
    calls: Sequence[RecordedCall], inner_of: dict[int | None, list[RecordedCall]], *, depth: int, folded: bool
) -> list[CallRow]:
    groups: dict[object, list[RecordedCall]] = {}
    for call in sorted(calls, key=lambda call: (call.start_ms, call.id)):
        key = (call.kind, _base_name(call), call.line) if folded else call.id
        groups.setdefault(key, []).append(call)
    rows = []
    for members in groups.values():
        rows.append(CallRow(tuple(members), depth))
        # What a library's own call consists of is a detail of it; what an item holds is the function's own work.
        within = [inner for call in members if call.kind == "item" for inner in inner_of[call.id]]
        if within:
            rows += _rows(within, inner_of, depth=depth + 1, folded=folded)
    return rows


def _base_name(call: RecordedCall) -> str:
    """Its name without what it was given, which tells one item from the other."""
    return call.name.partition("(")[0] if call.kind == "item" else call.name
