"""The command `meantime measure show`: opens what was recorded or measured before, here or on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meantime.tools.measure.advised_patches import called_as, with_patches
from meantime.tools.measure.bill_options import Architecture, Billing, ColdStarts, Often
from meantime.tools.measure.reporting import Folder, Form, FormOption, MadeFolder, report
from meantime.tools.measure.saved import SavedError, shown_results

_BAD_INPUT = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Recordings, logs with recordings in them, or a results.json.")
]
Source = Annotated[
    Path | None, typer.Option("--code", metavar="DIR", help="The code folder of what was recorded, to read its source.")
]


@app.command()
def show(
    files: Files,
    *,
    code: Source = None,
    rate: Often = "",
    cold_starts: ColdStarts = "0%",
    architecture: Architecture = "x86_64",
    output: Folder = Path("build/shown"),
    form: FormOption = Form.text,
) -> None:
    """Show recordings of meantime.measure, from their files or out of a log, or a results.json.

    Prints the report, and writes results.json, index.html and trace.json.

    Exits with 0, or with 2 if a file cannot be read or holds nothing to show.
    """
    try:
        billing = Billing(rate, cold_starts, architecture)
        results = billing.applied(shown_results(files, code=code, prices=billing.prices))
        folder = MadeFolder(output)
        results = with_patches(results, output, program=called_as())
    except (ValueError, OSError, SavedError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    report(results, form, folder.path, title="What was recorded")
