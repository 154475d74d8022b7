"""What invocations cost: the bill of one variant at one memory size, and how often it is invoked."""

from __future__ import annotations

from dataclasses import dataclass

HOURS_PER_MONTH = 730
"""As AWS's own calculator counts a month: https://docs.aws.amazon.com/pricing-calculator/latest/userguide/"""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The price of a GB-second for a month's use up to a limit; the last tier has none."""

    usd_per_gb_second: float
    up_to_gb_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What one variant costs at one memory size, the free tier not applied.

    Args:
        example: Name of the example.
        variant: Which of its variants.
        memory_mb: At which memory size.
        compute_per_million_usd: For the GB-seconds of a million warm invocations, at the first tier's price.
        requests_per_million_usd: For a million requests.
        init_per_million_usd: What the cold starts among a million invocations add, initialisation included.
        per_million_usd: All three.
        invocations_per_month: How often it is invoked; None where that was not said.
        per_month_usd: What a month costs at that rate, with the cheaper tiers where it reaches them.
    """

    example: str
    variant: str
    memory_mb: int
    compute_per_million_usd: float
    requests_per_million_usd: float
    init_per_million_usd: float
    per_million_usd: float
    invocations_per_month: float | None = None
    per_month_usd: float | None = None
