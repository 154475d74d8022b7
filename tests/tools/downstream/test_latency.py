"""How a latency is written, and what is drawn from it."""

from __future__ import annotations

from random import Random
from statistics import fmean, median, quantiles

import pytest

from meantime.tools.downstream import Latency


def draw(text: str | float, count: int = 20_000) -> list[float]:
    random = Random(7)
    latency = Latency.parse(text)
    return [latency.sample(random) for _ in range(count)]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (0.3, 0.3),
        (0, 0.0),
        (2, 2.0),
        ("20ms", 0.02),
        ("0.3s", 0.3),
        (".5s", 0.5),
        ("300us", 0.0003),
        ("0.3", 0.3),
        (" 1.5 S ", 1.5),
        ("1e-3s", 0.001),
    ],
)
def test_a_fixed_latency_is_a_number_of_seconds_or_text_with_a_unit(written: float | str, seconds: float) -> None:
    assert draw(written, 3) == [pytest.approx(seconds)] * 3


def test_a_uniform_latency_fills_its_range() -> None:
    drawn = draw("uniform:10ms-30ms")

    assert 0.01 <= min(drawn) < 0.0101
    assert 0.0299 < max(drawn) <= 0.03
    assert fmean(drawn) == pytest.approx(0.02, rel=0.02)


def test_a_normal_latency_has_its_mean_and_is_never_below_zero() -> None:
    assert fmean(draw("normal:mean=20ms,deviation=5ms")) == pytest.approx(0.02, rel=0.02)
    assert min(draw("normal:mean=1ms,deviation=5ms")) == 0.0


def test_a_lognormal_latency_has_its_median_and_its_99th_percentile() -> None:
    drawn = draw("lognormal:p50=20ms,p99=200ms")

    assert median(drawn) == pytest.approx(0.02, rel=0.05)
    assert quantiles(drawn, n=100)[98] == pytest.approx(0.2, rel=0.1)


def test_the_same_seed_draws_the_same_latencies() -> None:
    assert draw("lognormal:p50=20ms,p99=200ms", 50) == draw("lognormal:p50=20ms,p99=200ms", 50)


def test_a_latency_is_written_as_it_was_read() -> None:
    assert str(Latency.parse("uniform:10ms-30ms")) == "uniform:10ms-30ms"
    assert str(Latency.parse(0.3)) == "0.3s"
    assert str(Latency.parse("20")) == "20 s"
    assert str(Latency.parse("20.")) == "20. s"


def test_a_latency_is_read_as_itself() -> None:
    latency = Latency.parse("20ms")

    assert Latency.parse(latency) is latency


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (-0.1, "zero or more"),
        (float("nan"), "zero or more"),
        (float("inf"), "zero or more"),
        ("", "'' is no time"),
        ("20parsecs", "'20parsecs' is no time"),
        ("-20ms", "'-20ms' is no time"),
        ("1e400s", "too long"),
        ("pareto:1ms", "no latency distribution 'pareto'"),
        ("uniform:10ms", "a low and a high end"),
        ("uniform:30ms-10ms", "low end .* above its high end"),
        ("uniform:a-b", "'a' is no time in the latency"),
        ("normal:20ms", 'needs mean and deviation, as in "normal:mean=20ms,deviation=20ms"'),
        ("normal:mean=1ms,mean=2ms", "needs mean and deviation"),
        ("lognormal:p50=20ms,p90=30ms", "needs p50 and p99"),
        ("lognormal:p50=20ms,p99=10ms", "p50 <= p99"),
        ("lognormal:p50=0ms,p99=10ms", "0 < p50"),
    ],
)
def test_what_is_no_latency_is_said(written: float | str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Latency.parse(written)


@pytest.mark.parametrize("written", [None, True, [0.1]])
def test_what_is_neither_number_nor_text_is_said(written: object) -> None:
    with pytest.raises(TypeError, match="A latency is a number of seconds"):
        Latency.parse(written)  # type: ignore[arg-type]
