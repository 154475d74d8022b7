"""Where the time of recorded invocations went: the parts of the accounting, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.report.figures import decimals_for, milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.report.results import Run


@dataclass(frozen=True)
class Part:
    """One part that every accounting has: its field, its name and what it means."""

    field: str
    name: str
    meaning: str

    @property
    def look(self) -> str:
        """The name by which style tells it from the others."""
        return self.field.removesuffix("_ms").replace("_", "-")


_TOLD_FROM_MS = 0.05

PARTS = (
    Part("waiting_alone_ms", "waiting alone", "One call waited and nothing else happened: what concurrency can win"),
    Part("waiting_together_ms", "waiting together", "Several calls waited at once, and nothing computed"),
    Part("computing_ms", "computing", "Some thread was on a CPU"),
    Part("lock_ms", "interpreter lock", "Threads stood in line for the interpreter's lock"),
    Part("throttled_ms", "no CPU", "Something was ready to compute but had no core: the CPU share, or other processes"),
    Part("unexplained_ms", "unexplained", "What is left"),
)


@dataclass(frozen=True)
class Share:
    """One part of one invocation.

    Args:
        part: Which.
        milliseconds: Its length in words.
        percent: Its part of the invocation, in words.
        width: Its length, in parts in 100 of the longest bar.
        told: Whether it is worth a word.
    """

    part: Part
    milliseconds: str
    percent: str
    width: float
    told: bool


@dataclass(frozen=True)
class Bar:
    """One recorded invocation."""

    run: Run
    duration: str
    shares: tuple[Share, ...]
    explained: str


def bars(runs: Iterable[Run]) -> tuple[Bar, ...]:
    """Give a bar for each run that has a recording, all to one scale."""
    recorded = [(run, run.recording) for run in runs if run.recording is not None]
    longest = max((recording.duration_ms for _, recording in recorded), default=0.0)
    found = []
    for run, recording in recorded:
        lengths = [(part, max(0.0, float(getattr(recording.accounting, part.field)))) for part in PARTS]
        shares = tuple(
            Share(
                part=part,
                milliseconds=milliseconds(length, decimals_for([length])),
                percent=_percent(length, recording.duration_ms),
                width=100 * length / longest if longest else 0.0,
                told=length >= _TOLD_FROM_MS,
            )
            for part, length in lengths
        )
        found.append(
            Bar(
                run=run,
                duration=milliseconds(recording.duration_ms, decimals_for([recording.duration_ms])),
                shares=shares,
                explained=f"{100 * recording.explained:.1f} %",
            )
        )
    return tuple(found)


def _percent(length: float, whole: float) -> str:
    share = 100 * length / whole if whole else 0.0
    return f"{share:.0f} %" if share >= 1 or not share else "under 1 %"
