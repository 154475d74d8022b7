"""The `meantime` command: one sub-command a tool."""

from __future__ import annotations

from typing import Annotated

import typer

from meantime import __version__
from meantime.tools.downstream.command import app as downstream
from meantime.tools.emulator.command import app as emulator
from meantime.tools.measure.command import MeasureCommand, measure

cli = typer.Typer(
    name="meantime",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001  # typer calls it so
    if asked:
        typer.echo(f"meantime {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Run Lambda functions on this machine, and what they call, as slow and as scarce as you like."""


cli.add_typer(emulator, name="emulator")
cli.add_typer(downstream, name="downstream")
cli.command(cls=MeasureCommand)(measure)
