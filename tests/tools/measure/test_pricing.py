"""What invocations cost, by the dated price file."""

from __future__ import annotations

from datetime import date

import pytest

from meantime.tools.measure.pricing import billed, cost_per_million, current_prices


def test_the_prices_have_a_date_and_a_source():
    prices = current_prices()

    assert date.fromisoformat(prices.date).year >= 2026
    assert prices.source.startswith("https://aws.amazon.com/lambda/pricing/")
    assert prices.architecture == "x86_64"


def test_arm_costs_less():
    assert current_prices("arm64").usd_per_gb_second < current_prices().usd_per_gb_second


def test_an_unknown_architecture_is_refused():
    with pytest.raises(ValueError, match="no price for the architecture 'mips'"):
        current_prices("mips")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(("duration_ms", "billed_ms"), [(0.2, 1), (300.0, 300), (300.1, 301)])
def test_every_millisecond_begun_is_billed(duration_ms, billed_ms):
    assert billed(duration_ms) == billed_ms


def test_a_million_seconds_at_one_gigabyte_cost_a_million_gigabyte_seconds_and_the_requests():
    prices = current_prices()

    assert cost_per_million(prices, 1000, 1024) == pytest.approx(16.6667 + 0.20, abs=0.001)


def test_six_hundred_milliseconds_less_save_what_the_price_list_says():
    prices = current_prices()

    saved = cost_per_million(prices, 900, 128) - cost_per_million(prices, 300, 128)

    assert saved == pytest.approx(1.25, abs=0.01)
