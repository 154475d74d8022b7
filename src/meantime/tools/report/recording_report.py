"""One recording for people who read text: what it is, where its time went, its calls, and what else was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from meantime.tools.report.figures import decimals_for, memory, milliseconds, plain
from meantime.tools.report.observed import observed
from meantime.tools.report.signs import signs_for
from meantime.tools.report.time_spent import print_time_spent
from meantime.tools.report.waterfall import print_waterfall

if TYPE_CHECKING:
    from rich.console import Console

    from meantime.tools.report.recording import Recording


def print_recording(recording: Recording, console: Console, *, most: int = 30) -> None:
    """Print a recording by itself, as `meantime measure show FILE` does.

    Args:
        recording: The invocation.
        console: Where to.
        most: How many lines the waterfall may have before alike calls become one.
    """
    console.print(Text(plain(_title(recording), console.encoding), style="bold"))
    console.print(Text(plain(_facts(recording), console.encoding), style="dim"))
    console.print()
    print_time_spent(recording, console)
    console.print()
    print_waterfall(recording, console, most=most)
    print_observations(recording, console)


def print_observations(recording: Recording, console: Console) -> None:
    """Print what else was seen, a line each; nothing where there is nothing."""
    seen = observed(recording)
    if not seen:
        return
    bullet = signs_for(console.encoding).bullet
    console.print()
    console.print(Text("Seen on the way", style="bold"))
    lines = Table.grid(padding=(0, 1, 0, 0))
    for sentence in seen:
        lines.add_row(bullet, Text(plain(sentence, console.encoding)))
    console.print(lines)


def _title(recording: Recording) -> str:
    name = recording.handler or recording.function or "an invocation"
    size = f" at {memory(recording.memory_mb)}" if recording.memory_mb else ""
    took = milliseconds(recording.duration_ms, decimals_for((recording.duration_ms,)))
    return f"{name}{size}: {took} ms"


def _facts(recording: Recording) -> str:
    cpu = milliseconds(recording.cpu_ms, decimals_for((recording.cpu_ms,)))
    facts = [
        "cold start" if recording.cold else "warm",
        f"{cpu} ms of CPU",
        f"{len(recording.calls) + recording.dropped_calls:,} calls",
        f"{recording.explained:.1%} explained",
        f"Python {recording.python}",
        recording.date,
    ]
    if recording.request_id:
        facts.append(f"request {recording.request_id}")
    return ", ".join(facts)
