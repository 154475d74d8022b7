"""How the command shows a mapping: live on a terminal while it runs, a table or one JSON document at its end."""

from __future__ import annotations

import dataclasses
import json
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from meantime import clock

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from meantime.tools.emulator.mappings.mapping import Mapping
    from meantime.tools.emulator.mappings.statistics import Statistics

_RATE_OVER: Final = 2.0
_LONGEST_MESSAGE: Final = 200
_LEFT: Final = ("done", "per second", "waiting", "invisible", "redelivered", "dead letters", "given up")
_RIGHT: Final = ("in flight", "of at most", "environments", "invocations", "failed", "partly failed", "throttled")


class Display:
    """The live picture, on standard error if that is a terminal; otherwise nothing."""

    def __init__(self, source: str, *, wanted: bool) -> None:
        console = Console(stderr=True)
        self._source = source
        self._live = (
            Live(console=console, transient=True, auto_refresh=False) if wanted and console.is_terminal else None
        )
        self._seen: deque[tuple[float, int]] = deque()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, statistics: Statistics) -> None:
        """Show these counters from now on."""
        rate = self._rate(statistics)
        if self._live is not None:
            self._live.update(picture(self._source, statistics, rate), refresh=True)

    def print(self, text: str) -> None:
        """Print a function's log, above the picture if there is one."""
        console = self._live.console if self._live is not None else Console(stderr=True)
        console.print(Text(text.rstrip("\n")), style="dim", soft_wrap=True)

    def _rate(self, statistics: Statistics) -> float:
        """Return records done a second, lately."""
        now = clock.monotonic()
        self._seen.append((now, statistics.done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _RATE_OVER:  # noqa: PLR2004  # two points make a rate
            self._seen.popleft()
        (began, before), (ended, after) = self._seen[0], self._seen[-1]
        return (after - before) / (ended - began) if ended > began else 0.0


def picture(source: str, statistics: Statistics, rate: float) -> Group:
    """Return the counters in two columns, below the name of the source."""
    values = {
        "done": f"{statistics.done:,}",
        "per second": f"{rate:,.1f}",
        "waiting": _number(statistics.waiting),
        "invisible": _number(statistics.invisible),
        "redelivered": f"{statistics.redelivered:,}",
        "dead letters": _number(statistics.dead_letters),
        "given up": f"{statistics.discarded:,}",
        "in flight": f"{statistics.in_flight:,} with {statistics.records_in_flight:,} records",
        "of at most": f"{statistics.concurrency:,}",
        "environments": f"{statistics.environments:,}",
        "invocations": f"{statistics.invocations:,}",
        "failed": f"{statistics.failures:,}",
        "partly failed": f"{statistics.partials:,}",
        "throttled": f"{statistics.throttles:,}",
    }
    columns = [_column({name: values[name] for name in names if values[name]}) for names in (_LEFT, _RIGHT)]
    head = Text(f"{source}, {statistics.elapsed:.0f} s", style="bold")
    return Group(head, Columns(columns, padding=(0, 4)), *map(Text, _errors(statistics)))


def summary(mapping: Mapping, statistics: Statistics) -> Group:
    """Return what there is to say at the end."""
    share = f"{mapping.function.cpu_share:.2f} of a core at {mapping.function.memory_mb} MB"
    cpu = mapping.mechanisms.cpu
    limit = f"CPU limited to {share} by {cpu}" if cpu != "none" else "CPU not limited"
    return Group(picture(mapping.name, statistics, statistics.per_second), Text(limit))


def as_json(mapping: Mapping, statistics: Statistics, *, drained: bool, interrupted: bool) -> str:
    """Return everything as one JSON object."""
    function = mapping.function
    document: dict[str, Any] = {
        "function": {
            "name": function.name,
            "handler": function.handler,
            "memory_mb": function.memory_mb,
            "timeout": function.timeout,
            "cpu_share": function.cpu_share,
        },
        "source": mapping.name,
        "settings": dataclasses.asdict(mapping.settings),
        "mechanisms": dataclasses.asdict(mapping.mechanisms),
        "warnings": list(mapping.warnings),
        "statistics": statistics.as_dict(),
        "drained": drained,
        "interrupted": interrupted,
    }
    return json.dumps(document, indent=2, default=_time)


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is nothing JSON can hold")


def _column(values: dict[str, str]) -> Table:
    table = Table(box=box.SIMPLE, show_header=False, show_edge=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for name, value in values.items():
        table.add_row(name, value)
    return table


def _errors(statistics: Statistics) -> list[str]:
    most = sorted(statistics.errors.items(), key=lambda each: -each[1])[:5]
    return [f"{number:,} x {kind}{_said(statistics.messages.get(kind, ''))}" for kind, number in most]


def _said(message: str) -> str:
    """What the last error of a kind said, on one line."""
    line = " ".join(message.split())
    if not line:
        return ""
    return f", the last: {line[:_LONGEST_MESSAGE]}{'…' if len(line) > _LONGEST_MESSAGE else ''}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
