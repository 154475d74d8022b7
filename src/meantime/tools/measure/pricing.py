"""What invocations cost, from a dated price file: prices change, code should not have to."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Literal

from meantime.tools.report.billing import Tier
from meantime.tools.report.results import Prices

Architecture = Literal["x86_64", "arm64"]

MILLION = 1_000_000
_MB_PER_GB = 1024


def current_prices(architecture: Architecture = "x86_64") -> Prices:
    """The prices that Meantime ships, with their date and source.

    Args:
        architecture: `x86_64` or `arm64`.

    Raises:
        ValueError: There is no price for that architecture.
    """
    listed = json.loads(files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))
    by_architecture = listed.pop("tiers")
    try:
        tiers = tuple(Tier(**tier) for tier in by_architecture[architecture])
    except KeyError:
        known = " and ".join(by_architecture)
        raise ValueError(f"no price for the architecture {architecture!r}: {known} are listed") from None
    return Prices(architecture=architecture, usd_per_gb_second=tiers[0].usd_per_gb_second, tiers=tiers, **listed)


def billed(duration_ms: float) -> int:
    """What Lambda bills of a duration: every millisecond begun.

    Source: https://aws.amazon.com/lambda/pricing/
    """
    return math.ceil(duration_ms)


def gigabyte_seconds(billed_ms: float, memory_mb: int) -> float:
    """The GB-seconds of one invocation."""
    return billed_ms / 1000 * memory_mb / _MB_PER_GB


def cost_per_million(prices: Prices, billed_ms: float, memory_mb: int) -> float:
    """US dollars for a million invocations, each billed `billed_ms` at `memory_mb`, requests included."""
    return MILLION * (gigabyte_seconds(billed_ms, memory_mb) * prices.usd_per_gb_second + prices.usd_per_request)


def compute_cost(prices: Prices, gb_seconds: float) -> float:
    """US dollars for a month's GB-seconds, each part at the price of the tier that it falls into."""
    tiers = prices.tiers or (Tier(usd_per_gb_second=prices.usd_per_gb_second),)
    cost, begun = 0.0, 0.0
    for tier in tiers:
        end = gb_seconds if tier.up_to_gb_seconds is None else min(gb_seconds, tier.up_to_gb_seconds)
        cost += max(0.0, end - begun) * tier.usd_per_gb_second
        begun = end
    return cost
