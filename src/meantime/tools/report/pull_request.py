"""The summary for a pull request, as Markdown: the verdict, the table, the first advice, and the rest folded away."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from meantime.tools.report.conditions import conditions
from meantime.tools.report.figures import ARROW, memory
from meantime.tools.report.measured_sheets import (
    bill_sheet,
    handlers_sheet,
    memory_sheet,
    savings,
    told_of,
    what_if_sheet,
)
from meantime.tools.report.observed import observed
from meantime.tools.report.promises import advised_size, promises
from meantime.tools.report.recorded_run import recorded_run
from meantime.tools.report.shares import bars
from meantime.tools.report.table import escaped, sheet_markdown
from meantime.tools.report.wording import in_short, verdict_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from meantime.tools.report.advice import Advice
    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Example, Results, Run


def pull_request(results: Results, *, checks: Sequence[tuple[bool, str]] = ()) -> str:
    """Write the summary.

    Args:
        results: What was measured.
        checks: What became of each `--fail-if`: whether it failed, and the line that says so.
    """
    parts: list[str] = []
    for example in results.examples:
        parts += _example(results, example, checks if example is results.examples[0] else ())
    parts.append(_small(conditions(results)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _example(results: Results, example: Example, checks: Sequence[tuple[bool, str]]) -> Iterator[str]:
    yield f"### {escaped(example.title)}"
    if checks:
        yield "\n".join(f"- {'**failed**' if failed else 'passed'}: {escaped(text)}" for failed, text in checks)
    if example.diagnosis is not None:
        name, _, text = in_short(example.diagnosis).partition(": ")
        yield f"**{escaped(name)}**: {escaped(text)}"
    sheet = handlers_sheet(results, example)
    if sheet.groups:
        yield sheet_markdown(sheet)
    if example.verdicts:
        yield "\n".join(f"- {escaped(verdict_text(verdict))}" for verdict in example.verdicts)
    if example.advice:
        size, _ = advised_size(results, example)
        yield f"#### What to do at {size}" if size else "#### What to do"
        yield _advice(results, example, example.advice[0])
    yield from _details(results, example)


def _advice(results: Results, example: Example, advice: Advice) -> str:
    """One piece of advice: what, the promise, why, the change and how to verify it."""
    lines = [f"**{escaped(advice.title)}**"]
    for promise in promises(results, example, advice):
        before = f"{promise.before} {ARROW} " if promise.before else ""
        change = f"; {promise.change}" if promise.change else ""
        lines.append(escaped(f"{before}{promise.after} {promise.unit} ({promise.between}){change}"))
    why = advice.text + (f" It holds {advice.assumption}." if advice.assumption else "")
    lines.append(escaped(why))
    if advice.lines:
        lines.append(escaped(f"Where: {', '.join(advice.lines)}"))
    parts = ["  \n".join(lines)]  # two spaces end a line in Markdown
    if advice.change:
        parts.append(_fenced(advice.change, "diff" if advice.change.lstrip().startswith(("-", "+", "@")) else "python"))
    if advice.patch:
        parts.append(escaped(f"As a patch: {advice.patch}"))
    if advice.verify:
        parts.append(_fenced(advice.verify, "sh"))
    return "\n\n".join(parts)


def _details(results: Results, example: Example) -> Iterator[str]:
    if len(example.advice) > 1:
        count = len(example.advice) - 1
        rest = "\n\n".join(_advice(results, example, advice) for advice in example.advice[1:])
        yield _folded(f"{count} more {'piece' if count == 1 else 'pieces'} of advice", rest)
    name = told_of(results, example)
    of = f": {name}" if name else ""
    run = recorded_run(results, example)
    if run is not None and run.recording is not None:
        title = f"Where the time went: {run.variant} at {memory(run.memory_mb)}"
        yield _folded(title, _time_spent(run, run.recording))
    if example.predictions:
        sheet = what_if_sheet(example)
        yield _folded(f"{sheet.title}{of}", sheet_markdown(sheet))
    if example.memory_points:
        yield _folded(f"Speed and cost by memory size{of}", sheet_markdown(memory_sheet(example)))
    sheet = bill_sheet(results, example)
    if sheet.groups:
        rate = f" at {results.rate}" if results.rate else ""
        told = "\n".join(f"- {escaped(sentence)}" for sentence in savings(results, example))
        yield _folded(f"{sheet.title}{rate}", "\n\n".join(filter(None, (sheet_markdown(sheet), told))))


def _time_spent(run: Run, recording: Recording) -> str:
    (bar,) = bars([run])
    lines = [
        f"- {share.part.name}: {share.milliseconds} ms, {share.percent}"
        for share in bar.shares
        if getattr(recording.accounting, share.part.field) > 0
    ]
    lines += [f"- {escaped(sentence)}" for sentence in observed(recording)]
    return "\n".join(lines)


def _folded(title: str, text: str) -> str:
    """What GitHub shows folded; the empty lines make it read the inside as Markdown."""
    return f"<details>\n<summary>{escape(title, quote=False)}</summary>\n\n{text}\n\n</details>"


def _fenced(text: str, language: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"


def _small(sentences: Iterable[str]) -> str:
    return f"<sub>{' '.join(escaped(sentence) for sentence in sentences)}</sub>"
