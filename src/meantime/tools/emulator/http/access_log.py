"""What the command prints while it serves: a line a request, and beside it what the function logged."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import typer
from rich.console import Console
from rich.text import Text

from meantime.tools.emulator.http.response import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.emulator.http.exchange import Exchange
    from meantime.tools.emulator.invocation import Invocation

CLIENT_LEFT: Final = 499
"""The status of a request whose client was gone before its response, as nginx counts it."""

_STYLES: Final = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}
_LAMBDAS_OWN: Final = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_REPORT Init Duration: ")
_RUNTIME_WARNING: Final = "LAMBDA_WARNING: Unhandled exception."  # a screenful of advice beside each error at start
_TARGET_WIDTH: Final = 24
_LONGEST_LINE: Final = 200


class FunctionLog(StrEnum):
    """What is shown of the function's log."""

    function = "function"
    all = "all"
    none = "none"


class AccessLog:
    """Prints requests on standard output, and the function's log on standard error.

    Args:
        log: What of the function's log.
        as_json: Whether a request is a JSON object, for programs.
    """

    def __init__(self, *, log: FunctionLog = FunctionLog.function, as_json: bool = False) -> None:
        self._log = log
        self._as_json = as_json
        self._noted: set[str] = set()
        self._out = Console(highlight=False, soft_wrap=True)
        self._error = Console(stderr=True, highlight=False, soft_wrap=True)

    def exchange(self, exchange: Exchange) -> None:
        """Print the line of a request."""
        if self._as_json:
            sys.stdout.write(json.dumps(fields(exchange)) + "\n")
            sys.stdout.flush()
        else:
            self._print(self._out, _line(exchange))

    def invocation(self, invocation: Invocation) -> None:
        """Print what the function logged."""
        if self._log is FunctionLog.none:
            return
        lines = invocation.log.splitlines()
        if self._log is FunctionLog.function:
            lines = [line for line in lines if line and not _is_lambdas_own(line)]
        for line in lines:
            typer.echo(typer.style(f"         │ {line}", dim=True), err=True)  # rich would turn tabs into spaces

    def note(self, text: str, style: str = "bold") -> None:
        """Print a line that is about the front itself, on standard error."""
        self._print(self._error, Text(f"{datetime.now().astimezone():%H:%M:%S} {text}", style=style))

    def note_once(self, text: str, style: str = "yellow") -> None:
        """Print a line about the front, unless it is empty or was printed before."""
        if text and text not in self._noted:
            self._noted.add(text)
            self.note(text, style)

    def _print(self, console: Console, text: Text) -> None:
        console.print(text)
        console.file.flush()


def fields(exchange: Exchange) -> dict[str, Any]:
    """Return what a program may want to know about a request."""
    request, invocation = exchange.request, exchange.invocation
    return {
        "time": datetime.fromtimestamp(request.time, UTC).isoformat(timespec="milliseconds"),
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "status": _status(exchange),
        "duration_ms": round(exchange.seconds * 1000, 3),
        "request_bytes": len(request.body),
        "response_bytes": exchange.sent,
        "cold": invocation.cold if invocation is not None else None,
        "init_ms": invocation.init_ms if invocation is not None else None,
        "billed_ms": invocation.billed_ms if invocation is not None else None,
        "request_id": request.id,
        "invocation_id": invocation.request_id if invocation is not None else None,
        "fault": exchange.fault.name if exchange.fault is not None else None,
        "problem": exchange.problem or None,
        "hint": exchange.hint or None,
    }


def _status(exchange: Exchange) -> int:
    if exchange.client_left:
        return CLIENT_LEFT
    return exchange.response.status if exchange.response is not None else 500  # an error of ours: aiohttp says so


def _is_lambdas_own(line: str) -> bool:
    return line.startswith(_LAMBDAS_OWN) or _RUNTIME_WARNING in line


def _line(exchange: Exchange) -> Text:
    known = fields(exchange)
    status: int = known["status"]
    target = exchange.request.path + (f"?{exchange.request.query}" if exchange.request.query else "")
    moment = datetime.fromtimestamp(exchange.request.time).astimezone()
    line = Text(f"{moment:%H:%M:%S} ")
    style = "yellow" if exchange.fault is Fault.CLOSED else _STYLES.get(status // 100, "")  # nothing failed there
    line.append(str(status), style=style)
    line.append(f" {exchange.request.method:<4} {_printable(target):<{_TARGET_WIDTH}}")
    line.append(f" {known['duration_ms']:8.1f} ms  ")
    line.append_text(_start(exchange.invocation))
    line.append(f" {exchange.sent:>8,} B")
    for text in _remarks(exchange):
        line.append(f"  {_printable(_one_line(text))}", style="red" if style == "red" else "yellow")
    if exchange.hint:
        line.append(f"  {exchange.hint}", style="yellow")
    return line


def _start(invocation: Invocation | None) -> Text:
    if invocation is None:
        return Text(f"{'':<34}")
    start = "warm" if not invocation.cold else "cold"
    init = f" init {invocation.init_ms:.0f} ms" if invocation.init_ms is not None else ""
    return Text(f"{start + init:<17} billed {invocation.billed_ms:>6} ms", style="magenta" if invocation.cold else "")


def _remarks(exchange: Exchange) -> Iterable[str]:
    if exchange.client_left:
        yield "the client left"
    if exchange.fault is not None and exchange.fault.value not in exchange.problem:
        yield f"{exchange.fault.value}: {exchange.problem}"
    elif exchange.problem:
        yield exchange.problem


def _one_line(text: str) -> str:
    """Return an error's first line, and its last where that says more; the function's log has all of it."""
    first, *rest = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    last = f" … {_shortened(rest[-1])}" if rest and rest[-1] not in first else ""
    return _shortened(first) + last


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
