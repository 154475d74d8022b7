"""What advice is made from: the runs of a function, what was recorded of it, its source, the model and the prices."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.measure.dependence import Dependence, independent_groups
from meantime.tools.measure.estimating import estimated
from meantime.tools.measure.pricing import billed, cost_per_million
from meantime.tools.measure.source.files import SourceFiles
from meantime.tools.report.advice import Estimate
from meantime.tools.report.comparison import NOISE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meantime.tools.measure.memory_sizes import Predict
    from meantime.tools.report.advice import MemoryPoint
    from meantime.tools.report.recording import RecordedCall, Recording
    from meantime.tools.report.results import Prices, Run

_LEAST_MS = 1.0  # that a change has to win


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One function at one memory size.

    Args:
        run: The run that is advised about.
        others: Its runs at other memory sizes.
        recording: Its recording.
        prices: What a GB-second and a request cost.
        predict: The model.
        recordings: More recordings of the same work.
        points: Speed and cost by memory size.
        folder: The function's folder; None where there is none to be read.
        handler: `app.lambda_handler`.
        options: What else the command that verifies an advice needs, such as `--event event.json`.
    """

    run: Run
    recording: Recording
    prices: Prices
    predict: Predict
    others: Sequence[Run] = ()
    recordings: Sequence[Recording] = ()
    points: Sequence[MemoryPoint] = ()
    folder: Path | None = None
    handler: str = ""
    options: str = "--event event.json"
    _known: dict[object, Estimate] = field(default_factory=dict)

    @cached_property
    def dependence(self) -> Dependence:
        """What may go side by side."""
        return independent_groups(self.recording, self.folder)

    @cached_property
    def files(self) -> SourceFiles:
        """The function's source."""
        return SourceFiles(Path(self.folder or self.recording.code or "."))

    @property
    def memory_mb(self) -> int:
        """Its memory size."""
        return self.run.memory_mb

    @property
    def share(self) -> float:
        """How many cores it has."""
        return cpu_share(self.memory_mb)

    @property
    def median_ms(self) -> float:
        """What an invocation takes now."""
        return self.run.p50_ms

    @cached_property
    def calls(self) -> dict[int, RecordedCall]:
        """The recorded calls by identifier."""
        return {call.id: call for call in self.recording.calls}

    @cached_property
    def library_calls(self) -> list[RecordedCall]:
        """The calls of libraries: those that are no part of another one."""
        items = {call.id for call in self.recording.calls if call.kind == "item"}
        return [
            call
            for call in self.recording.calls
            if call.kind != "item" and (call.parent is None or call.parent in items)
        ]

    def predicted(
        self, groups: tuple[tuple[int, ...], ...], executor: str, width: int, memory_mb: int | None = None
    ) -> Estimate:
        """What an invocation would take with these groups side by side."""
        size = memory_mb or self.memory_mb
        key = (groups, executor, width, size)
        if key not in self._known:
            self._known[key] = estimated(
                self.run,
                self.others,
                self.recordings,
                predict=self.predict,
                groups=groups,
                executor=executor,
                width=width,
                memory_mb=size,
            )
        return self._known[key]

    def without(self, milliseconds: float, *, unsure: float = 0.3) -> Estimate:
        """What an invocation would take without a part of it, of which so much is unsure."""
        value = max(0.0, self.median_ms - milliseconds)
        return Estimate(
            value=value,
            low=max(0.0, value - unsure * milliseconds),
            high=min(self.median_ms, value + unsure * milliseconds),
        )

    def cost(self, duration: Estimate, memory_mb: int | None = None) -> Estimate:
        """What a million invocations of that length cost."""
        value, low, high = (
            cost_per_million(self.prices, billed(milliseconds), memory_mb or self.memory_mb)
            for milliseconds in (duration.value, duration.low, duration.high)
        )
        return Estimate(value=value, low=low, high=high)

    def is_worth_it(self, duration: Estimate) -> bool:
        """Whether a predicted duration is shorter than now by more than noise."""
        now = self.run.interval_ms[0] if self.run.interval_ms else self.median_ms
        return (
            duration.value * NOISE < self.median_ms
            and duration.high < max(now, self.median_ms / NOISE)
            and self.median_ms - duration.value >= _LEAST_MS
        )

    def verify(self, change: str = "", *, sizes_mb: Sequence[int] = ()) -> str:
        """The command that shows whether an advice holds.

        Args:
            change: What is changed, in a word; empty where the code stays as it is. A changed copy of its folder is
                measured beside it; where the change is a patch, its file is named instead, once it is written.
            sizes_mb: The memory sizes to measure at; its own unless said.
        """
        sizes = ",".join(str(size) for size in sizes_mb or (self.memory_mb,))
        handler = self.handler or self.recording.handler or "app.lambda_handler"
        options = f" {self.options}" if self.options else ""
        return f"meantime measure {handler}{options} --memory {sizes}" + (" --with-change ../changed" if change else "")

    def saved(self, duration: Estimate) -> str:
        """What a predicted duration saves, in words."""
        now = cost_per_million(self.prices, billed(self.median_ms), self.memory_mb)
        cost = self.cost(duration).value
        money = f", and {usd(now - cost)} of {usd(now)} per million invocations" if now - cost > 0.005 else ""  # noqa: PLR2004  # half a cent
        return f"{ms(self.median_ms - duration.value)} of {ms(self.median_ms)}{money}"


def ms(milliseconds: float) -> str:
    """Milliseconds for a reader."""
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"  # noqa: PLR2004  # two digits


def usd(dollars: float) -> str:
    """Money for a reader."""
    return f"${dollars:,.2f}"


def in_words(estimate: Estimate) -> str:
    """A duration with its range."""
    return f"{ms(estimate.value)} ({math.floor(estimate.low):,} to {math.ceil(estimate.high):,})"


def lines_of(calls: Iterable[RecordedCall]) -> tuple[str, ...]:
    """Where calls are made, each line once."""
    return tuple(dict.fromkeys(call.line for call in calls if call.line))


def listed(names: Iterable[str], most: int = 3) -> str:
    """Names in a row, not too many."""
    found = list(dict.fromkeys(names))
    shown = found[:most]
    rest = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(shown) + rest
