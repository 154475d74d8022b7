"""The command `meantime measure show`: opens what was recorded or measured before, here or on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meantime.tools.measure.bill import billed_again, parsed_share
from meantime.tools.measure.pricing import current_prices
from meantime.tools.measure.rate import Rate
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
    rate: Annotated[
        str, typer.Option(metavar="RATE", help="How often it is invoked, for the bill: '2 million per month'.")
    ] = "",
    cold_starts: Annotated[
        str, typer.Option(metavar="PERCENT", help="Which part of the invocations the bill takes for cold starts: '1%'.")
    ] = "0%",
    architecture: Annotated[str, typer.Option(metavar="NAME", help="For the bill: x86_64 or arm64.")] = "x86_64",
    output: Folder = Path("build/measure"),
    form: FormOption = Form.text,
) -> None:
    """Show recordings of meantime.measure, from their files or out of a log, or a results.json.

    Prints the report, and writes results.json and index.html.

    Exits with 0, or with 2 if a file cannot be read or holds nothing to show.
    """
    folder = None
    try:
        prices = current_prices(architecture)  # type: ignore[arg-type]  # it refuses what it has no price for
        often = Rate.parse(rate) if rate else None
        cold_share = parsed_share(cold_starts)
        results = shown_results(files, code=code, prices=prices, rate=often)
        if often is not None or cold_share:
            results = billed_again(results, rate=often, cold_share=cold_share)
        folder = MadeFolder(output)
    except (ValueError, OSError, SavedError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    report(results, form, folder.path, title="What was recorded")
