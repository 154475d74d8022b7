"""The `meantime` command: one sub-command a tool."""

from __future__ import annotations

import typer

from meantime.tools.downstream.command import app as downstream
from meantime.tools.emulator.command import app as emulator

cli = typer.Typer(
    name="meantime",
    help="See where a Lambda invocation waits, and what running the waits side by side would save.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(emulator, name="emulator")
cli.add_typer(downstream, name="downstream")
