"""How the command shows invocations: a table for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from typing import TYPE_CHECKING, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.invocation import Invocation
    from meantime.tools.emulator.mechanisms import Mechanisms

_TOO_DEEP: Final = "(nested too deeply to be shown)"


def show(function: Function, mechanisms: Mechanisms, invocations: Sequence[Invocation], *, log: bool) -> None:
    """Print the answers, the logs if wanted, the report table and the summary."""
    console = Console(soft_wrap=True, highlight=False)
    indent = 2 if len(invocations) == 1 else None
    for invocation in invocations:
        if log:
            typer.echo(
                typer.style(_printable(invocation.log.rstrip("\n")), dim=True)
            )  # rich would turn tabs into spaces
        console.print(Text(_shown(invocation.payload, indent)))
    typer.echo()
    Console(highlight=False).print(_table(invocations))
    typer.echo()
    console.print(_summary(invocations))
    console.print(_limits(function, mechanisms))


def as_json(function: Function, mechanisms: Mechanisms, invocations: Sequence[Invocation]) -> str:
    """Return everything as one JSON object; what JSON has no number for, NaN and the like, is text in it."""
    durations = [invocation.duration_ms for invocation in invocations]
    document = {
        "function": {
            "name": function.name,
            "handler": function.handler,
            "memory_mb": function.memory_mb,
            "timeout": function.timeout,
            "cpu_share": function.cpu_share,
        },
        "mechanisms": dataclasses.asdict(mechanisms),
        "invocations": [_fields(invocation) for invocation in invocations],
        "summary": {
            "count": len(invocations),
            "succeeded": sum(invocation.error is None for invocation in invocations),
            "cold": sum(invocation.cold for invocation in invocations),
            "p50_ms": percentile(durations, 50),
            "p95_ms": percentile(durations, 95),
        },
    }
    return json.dumps(document, indent=2, default=repr, allow_nan=False)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of all values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _table(invocations: Sequence[Invocation]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("", "environment", "start"):
        table.add_column(name, no_wrap=True)
    for name in ("init\nms", "duration\nms", "billed\nms", "memory\nMB"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for number, invocation in enumerate(invocations, start=1):
        table.add_row(
            str(number),
            invocation.environment_id[:8],
            "cold" if invocation.cold else "warm",
            "" if invocation.init_ms is None else f"{invocation.init_ms:.2f}",
            f"{invocation.duration_ms:.2f}",
            str(invocation.billed_ms),
            str(invocation.max_memory_used_mb),
            Text(_printable(invocation.error.error_type), style="red")
            if invocation.error
            else Text("ok", style="green"),
        )
    return table


def _summary(invocations: Sequence[Invocation]) -> str:
    durations = [invocation.duration_ms for invocation in invocations]
    succeeded = sum(invocation.error is None for invocation in invocations)
    cold = sum(invocation.cold for invocation in invocations)
    return (
        f"{len(invocations)} invoked, {succeeded} succeeded, {cold} cold; "
        f"duration p50 {percentile(durations, 50):.2f} ms, p95 {percentile(durations, 95):.2f} ms"
    )


def _limits(function: Function, mechanisms: Mechanisms) -> str:
    share = f"{function.cpu_share:.2f} of a core at {function.memory_mb} MB"
    cpu = f"CPU limited to {share} by {mechanisms.cpu}" if mechanisms.cpu != "none" else "CPU not limited"
    frozen = f"frozen between invocations by {mechanisms.freeze}" if mechanisms.freeze != "none" else "never frozen"
    memory = f"memory limited by {mechanisms.memory}" if mechanisms.memory != "none" else "memory not limited"
    return f"{cpu}; {frozen}; {memory}"


def _shown(payload: Any, indent: int | None) -> str:
    try:
        text = json.dumps(payload, indent=indent, ensure_ascii=False, default=repr)
        if text == _printable(text):
            return text
        return json.dumps(payload, indent=indent, default=repr)  # with escapes for what the terminal cannot show
    except RecursionError:
        return _TOO_DEEP


def _printable(text: str) -> str:
    """Return the text with escapes for what standard output cannot encode, such as half a surrogate pair."""
    encoding = sys.stdout.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _fields(invocation: Invocation) -> dict[str, Any]:
    fields = {field.name: getattr(invocation, field.name) for field in dataclasses.fields(invocation)}
    error = None if invocation.error is None else dataclasses.asdict(invocation.error)
    try:
        payload = _strict(invocation.payload)
        json.dumps({"invocations": [{"payload": payload}]}, indent=2, default=repr)
    except RecursionError:
        payload = _TOO_DEEP
    return {**fields, "error": error, "payload": payload}


def _strict(value: Any) -> Any:
    """Return the value with text for the numbers that JSON lacks."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _strict(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_strict(item) for item in value]
    return value
