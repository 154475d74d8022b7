"""The tables for people who read text: in the terminal through rich, and as Markdown for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from meantime.tools.report.breaking import broken
from meantime.tools.report.figures import plain
from meantime.tools.report.sheets import example_sheet, summary_sheet
from meantime.tools.report.wording import verdict_text

if TYPE_CHECKING:
    from rich.console import Console

    from meantime.tools.report.results import Example, Prices, Results
    from meantime.tools.report.sheets import Column, Row, Sheet

_GAP = 2  # between columns
_LEAST_TEXT = 8


def print_results(results: Results, console: Console) -> None:
    """Print a table and the verdicts per example, then the summary.

    Nothing is said by colour alone, and a terminal that knows only ASCII gets only ASCII.
    """
    for example in results.examples:
        console.print()
        console.print(_text(example.title, console, "bold"))
        if example.description:
            console.print(_text(example.description, console, "dim"))
        console.print(sheet_table(example_sheet(results, example), console))
        console.print()
        for verdict in example.verdicts:
            console.print(_text(verdict_text(verdict), console), soft_wrap=False)
    summary = summary_sheet(results)
    if summary.groups:
        console.print()
        console.print(_text(summary.title, console, "bold"))
        console.print(sheet_table(summary, console))
    console.print(_text(_legend(results.prices), console, "dim"))


def sheet_table(sheet: Sheet, console: Console, *, short_labels: bool = False) -> Table:
    """Lay a sheet out for a terminal: each group's label once, a free line between groups, the best bold.

    Args:
        sheet: The table.
        console: Where it will be printed.
        short_labels: Whether every label fits on a line; then other long cells run on below themselves.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False, show_edge=False)
    for column in sheet.columns:
        table.add_column(
            _text(column.heading, console),
            justify="right" if column.figures else "left",
            no_wrap=column.figures,
            overflow="ellipsis" if column.figures else "fold",
        )
    widths = _widths(sheet, console.width)
    for group in sheet.groups:
        if short_labels:
            for number, row in enumerate(group.rows, start=1):
                styled = [
                    _text(cell if column.figures else broken(cell, width), console, _style(row, column))
                    for cell, column, width in zip(row.cells, sheet.columns[1:], widths, strict=True)
                ]
                label = group.label if number == 1 else ""
                table.add_row(_text(label, console), *styled, end_section=number == len(group.rows) > 1)
            continue
        # A group is one row of several lines, so that a long label runs on beside them.
        cells = [
            Text("\n").join(_text(row.cells[index], console, _style(row, column)) for row in group.rows)
            for index, column in enumerate(sheet.columns[1:])
        ]
        table.add_row(_text(group.label, console), *cells, end_section=True)
    return table


def _widths(sheet: Sheet, whole: int) -> list[int]:
    """How wide each column but the first may be: what is no figure has the place that figures leave it."""
    rows = [(group.label, *row.cells) for group in sheet.groups for row in group.rows]
    cells = list(zip([column.heading for column in sheet.columns], *rows, strict=True))
    natural = [max(map(len, column)) for column in cells]
    left = whole - sum(natural) - _GAP * (len(natural) - 1)
    texts = [index for index, column in enumerate(sheet.columns) if index and not column.figures]
    widest = max(texts, key=lambda index: natural[index], default=None)
    if left < 0 and widest is not None:
        natural[widest] = max(_LEAST_TEXT, natural[widest] + left)
    return natural[1:]


def markdown(results: Results) -> str:
    """Give the summary, then each example's table and verdicts, as Markdown."""
    parts = []
    summary = summary_sheet(results)
    if summary.groups:
        parts.append(sheet_markdown(summary))
    parts += [example_markdown(results, example) for example in results.examples]
    parts.append(escaped(_legend(results.prices)))
    return "\n\n".join(parts) + "\n"


def example_markdown(results: Results, example: Example) -> str:
    """Give one example as Markdown: its title as a heading, its table, its verdicts."""
    parts = [f"### {escaped(example.title)}"]
    if example.description:
        parts.append(escaped(example.description))
    parts.append(sheet_markdown(example_sheet(results, example)))
    if example.verdicts:
        parts.append("\n".join(f"- {escaped(verdict_text(verdict))}" for verdict in example.verdicts))
    return "\n\n".join(parts)


def sheet_markdown(sheet: Sheet) -> str:
    """Give a sheet as a Markdown table whose source lines up as well; best rows are bold."""
    lines = [[escaped(column.heading) for column in sheet.columns]]
    for group in sheet.groups:
        for row in group.rows:
            cells = [escaped(cell) for cell in (group.label, *row.cells)]
            lines.append(
                [
                    f"**{cell}**" if row.best and column.key else cell
                    for cell, column in zip(cells, sheet.columns, strict=True)
                ]
            )
    widths = [max(3, *(len(line[index]) for line in lines)) for index in range(len(sheet.columns))]
    rule = [
        f"{'-' * (width - 1)}:" if column.figures else "-" * width
        for column, width in zip(sheet.columns, widths, strict=True)
    ]
    padded = [
        [
            cell.rjust(width) if column.figures else cell.ljust(width)
            for column, cell, width in zip(sheet.columns, line, widths, strict=True)
        ]
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (padded[0], rule, *padded[1:]))


def escaped(text: str) -> str:
    """Write a text so that Markdown shows it as it is, on one line."""
    for sign in ("\\", "|", "*", "_", "`", "<", ">", "$", "[", "~"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _style(row: Row, column: Column) -> str:
    if row.muted:
        return "dim"
    return "bold" if row.best and column.key else ""


def _legend(prices: Prices) -> str:
    return (
        "p50, p95: duration of warm invocations; faster: against sequential at the same memory; "
        f"$/million: US dollars per million invocations, {prices.region} {prices.architecture}, {prices.date}; "
        "cold: init duration."
    )


def _text(text: str, console: Console, style: str = "") -> Text:
    return Text(plain(text, console.encoding), style=style)
