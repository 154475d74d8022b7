"""The command `meantime measure`: what a function waits for, what to change, and what that saves."""

from __future__ import annotations

import asyncio
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperCommand

from meantime.tools.emulator.errors import EmulatorError
from meantime.tools.emulator.function_options import (  # noqa: TC001  # typer reads the hints at run time
    Code,
    Handler,
    Timeout,
    Variables,
)
from meantime.tools.emulator.handler_file import check_handler
from meantime.tools.emulator.variable_option import parsed_variables
from meantime.tools.measure import failing
from meantime.tools.measure.advised_patches import called_as, with_patches
from meantime.tools.measure.bill_options import Architecture, Billing, ColdStarts, Often
from meantime.tools.measure.changed_code import ChangedCode
from meantime.tools.measure.errors import MeasurementError, NothingMeasuredError
from meantime.tools.measure.event_options import named_events, told_again
from meantime.tools.measure.measurement import measured
from meantime.tools.measure.memory_option import memory_sizes
from meantime.tools.measure.reporting import RESULTS, Folder, Form, FormOption, MadeFolder, report
from meantime.tools.measure.show_command import app as showing
from meantime.tools.measure.work import INVOCATIONS, MEMORY_SIZES, RECORDINGS, TIMEOUT, Extent, Work

if TYPE_CHECKING:
    from meantime.tools.report.results import Prices, Results

_FAILED = 1
_BAD_INPUT = 2
_INTERRUPTED = 130
_MEMORY = [",".join(map(str, MEMORY_SIZES))]

Event = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE|-|JSON", help="The event: a file, - for standard input, or JSON itself; may be repeated."
    ),
]
Events = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A folder of events: each of its .json files is measured.")
]
Memory = Annotated[
    list[str],
    typer.Option(metavar="MB,MB", help="Memory sizes, which decide the CPU share, too; may be repeated."),
]
Against = Annotated[
    list[str] | None,
    typer.Option(metavar="HANDLER", help="Another handler in the same code folder to compare with; may be repeated."),
]
WithChange = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PATCH|DIR",
        help="Compare with a change in its code: a patch, as the advice has it, or a changed copy; may be repeated.",
    ),
]
Invocations = Annotated[
    int,
    typer.Option(min=2, metavar="N", help="Warm invocations of each handler at each memory size with each event."),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(metavar="CONDITION", help="Exit with 1 if it is so: 'p95 > 400ms'; may be repeated."),
]
NoRecord = Annotated[
    bool, typer.Option("--no-record", help="Only time it: no recording, so no advice and no predictions.")
]


class MeasureCommand(TyperCommand):
    """The command, or with `show` as its first word the other one: no handler has such a name, it lacks a dot."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the command line."""
        if args[:1] == ["show"]:
            return typer.main.get_command(showing).make_context(f"{info_name} show", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


def measure(
    handler: Handler,
    *,
    event: Event = None,
    events: Events = None,
    memory: Memory = _MEMORY,
    against: Against = None,
    with_change: WithChange = None,
    invocations: Invocations = INVOCATIONS,
    code: Code = Path(),
    env: Variables = None,
    timeout: Timeout = TIMEOUT,
    rate: Often = "",
    cold_starts: ColdStarts = "0%",
    architecture: Architecture = "x86_64",
    fail_if: FailIf = None,
    no_record: NoRecord = False,
    output: Folder = Path("build/measure"),
    form: FormOption = Form.text,
) -> None:
    """Say what a function waits for, what to change, and what that would save.

    Runs it in emulated environments with the CPU share of each memory size, in
    turn, and records a few warm invocations. Prints a report, and writes
    results.json and index.html, a page with all of it.

    Exits with 0; with 1 if the function failed or a --fail-if is so; with 2 if
    it could not be run as asked. Ctrl-C reports what is complete: 130.

    What was recorded or measured before: meantime measure show FILE...
    """
    folder = None
    handlers = {name: name for name in dict.fromkeys([handler, *(against or [])])}
    try:
        with ChangedCode(with_change or [], code, taken=handlers) as changes:
            work = Work(
                name=handler,
                handlers=handlers | {change.name: handler for change in changes},
                code=code,
                events=named_events(event or [], events),
                environment=parsed_variables(env or []),
                timeout=timeout,
                options=_again(event or [], events, code, env or [], timeout),
                changes={change.name: change for change in changes},
            )
            extent = Extent(
                memory_mb=memory_sizes(memory), invocations=invocations, recordings=0 if no_record else RECORDINGS
            )
            for variant in work.handlers:
                check_handler(work.function(variant, extent.memory_mb[0]))
            conditions = [failing.Condition.parse(text) for text in fail_if or []]
            for condition in conditions:
                condition.require(work.handlers, extent.memory_mb, recorded=not no_record, rated=bool(rate))
            billing = Billing(rate, cold_starts, architecture)
            folder = MadeFolder(output)
            if (output / RESULTS).is_file():
                typer.echo(f"{output} holds an earlier measurement, which this one replaces: see --output", err=True)
            results, interrupted = _measured(work, extent, billing.prices)
        results = billing.applied(results)
        results = with_patches(results, output, program=called_as(), in_use=with_change or [])
    except (ValueError, OSError, EmulatorError, MeasurementError, NothingMeasuredError) as error:
        if folder is not None:
            folder.remove_if_made()
        raise typer.Exit(_told(error)) from None
    findings = failing.check(conditions, results)
    checks = [(finding.failed, finding.text) for finding in findings]
    report(results, form, output, title=f"What {handler} waits for", checks=checks)
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if any(finding.failed for finding in findings):
        raise typer.Exit(_FAILED)


def _again(event: list[str], events: Path | None, code: Path, env: list[str], timeout: float) -> str:
    """The options with which another command measures the same, for a shell; values of variables are not in them."""
    options = told_again(event, events)
    options += ["--code", shlex.quote(str(code))] if code != Path() else []
    for setting in env:
        name = setting.partition("=")[0]
        options += ["--env", f'{name}="${{{name}?}}"']  # the shell says so where it has no such variable
    options += ["--timeout", f"{timeout:g}"] if timeout != TIMEOUT else []
    return " ".join(options)


def _measured(work: Work, extent: Extent, prices: Prices) -> tuple[Results, bool]:
    """Measure it with a progress bar; say whether Ctrl-C ended it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    async def run() -> tuple[Results, bool]:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end() -> None:
            stop.set()
            loop.remove_signal_handler(signal.SIGINT)  # the second Ctrl-C does not wait for anything

        loop.add_signal_handler(signal.SIGINT, end)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            whole = extent.invocations_of(work)
            bar = progress.add_task(f"measuring {work.name}", total=whole)
            steps = _Steps(work.name, whole) if not console.is_terminal else None

            def advance() -> None:
                progress.advance(bar)
                if steps is not None:
                    steps.advance()

            results = await measured(work, extent, prices=prices, progress=advance, stop=stop)
        return results, stop.is_set()

    return asyncio.run(run())


class _Steps:
    """The progress where there is no terminal for a bar, as in a build: a line at the start, then one a quarter."""

    def __init__(self, name: str, whole: int) -> None:
        self._name = name
        self._whole = whole
        self._done = 0
        typer.echo(f"measuring {name}: {whole:,} invocations", err=True)

    def advance(self) -> None:
        """Count one."""
        before, self._done = 4 * self._done // self._whole, self._done + 1
        if before < 4 * self._done // self._whole < 4:  # noqa: PLR2004  # quarters
            typer.echo(f"measuring {self._name}: {self._done:,} of {self._whole:,} invocations", err=True)


def _told(error: Exception) -> int:
    """Say on standard error what went wrong; give the exit code."""
    if isinstance(error, NothingMeasuredError):
        typer.echo(str(error), err=True)
        return _INTERRUPTED
    if isinstance(error, MeasurementError):
        typer.secho(error.log.rstrip("\n"), dim=True, err=True)
        typer.secho(f"\n{error.failure}", fg="red", err=True)
        if error.remedy:
            typer.secho(error.remedy, fg="yellow", err=True)
        return _FAILED
    typer.echo(f"Error: {error}", err=True)
    return _BAD_INPUT
