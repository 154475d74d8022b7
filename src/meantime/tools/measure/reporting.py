"""How the commands give results out: printed for whom `--format` says, and as files in the folder of `--output`."""

from __future__ import annotations

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
    """
    write_page(results, folder / PAGE, title=title)
    write_chrome_trace(results_trace(results), folder / TRACE)
    results.write(folder / RESULTS)
    if form is Form.json:
        typer.echo(results.to_json(indent=2))
    elif form is Form.markdown:
        typer.echo(pull_request(results, checks=checks))
    else:
        console = Console(highlight=False)
        print_report(results, console)
        where = f"Open {folder / PAGE} in a browser, and {folder / TRACE} in https://ui.perfetto.dev; "
        console.print(f"\n{where}the numbers are in {folder / RESULTS}.", soft_wrap=True)
    for failed, text in checks:
        typer.secho(f"{'FAILED' if failed else 'passed'}: {text}", fg="red" if failed else "green", err=True)
