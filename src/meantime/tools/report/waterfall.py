"""The waterfall in a terminal: a line a call, with bars of waiting, computing and being held up."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from meantime.tools.report.breaking import broken
from meantime.tools.report.call_rows import call_rows
from meantime.tools.report.figures import decimals_for, milliseconds, plain
from meantime.tools.report.signs import STYLES, signs_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from meantime.tools.report.call_rows import CallRow
    from meantime.tools.report.recording import RecordedCall, Recording

    Stretch = tuple[float, float, str]

_LEAST_BAR = 16
_INDENT = 2
# From this width on there is place for what the bar cannot say exactly.
_WIDE = 110
_STATES = ("waiting", "computing", "held_up")


def print_waterfall(recording: Recording, console: Console, *, most: int = 30) -> None:
    """Print the calls of one recording.

    Args:
        recording: The invocation.
        console: Where to; nothing is said by colour alone, and an ASCII terminal gets ASCII.
        most: How many lines there may be before calls of the same name and line become one.
    """
    if not recording.calls:
        console.print("No calls were recorded: there is no waterfall.")
        return
    laid_out = call_rows(recording, most=most)
    console.print(_table(recording, laid_out.rows, console))
    signs = signs_for(console.encoding)
    console.print(Text(f"{signs.waiting} waiting  {signs.computing} computing  {signs.held_up} held up", style="dim"))
    for note in _notes(recording, laid_out.inner, laid_out.left_out):
        console.print(Text(plain(note, console.encoding), style="dim"))


class _Waits:
    """The waits of each call, those of the calls within it included."""

    def __init__(self, recording: Recording) -> None:
        self._inner: dict[int, list[int]] = defaultdict(list)
        self._own: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for call in recording.calls:
            if call.parent is not None:
                self._inner[call.parent].append(call.id)
        for wait in recording.waits:
            if wait.call is not None:
                self._own[wait.call].append((wait.start_ms, wait.end_ms))

    def within(self, call: RecordedCall) -> list[tuple[float, float]]:
        """Its waits without overlap, in order, none outside it."""
        found, to_see = [], [call.id]
        while to_see:
            identifier = to_see.pop()
            found += self._own[identifier]
            to_see += self._inner[identifier]
        clipped = sorted((max(start, call.start_ms), min(end, call.end_ms)) for start, end in found)
        joined: list[tuple[float, float]] = []
        for start, end in clipped:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            elif start < end:
                joined.append((start, end))
        if not joined and call.waiting_ms > 0:  # how long is known, but not when
            joined = [(call.start_ms, min(call.end_ms, call.start_ms + call.waiting_ms))]
        return joined


def _stretches(call: RecordedCall, waits: list[tuple[float, float]]) -> Iterator[Stretch]:
    """The call's time in order: what lies between its waits is held up and computing, in its overall parts."""
    between = call.duration_ms - sum(end - start for start, end in waits)
    computing = min(1.0, call.computing_ms / between) if between > 0 else 1.0
    at = call.start_ms
    for start, end in [*waits, (call.end_ms, call.end_ms)]:
        if start > at:
            turn = start - (start - at) * computing
            yield at, turn, "held_up"
            yield turn, start, "computing"
        yield start, end, "waiting"
        at = max(at, end)


def _bar(row: CallRow, waits: _Waits, whole_ms: float, width: int) -> list[str]:
    """What the row's calls mostly did in each cell: `waiting`, `computing`, `held_up`, or nothing, ``."""
    cell = whole_ms / width
    spent = [dict.fromkeys(_STATES, 0.0) for _ in range(width)]
    for call in row.calls:
        for start, end, state in _stretches(call, waits.within(call)):
            for index in range(max(0, int(start / cell)), min(width, int(end / cell) + 1)):
                spent[index][state] += max(0.0, min(end, (index + 1) * cell) - max(start, index * cell))
    drawn = [max(of_cell, key=lambda state: of_cell[state]) if any(of_cell.values()) else "" for of_cell in spent]
    if not any(drawn):  # too short to be seen is still there
        drawn[min(width - 1, int(row.start_ms / cell))] = "computing" if not row.calls[0].waiting_ms else "waiting"
    return drawn


def _table(recording: Recording, rows: tuple[CallRow, ...], console: Console) -> Table:
    encoding = console.encoding
    names = [plain(row.name + _failed(row), encoding) for row in rows]
    lines = [plain(row.line, encoding) for row in rows]
    decimals = decimals_for(row.end_ms - row.start_ms for row in rows)
    lengths = [milliseconds(row.end_ms - row.start_ms, decimals) for row in rows]
    columns = {"ms": lengths}
    if console.width >= _WIDE:
        columns |= _details(rows)
    figures = sum(max(len(head), *map(len, cells)) + 2 for head, cells in columns.items())
    line_width = min(max(map(len, [*lines, "line"])), console.width // 5)
    longest = max(_INDENT * row.depth + len(name) for row, name in zip(rows, names, strict=True))
    name_width = min(max(longest, len("call")), max(12, console.width * 3 // 10))
    bar_width = max(_LEAST_BAR, console.width - name_width - line_width - figures - 4)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("call", width=name_width, overflow="fold")
    table.add_column("line", width=line_width, overflow="fold")
    table.add_column(_scale(_end_of(recording), bar_width), width=bar_width, no_wrap=True)
    for head in columns:
        table.add_column(head, justify="right", no_wrap=True)
    waits = _Waits(recording)
    for row, name, line, *cells in zip(rows, names, lines, *columns.values(), strict=True):
        label = Padding(Text(name), (0, 0, 0, min(_INDENT * row.depth, name_width // 2)))
        table.add_row(
            label,
            Text(broken(line, line_width)),
            _drawn(_bar(row, waits, _end_of(recording), bar_width), encoding),
            *cells,
        )
    return table


def _failed(row: CallRow) -> str:
    """That it ended with an exception, and with which; of several, how many of them did."""
    errors = [call.error for call in row.calls if call.error]
    if not errors:
        return ""
    count = f"{len(errors):,} x " if len(row.calls) > 1 else ""
    return f" ! {count}{', '.join(dict.fromkeys(errors))}"


def _end_of(recording: Recording) -> float:
    """Where the picture ends: what is left over may go on after the handler's answer."""
    return max(recording.duration_ms, *(call.end_ms for call in recording.calls)) or 1.0


def _details(rows: tuple[CallRow, ...]) -> dict[str, list[str]]:
    sums = {
        "each": [row.each_ms for row in rows],
        "waiting": [sum(call.waiting_ms for call in row.calls) for row in rows],
        "computing": [sum(call.computing_ms for call in row.calls) for row in rows],
        "held up": [sum(call.held_up_ms for call in row.calls) for row in rows],
    }
    return {head: [milliseconds(value, decimals_for(values)) for value in values] for head, values in sums.items()}


def _scale(duration_ms: float, width: int) -> str:
    end = f"{milliseconds(duration_ms, decimals_for((duration_ms,)))} ms"
    return f"0{end.rjust(width - 1)}"


def _drawn(cells: list[str], encoding: str) -> Text:
    signs = signs_for(encoding)
    text = Text()
    for state in cells:
        text.append(getattr(signs, state) if state else " ", STYLES.get(state, ""))
    return text


def _notes(recording: Recording, inner: int, left_out: tuple[CallRow, ...]) -> Iterator[str]:
    """What the picture does not show, so that nothing is left out unsaid."""
    if inner:
        yield f"{_count(inner, 'call')} within these, such as attempts and redirects, {_is(inner)} not drawn."
    if left_out:
        longest = max(left_out, key=lambda row: row.together_ms)
        total = milliseconds(sum(row.together_ms for row in left_out))
        rows = _count(len(left_out), "shorter line")
        yield f"{rows} found no place, together {total} ms; the longest is {longest.name} ({longest.line})."
    if recording.dropped_calls:
        dropped = recording.dropped_calls
        yield f"{_count(dropped, 'call')} more {_is(dropped)} in the sums but not in the recording, which was full."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
