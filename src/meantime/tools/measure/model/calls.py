"""The calls of a recording as pieces that compute and wait by turns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import MEMORY_MB_PER_CORE, cpu_share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meantime.tools.measure.model.work import Piece
    from meantime.tools.report.recording import RecordedCall, Recording, Wait

_SET_UP = frozenset({"name_resolution", "connect", "tls"})

_WAKING_MS = 0.5  # until a thread whose answer is there runs, on a machine with a core to spare
_SEVERAL = 3  # calls of one origin, from which on one tells of another


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
        is_async: Whether an event loop ran it.
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
    is_async: bool = False
    is_clean: bool = True


def calls_of(recording: Recording, group_of: Mapping[int, int]) -> list[ReadCall]:
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
    computing = _computing(recording, by_id, units)
    is_starved = cpu_share(recording.memory_mb or MEMORY_MB_PER_CORE) < 1
    found = []
    for unit in sorted({*units.values()}):
        call = by_id[unit]
        waking = min(call.held_up_ms, _WAKING_MS)
        set_up, piece = _stretches(call, waits[unit], computing[unit], waking)
        read = ReadCall(
            id=call.id,
            origin=_origin(call),
            set_up=set_up,
            piece=piece,
            start_ms=call.start_ms,
            end_ms=call.end_ms,
            computing_ms=computing[unit],
            library=call.library,
            is_async=call.is_async,
            is_clean=not is_starved or call.held_up_ms <= 2 * _WAKING_MS,
        )
        found.append((read, call.held_up_ms))
    return _with_whole_waits(found) if is_starved else [read for read, _ in found]


def _with_whole_waits(found: list[tuple[ReadCall, float]]) -> list[ReadCall]:
    """The calls of a process without CPU, with their waits as long as they would have been in one with enough.

    Such a process stands still right after a request is sent, and waits for what is left of the time to its answer, if
    anything: the longest waits are right, those of calls that were not held up. Others waited no longer than they were
    held up besides.
    """
    waits: dict[tuple[str, ...], list[float]] = defaultdict(list)
    clean: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for call, _ in found:
        waits[call.origin].append(_longest(call.piece))
        if call.is_clean:
            clean[call.origin].append(_longest(call.piece))
    return [_whole(call, held_up_ms, waits[call.origin], clean[call.origin]) for call, held_up_ms in found]


def _whole(call: ReadCall, held_up_ms: float, seen: list[float], known: list[float]) -> ReadCall:
    own = _longest(call.piece)
    if call.is_clean or not own or len(seen) < _SEVERAL:
        return call
    typical = median(known) if len(known) >= _SEVERAL else quantiles(seen, n=5)[-1]
    return replace(call, piece=_longer(call.piece, min(held_up_ms, max(0.0, typical - own))))


def _longest(piece: Piece) -> float:
    return max((waiting for _, waiting, _ in piece), default=0.0)


def _longer(piece: Piece, more: float) -> Piece:
    """The piece with its longest wait longer."""
    place = max(range(len(piece)), key=lambda number: piece[number][1])
    computing, waiting, cold = piece[place]
    return (*piece[:place], (computing, waiting + more, cold), *piece[place + 1 :])


def _computing(
    recording: Recording, by_id: Mapping[int, RecordedCall], units: Mapping[int, int]
) -> Mapping[int, float]:
    """What each unit computes, with its parts on other threads, and without the units within it."""
    computing = {unit: by_id[unit].computing_ms for unit in units.values()}
    for call in recording.calls:
        above = by_id.get(call.parent) if call.parent is not None else None
        if above is None:
            continue
        is_unit, apart = units[call.id] == call.id, _runs_apart(call, above)
        if is_unit and not apart:
            computing[units[above.id]] = max(0.0, computing[units[above.id]] - call.computing_ms)
        elif apart and not is_unit:
            computing[units[call.id]] += call.computing_ms
    in_units = sum(computing.values())
    if in_units > recording.cpu_ms > 0:  # clocks of threads and of the process are not read at once
        return {unit: each * recording.cpu_ms / in_units for unit, each in computing.items()}
    return computing


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
    return (
        tuple((before, length, 0.0) for is_set_up, before, length in found if is_set_up),
        tuple((before, length, 0.0) for is_set_up, before, length in found if not is_set_up),
    )
