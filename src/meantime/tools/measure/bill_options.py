"""The options that say what the bill is made from: the same in `measure` and in `measure show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meantime.tools.measure.bill import billed_again, parsed_share
from meantime.tools.measure.pricing import current_prices
from meantime.tools.measure.rate import Rate

if TYPE_CHECKING:
    from meantime.tools.report.results import Results

Often = Annotated[
    str, typer.Option("--rate", metavar="RATE", help="How often it is invoked, for the bill: '2 million per month'.")
]
ColdStarts = Annotated[
    str, typer.Option(metavar="PERCENT", help="Which part of the invocations the bill takes for cold starts: '1%'.")
]
Architecture = Annotated[str, typer.Option(metavar="NAME", help="For the bill: x86_64 or arm64.")]


class Billing:
    """What the options say, checked before any work."""

    def __init__(self, rate: str, cold_starts: str, architecture: str) -> None:
        """Read them.

        Raises:
            ValueError: One is not understood; the text says how it is written.
        """
        self.prices = current_prices(architecture)  # type: ignore[arg-type]  # it refuses what it has no price for
        self._rate = Rate.parse(rate) if rate else None
        self._cold_share = parsed_share(cold_starts)

    def applied(self, results: Results) -> Results:
        """The results with the bills that were asked for, where anything was."""
        if self._rate is None and not self._cold_share:
            return results
        return billed_again(results, rate=self._rate, cold_share=self._cold_share)
