"""How the commands give results out: printed for whom `--format` says, and as files in the folder of `--output`."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from meantime.tools.report.chrome_trace import results_trace, write_chrome_trace
from meantime.tools.report.page import write_page
from meantime.tools.report.pull_request import pull_request
from meantime.tools.report.terminal import print_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.report.results import Results

_BAD_INPUT = 2

RESULTS = "results.json"
PAGE = "index.html"
TRACE = "trace.json"


class Form(StrEnum):
    """How the result is printed."""

    text = "text"
    json = "json"
    markdown = "markdown"


FormOption = Annotated[
    Form,
    typer.Option("--format", metavar="FORM", help="text for people, json for programs, markdown for a pull request."),
]
Folder = Annotated[Path, typer.Option(metavar="DIR", help=f"Folder for {RESULTS}, {PAGE} and {TRACE}.")]


class MadeFolder:
    """The folder for the results, made before any work; where it was not there before, a failure leaves none."""

    def __init__(self, path: Path) -> None:
        """Make it.

        Raises:
            ValueError: It cannot be made.
        """
        self.path = path
        self._made = [each for each in (path, *path.parents) if not each.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{path} cannot be the folder for the results: {error.strerror}") from None

    def remove_if_made(self) -> None:
        """Remove what was made, as far as nobody has put anything into it."""
        for each in self._made:
            try:
                each.rmdir()
            except OSError:
                return


def report(results: Results, form: Form, folder: Path, *, title: str, checks: Sequence[tuple[bool, str]] = ()) -> None:
    """Write the files, and print.

    Args:
        results: What was measured.
        form: For whom it is printed.
        folder: Where the files go; it is there.
        title: The page's heading.
        checks: What became of each `--fail-if`: whether it failed, and the line that says so.

    Raises:
        typer.Exit: Something could not be written or printed; what could be is there.
    """
    unwritten = _unwritten(results, folder, title)
    try:
        _print(results, form, folder if unwritten is None else None, checks)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # nobody reads on, as with `| head`: typer ends quietly
    except OSError as error:
        unwritten = f"the report could not be printed: {error.strerror}; it is in {folder}"
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # or it fails at the exit, too
    for failed, text in checks:
        typer.secho(f"{'FAILED' if failed else 'passed'}: {text}", fg="red" if failed else "green", err=True)
    if unwritten is not None:
        typer.echo(f"Error: {unwritten}", err=True)
        raise typer.Exit(_BAD_INPUT)


def _unwritten(results: Results, folder: Path, title: str) -> str | None:
    """Write the files, the numbers first; say what could not be written, as on a full disk: the report is to come."""
    try:
        results.write(folder / RESULTS)
        write_page(results, folder / PAGE, title=title)
        write_chrome_trace(results_trace(results), folder / TRACE)
    except OSError as error:
        return f"{error.filename or folder} could not be written: {error.strerror}"
    return None


def _print(results: Results, form: Form, folder: Path | None, checks: Sequence[tuple[bool, str]]) -> None:
    """Print what is asked for, and where the files are, where they are."""
    if form is Form.json:
        typer.echo(results.to_json(indent=2))
    elif form is Form.markdown:
        typer.echo(pull_request(results, checks=checks))
    else:
        console = Console(highlight=False)
        print_report(results, console)
        if folder is not None:
            where = f"Open {folder / PAGE} in a browser, and {folder / TRACE} in https://ui.perfetto.dev; "
            console.print(f"\n{where}the numbers are in {folder / RESULTS}.", soft_wrap=True)
