"""The `meantime` command: one sub-command a tool, each loaded when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from meantime import __version__

if TYPE_CHECKING:
    from collections.abc import Callable


def _emulator() -> Any:
    from meantime.tools.emulator.command import app  # noqa: PLC0415  # a tool is loaded when it is called

    return typer.main.get_command(app)


def _downstream() -> Any:
    from meantime.tools.downstream.command import app  # noqa: PLC0415  # likewise

    return typer.main.get_command(app)


def _measure() -> Any:
    from meantime.tools.measure.command import MeasureCommand, measure  # noqa: PLC0415  # likewise

    app = typer.Typer(add_completion=False)
    app.command(cls=MeasureCommand)(measure)
    return typer.main.get_command(app)


def _check() -> Any:
    from meantime.tools.check.command import check  # noqa: PLC0415  # likewise

    app = typer.Typer(add_completion=False)
    app.command()(check)
    return typer.main.get_command(app)


class _Tools(TyperGroup):
    """Loads only the tool that is called; for `--help`, all of them."""

    _loaders: dict[str, Callable[[], Any]] = {  # noqa: RUF012  # never changed
        "check": _check,
        "emulator": _emulator,
        "downstream": _downstream,
        "measure": _measure,
    }

    def list_commands(self, _: Any) -> list[str]:
        """The tools' names."""
        return list(self._loaders)

    def get_command(self, _: Any, name: str) -> Any:
        """The tool of this name. For a name that none has, all are loaded: typer then says which may be meant."""
        for each in [name] if name in self._loaders else self._loaders:
            if each not in self.commands:
                self.commands[each] = self._loaders[each]()
                self.commands[each].name = each
        return self.commands.get(name)


cli = typer.Typer(
    name="meantime",
    cls=_Tools,
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
    """Find what goes wrong in Lambda functions, run them on this machine, and what they call, as slow as you like."""
