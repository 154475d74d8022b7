"""The bill of a run: per million invocations and per month, cold starts and tiers included, the free tier not."""

from __future__ import annotations

import pytest

from meantime.tools.measure.bill import bill, billed_again, bills, parsed_share
from meantime.tools.measure.pricing import compute_cost, cost_per_million, current_prices
from meantime.tools.measure.rate import Rate
from meantime.tools.report.results import Example, Machine, Results, Run

PRICES = current_prices()


def run(memory_mb: int = 1024, billed_ms: float = 1000.0, **fields) -> Run:
    values = {"cold_ms": 500.0, "first_ms": 1200.0, "cpu_ms": 12.0, "ideal_ms": None, **fields}
    return Run(
        example="orders", variant="app.handler", memory_mb=memory_mb, durations_ms=(billed_ms, billed_ms),
        p50_ms=billed_ms, p95_ms=billed_ms, billed_ms=billed_ms,
        cost_per_million_usd=cost_per_million(PRICES, billed_ms, memory_mb), **values,
    )  # fmt: skip


def test_a_million_seconds_of_a_gigabyte_cost_the_gigabyte_seconds_and_the_requests():
    found = bill(run(), PRICES)

    assert found.compute_per_million_usd == pytest.approx(16.6667)
    assert found.requests_per_million_usd == pytest.approx(0.20)
    assert found.per_million_usd == pytest.approx(16.8667)


def test_without_cold_starts_it_is_what_the_run_says():
    measured = run(memory_mb=128, billed_ms=37.0)

    assert bill(measured, PRICES).per_million_usd == pytest.approx(measured.cost_per_million_usd, abs=0.0001)


def test_a_cold_start_is_billed_for_its_init_and_its_longer_first_invocation():
    found = bill(run(), PRICES, cold_share=0.01)

    # A hundredth of a million invocations takes 1,700 ms instead of 1,000.
    assert found.init_per_million_usd == pytest.approx(10_000 * 0.7 * PRICES.usd_per_gb_second, abs=0.0001)
    assert found.per_million_usd == pytest.approx(16.8667 + found.init_per_million_usd, abs=0.0001)


def test_a_month_costs_what_its_invocations_do():
    found = bill(run(), PRICES, rate=Rate.parse("2 million per month"))

    assert found.invocations_per_month == 2_000_000
    assert found.per_month_usd == pytest.approx(2 * 16.8667)


def test_without_a_rate_there_is_no_sum_of_a_month():
    found = bill(run(), PRICES)

    assert found.invocations_per_month is None
    assert found.per_month_usd is None


def test_each_part_of_a_month_costs_what_its_tier_does():
    first, second, _ = PRICES.tiers

    assert compute_cost(PRICES, 7e9) == pytest.approx(6e9 * first.usd_per_gb_second + 1e9 * second.usd_per_gb_second)


def test_beyond_the_last_tier_its_price_holds():
    assert compute_cost(PRICES, 16e9) - compute_cost(PRICES, 15e9) == pytest.approx(1e9 * 0.0000133334)


def test_tiers_are_ten_and_twenty_percent_cheaper_on_both_architectures():
    for architecture in ("x86_64", "arm64"):
        first, second, third = current_prices(architecture).tiers

        assert second.usd_per_gb_second / first.usd_per_gb_second == pytest.approx(0.9, abs=0.0001)
        assert third.usd_per_gb_second / first.usd_per_gb_second == pytest.approx(0.8, abs=0.0001)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_no_part_is_refused(share):
    with pytest.raises(ValueError, match="share of cold starts must lie between 0 and 1"):
        bill(run(), PRICES, cold_share=share)


def test_every_run_gets_its_bill():
    found = bills([run(128), run(512)], PRICES)

    assert [each.memory_mb for each in found] == [128, 512]


@pytest.mark.parametrize(
    ("text", "per_month"),
    [
        ("2 million per month", 2e6),
        ("2million/month", 2e6),
        ("1,500,000 a month", 1.5e6),
        ("50 per second", 50 * 730 * 3600),
        ("50/s", 50 * 730 * 3600),
        ("1.5k per hour", 1500 * 730),
        ("10 per minute", 10 * 730 * 60),
        ("1000 per day", 1000 * 730 / 24),
    ],
)
def test_a_rate_is_read_in_the_words_people_use(text, per_month):
    assert Rate.parse(text).per_month == pytest.approx(per_month)


@pytest.mark.parametrize(
    "text", ["", "often", "2 million", "2 million per year", "0 per day", "-1 per day", "2 dozen per day"]
)
def test_a_rate_that_is_none_is_refused_with_how_to_write_one(text):
    with pytest.raises(ValueError, match="'2 million per month' or '50 per second'"):
        Rate.parse(text)


def test_results_are_billed_again_at_another_rate():
    machine = Machine(
        date="2026-01-01", python="3.11", platform="p", cpu="c", cores=2, cpu_limit="q", memory_limit="m", freeze="f"
    )
    results = Results(machine=machine, prices=PRICES, examples=(Example(name="orders", title="orders"),), runs=(run(),))

    again = billed_again(results, rate=Rate.parse("3 million per month"), cold_share=0.02)

    assert again.bills == bills([run()], PRICES, rate=Rate.parse("3 million per month"), cold_share=0.02)
    assert (again.rate, again.cold_share) == ("3 million per month", 0.02)
    assert again.runs == results.runs


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), (" 0.5 % ", 0.005), ("0%", 0.0), ("100%", 1.0)])
def test_the_part_of_cold_starts_is_a_percentage(text, share):
    assert parsed_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "1", "%", "many", "-1%", "101%", "1% or so", "nan%"])
def test_another_part_of_cold_starts_is_refused(text):
    with pytest.raises(ValueError, match="write a percentage, as in '1%'"):
        parsed_share(text)
