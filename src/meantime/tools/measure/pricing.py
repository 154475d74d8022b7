"""What invocations cost, from a dated price file: prices change, code should not have to."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Literal

from meantime.tools.report.results import Prices

Architecture = Literal["x86_64", "arm64"]

_MB_PER_GB = 1024
_MILLION = 1_000_000


def current_prices(architecture: Architecture = "x86_64") -> Prices:
    """The prices that Meantime ships, with their date and source.

    Args:
        architecture: `x86_64` or `arm64`.

    Raises:
        ValueError: There is no price for that architecture.
    """
    listed = json.loads(files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))
    try:
        usd_per_gb_second = listed.pop("usd_per_gb_second")[architecture]
    except KeyError:
        raise ValueError(f"no price for the architecture {architecture!r}: x86_64 and arm64 are listed") from None
    return Prices(architecture=architecture, usd_per_gb_second=usd_per_gb_second, **listed)


def billed(duration_ms: float) -> int:
    """What Lambda bills of a duration: every millisecond begun.

    Source: https://aws.amazon.com/lambda/pricing/
    """
    return math.ceil(duration_ms)


def cost_per_million(prices: Prices, billed_ms: float, memory_mb: int) -> float:
    """US dollars for a million invocations, each billed `billed_ms` at `memory_mb`, requests included."""
    gb_seconds = billed_ms / 1000 * memory_mb / _MB_PER_GB
    return _MILLION * (gb_seconds * prices.usd_per_gb_second + prices.usd_per_request)
