"""The command `meantime emulator`: runs a function from the terminal and shows what it came to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from meantime.tools.emulator import limits
from meantime.tools.emulator.batch import Batch
from meantime.tools.emulator.errors import EmulatorError
from meantime.tools.emulator.event_option import parsed_event
from meantime.tools.emulator.format_option import Format, Output
from meantime.tools.emulator.function_options import (
    Code,
    Handler,
    Memory,
    Timeout,
    Variables,
    chosen_function,
)
from meantime.tools.emulator.hints import hint
from meantime.tools.emulator.http.command import serve
from meantime.tools.emulator.mappings.command import run
from meantime.tools.emulator.presentation import as_json, show

_BAD_INPUT = 2
_INTERRUPTED = 130

app = typer.Typer(help="Run a Lambda function on this machine as Lambda would run it.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Run a Lambda function on this machine as Lambda would run it."""


app.command()(run)
app.command()(serve)


@app.command()
def invoke(
    handler: Handler,
    *,
    event: Annotated[
        str, typer.Option(metavar="FILE|-|JSON", help="The event: a file, - for standard input, or JSON itself.")
    ] = "{}",
    code: Code = Path(),
    memory: Memory = limits.MEMORY_MIN_MB,
    timeout: Timeout = 3.0,
    env: Variables = None,
    count: Annotated[int, typer.Option(min=1, metavar="N", help="How many invocations.")] = 1,
    concurrency: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many of them at once; each gets an environment of its own.")
    ] = 1,
    output: Output = Format.text,
    log: Annotated[
        bool | None,
        typer.Option(help="Print the functions' logs; without either, that of a single invocation is printed."),
    ] = None,
) -> None:
    """Invoke a function, once or many times, in emulated execution environments.

    Prints the answers, a report line per invocation and which mechanisms froze and limited the environments.
    Exits with 0 if every invocation succeeded, 1 if one failed, 2 if it could not be run as asked.
    Ctrl-C prints what was done so far and exits with 130.
    """
    try:
        value = parsed_event(event)
        function = chosen_function(handler, code, memory, timeout, env)
        batch = Batch(function, value, count=count, concurrency=concurrency)
        interrupted = _interrupted(batch)
    except (ValueError, OSError, EmulatorError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    invocations = batch.invocations
    if batch.mechanisms is not None and invocations:
        if output is Format.json:
            typer.echo(as_json(function, batch.mechanisms, invocations))
        else:
            show(function, batch.mechanisms, invocations, log=count == 1 if log is None else log)
            for more in dict.fromkeys(filter(None, (hint(function, invocation) for invocation in invocations))):
                typer.secho(more, fg="yellow", err=True)
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if any(invocation.error for invocation in invocations):
        raise typer.Exit(1)


def _interrupted(batch: Batch) -> bool:
    """Run the batch; say whether Ctrl-C ended it."""
    try:
        asyncio.run(batch.run())
    except KeyboardInterrupt:
        return True
    return False
