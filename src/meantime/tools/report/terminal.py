"""What `meantime measure` says in a terminal: the diagnosis, the numbers, where the time went, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from meantime.tools.report.conditions import conditions
from meantime.tools.report.figures import ARROW, decimals_for, memory, milliseconds, plain
from meantime.tools.report.measured_sheets import (
    INSIDE_NOISE,
    bill_sheet,
    handlers_sheet,
    memory_sheet,
    savings,
    told_of,
    what_if_sheet,
    what_if_sizes,
)
from meantime.tools.report.promises import advised_size, promises
from meantime.tools.report.recorded_run import recorded_run
from meantime.tools.report.recording_report import print_observations
from meantime.tools.report.table import sheet_table
from meantime.tools.report.time_spent import print_time_spent
from meantime.tools.report.waterfall import print_waterfall
from meantime.tools.report.wording import in_short, verdict_text

if TYPE_CHECKING:
    from rich.console import Console

    from meantime.tools.report.advice import Advice
    from meantime.tools.report.results import Example, Results


def print_report(results: Results, console: Console, *, most: int = 30) -> None:
    """Print all that was measured, for one function after the other.

    Nothing is said by colour alone, a terminal that knows only ASCII gets only ASCII, and 80 columns are enough.

    Args:
        results: What was measured.
        console: Where to.
        most: How many lines a waterfall may have before alike calls become one.
    """
    for example in results.examples:
        _Report(results, example, console).print(most)
    console.print()
    for sentence in conditions(results):
        console.print(_text(sentence, console, "dim"))


_INDENT = 3
_WHAT_IF_LABELS = 19  # columns for the executor and the number


class _Report:
    """The report on one function."""

    def __init__(self, results: Results, example: Example, console: Console) -> None:
        self._results = results
        self._example = example
        self._console = console

    def print(self, most: int) -> None:
        """Print every part for which there are numbers."""
        example = self._example
        self._say("")
        self._say(example.title, "bold")
        if example.description:
            self._say(example.description, "dim")
        if example.diagnosis is not None:
            self._say("")
            self._say(in_short(example.diagnosis))
        self._numbers()
        self._recorded(most)
        self._advice()
        self._what_if()
        self._memory()
        self._bill()

    def _numbers(self) -> None:
        sheet = handlers_sheet(self._results, self._example)
        if not sheet.groups:
            return
        self._say("")
        self._console.print(sheet_table(sheet, self._console, short_labels=True))
        said = [(verdict_text(verdict), "") for verdict in self._example.verdicts]
        if any(INSIDE_NOISE in row.cells for group in sheet.groups for row in group.rows):
            said.append((f"{INSIDE_NOISE}: the difference is inside the noise of these invocations.", "dim"))
        if said:
            self._say("")
        for sentence, style in said:
            self._say(sentence, style)

    def _recorded(self, most: int) -> None:
        run = recorded_run(self._results, self._example)
        if run is None or run.recording is None:
            return
        took = milliseconds(run.recording.duration_ms, decimals_for((run.recording.duration_ms,)))
        self._head(f"Where the time went: {run.variant} at {memory(run.memory_mb)}, one invocation of {took} ms")
        print_time_spent(run.recording, self._console)
        self._say("")
        print_waterfall(run.recording, self._console, most=most)
        print_observations(run.recording, self._console)

    def _advice(self) -> None:
        if not self._example.advice:
            return
        size, why = advised_size(self._results, self._example)
        self._head(f"What to do at {size}" if size else "What to do")
        if why:
            self._say(why, "dim")
        for number, advice in enumerate(self._example.advice, start=1):
            if number > 1:
                self._say("")
            title = Table.grid()
            title.add_row(f"{number}.".ljust(_INDENT), _text(advice.title, self._console, "bold"))
            self._console.print(title)
            for line, style in self._advice_lines(advice):
                self._console.print(Padding(_text(line, self._console, style), (0, 0, 0, _INDENT), expand=False))
            # Code and commands are for copying: where a line is too long, the terminal itself breaks it.
            for line in advice.change.splitlines():
                self._console.print(_text(f"{' ' * _INDENT}  {line}", self._console), soft_wrap=True)
            if advice.patch:
                where = f"The change as a patch, for git apply: {advice.patch}"
                self._console.print(_text(f"{' ' * _INDENT}{where}", self._console), soft_wrap=True)
            if advice.verify:
                self._console.print(_text(f"{' ' * _INDENT}Verify: {advice.verify}", self._console), soft_wrap=True)

    def _advice_lines(self, advice: Advice) -> list[tuple[str, str]]:
        """Its sentences, each with its style."""
        lines = [(advice.text, "")]
        if advice.lines:
            lines.append((f"Where: {', '.join(advice.lines)}", ""))
        for promise in promises(self._results, self._example, advice):
            before = f"{promise.before} {ARROW} " if promise.before else ""
            change = f"; {promise.change}" if promise.change else ""
            lines.append((f"Then: {before}{promise.after} {promise.unit} ({promise.between}){change}", "bold"))
        if advice.assumption:
            lines.append((f"Holds {advice.assumption}.", ""))
        return lines

    def _what_if(self) -> None:
        sheet = what_if_sheet(self._example)
        if not sheet.groups:
            return
        self._head(sheet.title + self._of())
        # As many sizes beside each other as there is place for; the others below.
        longest = max(len(cell) for group in sheet.groups for row in group.rows for cell in row.cells)
        beside = max(1, (self._console.width - _WHAT_IF_LABELS) // (max(longest, len(memory(10_240))) + 1))
        sizes = what_if_sizes(self._example)
        for first in range(0, len(sizes), beside):
            part = what_if_sheet(self._example, sizes[first : first + beside])
            self._console.print(sheet_table(part, self._console, short_labels=True))
        if any(prediction.measured_ms is not None for prediction in self._example.predictions):
            self._say("Predicted; behind a slash what was measured.", "dim")
        else:
            self._say("Predicted.", "dim")

    def _memory(self) -> None:
        if not self._example.memory_points:
            return
        self._head(f"Memory{self._of()}")
        self._console.print(sheet_table(memory_sheet(self._example), self._console, short_labels=True))
        if self._example.best_memory is not None:
            self._say(
                "balance: half cost, half duration, as AWS Lambda Power Tuning's balanced strategy weighs them.", "dim"
            )

    def _of(self) -> str:
        """Behind a heading: which of several handlers it is about."""
        name = told_of(self._results, self._example)
        return f": {name}" if name else ""

    def _bill(self) -> None:
        sheet = bill_sheet(self._results, self._example)
        if not sheet.groups:
            return
        rate = f" at {self._results.rate}" if self._results.rate else ""
        self._head(f"{sheet.title}{rate}")
        self._console.print(sheet_table(sheet, self._console, short_labels=True))
        for sentence in savings(self._results, self._example):
            self._say(sentence)

    def _head(self, text: str) -> None:
        self._say("")
        self._say(text, "bold")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(_text(text, self._console, style))


def _text(text: str, console: Console, style: str = "") -> Text:
    return Text(plain(text, console.encoding), style=style)
