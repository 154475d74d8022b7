"""The bill: duration x memory x price, requests and cold starts, per million invocations and per month."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from meantime.tools.measure.pricing import MILLION, billed, compute_cost, gigabyte_seconds
from meantime.tools.report.billing import Bill

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.measure.rate import Rate
    from meantime.tools.report.results import Prices, Results, Run


def bill(run: Run, prices: Prices, *, rate: Rate | None = None, cold_share: float = 0.0) -> Bill:
    """What one variant costs at one memory size. The free tier is not applied: it is an account's, not a function's.

    Args:
        run: The measured run; its billed duration counts, and for a cold start its init and first duration, since INIT
            is billed (https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/, from
            August 2025).
        prices: What a GB-second and a request cost.
        rate: How often it is invoked; without it there is no sum a month.
        cold_share: The part of the invocations that are cold starts, 0 to 1.

    Raises:
        ValueError: `cold_share` is no part.
    """
    if not 0 <= cold_share <= 1:
        raise ValueError(f"the share of cold starts must lie between 0 and 1, not at {cold_share:g}")
    warm = gigabyte_seconds(run.billed_ms, run.memory_mb)
    first_ms = run.first_ms if run.first_ms is not None else run.billed_ms
    more_when_cold = max(0.0, gigabyte_seconds(billed(run.cold_ms + first_ms), run.memory_mb) - warm)
    compute = MILLION * warm * prices.usd_per_gb_second
    requests = MILLION * prices.usd_per_request
    init = MILLION * cold_share * more_when_cold * prices.usd_per_gb_second
    per_month = None
    if rate is not None:
        gb_seconds = rate.per_month * (warm + cold_share * more_when_cold)
        per_month = compute_cost(prices, gb_seconds) + rate.per_month * prices.usd_per_request
    return Bill(
        example=run.example,
        variant=run.variant,
        memory_mb=run.memory_mb,
        compute_per_million_usd=round(compute, 4),
        requests_per_million_usd=round(requests, 4),
        init_per_million_usd=round(init, 4),
        per_million_usd=round(compute + requests + init, 4),
        invocations_per_month=None if rate is None else rate.per_month,
        per_month_usd=None if per_month is None else round(per_month, 4),
    )


def bills(
    runs: Iterable[Run], prices: Prices, *, rate: Rate | None = None, cold_share: float = 0.0
) -> tuple[Bill, ...]:
    """The bill of each run, as `Results.bills` wants them."""
    return tuple(bill(run, prices, rate=rate, cold_share=cold_share) for run in runs)


def billed_again(results: Results, *, rate: Rate | None = None, cold_share: float = 0.0) -> Results:
    """The same results with other bills: at another rate, or with another share of cold starts."""
    return replace(
        results,
        bills=tuple(
            # The rate is the function's, and not that of each of its events.
            bill(
                run,
                results.prices,
                rate=None if _is_of_one_event(run, results) else rate,
                cold_share=cold_share,
            )
            for run in results.runs
        ),
        rate="" if rate is None else rate.text,
        cold_share=cold_share,
    )


def _is_of_one_event(run: Run, results: Results) -> bool:
    """Whether a run is of one of several events, beside one of all of them."""
    return any(run.example.startswith(f"{example.name}, ") for example in results.examples)


def parsed_share(text: str) -> float:
    """Read the part of the invocations that are cold starts, such as `1%` or `0.5 %`.

    Raises:
        ValueError: It is none; the text says how one is written.
    """
    number, sign, rest = text.strip().partition("%")
    try:
        share = float(number) / 100
    except ValueError:
        share = -1.0
    if not sign or rest or not 0 <= share <= 1:
        raise ValueError(f"the part of cold starts {text!r} is not understood: write a percentage, as in '1%'")
    return share
