"""Under which conditions numbers hold: prices, cold starts, the free tier, the machine; a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from meantime.tools.report.results import Results


def conditions(results: Results) -> tuple[str, ...]:
    """Give what a reader has to know beside the numbers."""
    return tuple(_conditions(results))


def _conditions(results: Results) -> Iterator[str]:
    prices, machine = results.prices, results.machine
    yield f"Prices: {prices.region}, {prices.architecture}, {prices.date}. {_cold_starts(results)}{_free_tier(results)}"
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    yield (
        f"Measured {machine.date}: {machine.cpu}, {cores}, Python {machine.python}; CPU limit: {machine.cpu_limit}. "
        f"Trust ratios, not absolutes: AWS's network and cold starts are not in them."
    )
    yield from machine.notes


def _cold_starts(results: Results) -> str:
    if not results.bills:
        return ""
    if not results.cold_share:
        return "Cold starts are not in the bill; INIT is billed since August 2025."
    return f"The bill takes {results.cold_share:.3%} of the invocations for cold starts.".replace(".000%", "%")


def _free_tier(results: Results) -> str:
    prices = results.prices
    if not results.bills or not prices.free_requests:
        return ""
    return (
        f" The free tier ({prices.free_requests:,.0f} requests and {prices.free_gb_seconds:,.0f} GB-seconds a month, "
        f"an account) is not applied."
    )
