"""Speed and cost by memory size, measured and predicted, and which size is best for what."""

from __future__ import annotations

import pytest

from meantime.tools.measure.memory_sizes import best_memory, memory_points
from meantime.tools.measure.pricing import cost_per_million, current_prices
from meantime.tools.report.advice import Estimate, MemoryPoint
from meantime.tools.report.recording import Accounting, Recording
from meantime.tools.report.results import Run

PRICES = current_prices()
RECORDING = Recording(
    function="f", handler="app.handler", memory_mb=512, python="3.11", cold=False, request_id="r", date="2026-01-01",
    duration_ms=100.0, cpu_ms=40.0,
    accounting=Accounting(
        waiting_alone_ms=60.0, waiting_together_ms=0.0, computing_ms=40.0, lock_ms=0.0, throttled_ms=0.0,
        unexplained_ms=0.0,
    ),
)  # fmt: skip


def run(memory_mb: int, p50_ms: float, **fields) -> Run:
    return Run(
        example="orders", variant="app.handler", memory_mb=memory_mb, durations_ms=(p50_ms - 1, p50_ms, p50_ms + 1),
        cold_ms=1.0, p50_ms=p50_ms, p95_ms=p50_ms + 1, ideal_ms=None, billed_ms=p50_ms, cpu_ms=None,
        cost_per_million_usd=cost_per_million(PRICES, p50_ms, memory_mb), **fields,
    )  # fmt: skip


def point(
    memory_mb: int, duration_ms: float, cost: float, *, unsure: float = 0.0, measured: bool = True
) -> MemoryPoint:
    return MemoryPoint(
        memory_mb=memory_mb,
        duration_ms=Estimate(value=duration_ms, low=duration_ms * (1 - unsure), high=duration_ms * (1 + unsure)),
        cost_per_million_usd=Estimate(value=cost, low=cost, high=cost),
        measured=measured,
    )


def predict(recording, *, executor, max_concurrency, memory_mb, groups):
    assert (executor, max_concurrency, groups) == ("threads", 1, ())  # as it is
    value = 60 + 40 * 512 / memory_mb
    return Estimate(value=value, low=value * 0.9, high=value * 1.1)


def test_a_size_that_was_run_is_measured_with_the_interval_of_its_median():
    (found,) = memory_points([run(512, 100.0, interval_ms=(97.0, 104.0))], PRICES)

    assert found.measured
    assert found.duration_ms == Estimate(value=100.0, low=97.0, high=104.0)
    assert found.cost_per_million_usd.value == pytest.approx(cost_per_million(PRICES, 100, 512))


def test_without_an_interval_it_lies_between_the_shortest_and_the_longest():
    (found,) = memory_points([run(512, 100.0)], PRICES)

    assert (found.duration_ms.low, found.duration_ms.high) == (99.0, 101.0)


def test_the_other_sizes_are_predicted_from_the_recording_and_all_come_by_rising_memory():
    found = memory_points([run(512, 100.0, recording=RECORDING)], PRICES, predict=predict, sizes_mb=(1024, 256, 512))

    assert [(each.memory_mb, each.measured) for each in found] == [(256, False), (512, True), (1024, False)]
    assert found[2].duration_ms.value == pytest.approx(80.0)
    assert found[2].cost_per_million_usd.value == pytest.approx(cost_per_million(PRICES, 80, 1024))


def test_what_the_model_is_off_where_it_was_run_moves_the_sizes_beside_it():
    # Predicted: 220, 140, 100, 80 and 70 ms; measured: half as much again, then twice as much.
    runs = [run(256, 210.0, recording=RECORDING), run(1024, 160.0, recording=RECORDING)]

    found = memory_points(runs, PRICES, predict=predict, sizes_mb=(128, 512, 2048))

    assert [each.duration_ms.value for each in found] == pytest.approx(
        [220 * 1.5, 210.0, 100 * (1.5 * 2) ** 0.5, 160.0, 70 * 2], rel=1e-6
    )
    assert found[2].duration_ms.low == pytest.approx(100 * 0.9 * 1.5)
    assert found[2].duration_ms.high == pytest.approx(100 * 1.1 * 2)


def test_without_a_recording_nothing_is_predicted():
    found = memory_points([run(512, 100.0)], PRICES, predict=predict)

    assert [each.memory_mb for each in found] == [512]


def test_speed_cost_and_balance_may_each_want_another_size():
    best = best_memory([point(128, 1000, 2.0), point(512, 300, 2.4), point(1769, 250, 8.0)])

    assert (best.speed_mb, best.cost_mb, best.balance_mb) == (1769, 128, 512)


def test_the_balance_weighs_cost_and_duration_against_their_highest_alike():
    # 0.5 x cost / 10 + 0.5 x duration / 100: 0.75, 0.70 and 0.75
    best = best_memory([point(128, 100, 5.0), point(256, 90, 5.0), point(512, 50, 10.0)])

    assert best.balance_mb == 256


def test_of_those_that_cannot_be_told_from_the_fastest_the_cheapest_is_best():
    best = best_memory([point(256, 107, 4.0), point(512, 104, 5.0), point(1024, 100, 9.0)])

    assert best.speed_mb == 512


def test_of_those_that_cannot_be_told_from_the_cheapest_the_fastest_is_best():
    best = best_memory([point(128, 800, 4.0), point(256, 400, 4.1), point(512, 200, 4.4)])

    assert best.cost_mb == 256


def test_where_ranges_overlap_sizes_are_not_told_apart_unless_they_are_far_from_each_other():
    near = best_memory([point(512, 112, 5.0, unsure=0.1), point(1024, 100, 9.0, unsure=0.1)])
    far = best_memory([point(512, 125, 5.0, unsure=0.2), point(1024, 100, 9.0, unsure=0.2)])
    sure = best_memory([point(512, 112, 5.0, unsure=0.01), point(1024, 100, 9.0, unsure=0.01)])

    assert (near.speed_mb, far.speed_mb, sure.speed_mb) == (512, 1024, 1024)


def test_for_the_balance_noise_in_the_durations_does_not_decide():
    best = best_memory([point(128, 103, 1.0), point(256, 100, 1.5), point(1024, 101, 50.0)])

    assert best.balance_mb == 128


def test_no_points_have_no_best():
    with pytest.raises(ValueError, match="at least one point"):
        best_memory([])
