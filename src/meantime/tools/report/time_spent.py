"""Where an invocation's time went, in a terminal: one bar of characters, and what each part of it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from meantime.tools.report.figures import decimals_for, milliseconds, plain
from meantime.tools.report.shares import PARTS
from meantime.tools.report.signs import STYLES, signs_for

if TYPE_CHECKING:
    from rich.console import Console

    from meantime.tools.report.recording import Recording
    from meantime.tools.report.shares import Part

_SIGNS = {
    "waiting_alone_ms": "waiting",
    "waiting_together_ms": "together",
    "computing_ms": "computing",
    "lock_ms": "lock",
    "throttled_ms": "held_up",
    "unexplained_ms": "unexplained",
}
_BAR_MOST = 100


def print_time_spent(recording: Recording, console: Console) -> None:
    """Print the accounting of one recording; parts that took nothing are left out."""
    parts = [(part, value) for part in PARTS if (value := getattr(recording.accounting, part.field)) > 0]
    whole = sum(value for _, value in parts)
    if not whole:
        console.print("Nothing was recorded of where the time went.")
        return
    signs = signs_for(console.encoding)
    bar = Text()
    for (part, _), cells in zip(
        parts, _cells([value for _, value in parts], min(console.width, _BAR_MOST)), strict=True
    ):
        sign = _SIGNS[part.field]
        bar.append(getattr(signs, sign) * cells, STYLES.get(sign, ""))
    console.print(bar)
    console.print(_table(parts, whole, console))


def _table(parts: list[tuple[Part, float]], whole: float, console: Console) -> Table:
    signs = signs_for(console.encoding)
    decimals = decimals_for(value for _, value in parts)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    for part, value in parts:
        sign = _SIGNS[part.field]
        table.add_row(
            Text(getattr(signs, sign), STYLES.get(sign, "")),
            part.name,
            f"{milliseconds(value, decimals)} ms",
            _percent(value / whole),
            plain(part.meaning, console.encoding),
        )
    return table


def _cells(values: list[float], width: int) -> list[int]:
    """Divide the bar by the largest remainders; what is there at all gets a cell."""
    whole = sum(values)
    exact = [value / whole * width for value in values]
    cells = [max(1, int(share)) for share in exact]
    by_remainder = sorted(range(len(values)), key=lambda index: exact[index] - cells[index], reverse=True)
    for index in by_remainder[: max(0, width - sum(cells))]:
        cells[index] += 1
    while sum(cells) > width:
        cells[cells.index(max(cells))] -= 1
    return cells


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else "under 1%"  # noqa: PLR2004  # what rounds to nothing is not nothing
