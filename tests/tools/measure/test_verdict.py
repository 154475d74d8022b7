"""What is said of an example's numbers."""

from __future__ import annotations

from typing import Any

from meantime.tools.measure.verdict import verdicts
from meantime.tools.report.recording import Accounting, Recording
from meantime.tools.report.results import Run


def run(variant: str, p50_ms: float, **more: Any) -> Run:
    facts = {"memory_mb": 1769, "ideal_ms": None, "cpu_ms": 1.0, "durations_ms": (p50_ms,), "p95_ms": p50_ms} | more
    return Run(
        example="example",
        variant=variant,
        cold_ms=100.0,
        p50_ms=p50_ms,
        billed_ms=p50_ms,
        cost_per_million_usd=1.0,
        **facts,
    )


def test_a_gain_is_told_with_both_durations_and_the_waits_behind_it():
    (verdict,) = verdicts([run("sequential", 908, ideal_ms=902), run("threads", 305, ideal_ms=301, cpu_ms=4)])

    assert verdict.memory_mb == 1769
    assert verdict.text == (
        "Threads answer in 305 ms instead of 908 ms, 3.0 times faster; the longest chain of waits is 301 ms, "
        "and 4 ms are the function's own."
    )


def test_variants_that_cannot_be_told_apart_are_named_together():
    (verdict,) = verdicts([run("sequential", 900), run("tasks", 301), run("threads", 300)])

    assert verdict.text.startswith("Threads and tasks answer in 300 ms")


def test_where_the_clients_own_computing_is_the_limit_the_verdict_says_so_with_numbers():
    (verdict,) = verdicts(
        [
            run("sequential", 720, memory_mb=128, ideal_ms=500, cpu_ms=50),
            run("threads", 730, memory_mb=128, ideal_ms=120, cpu_ms=52),
        ]
    )

    assert verdict.text.startswith(
        "Threads gain nothing: the function's own computing is the limit, 52 ms of CPU at 7%"
    )
    assert "more memory, and with it more CPU, helps, more concurrency does not" in verdict.text


def test_a_loss_is_called_a_loss():
    (verdict,) = verdicts([run("sequential", 700, cpu_ms=690, ideal_ms=500), run("threads", 900, cpu_ms=880)])

    assert verdict.text.startswith("Threads lose time, 1.29 times slower")


def test_where_nothing_waits_the_verdict_says_that_concurrency_has_nothing_to_win():
    (verdict,) = verdicts([run("sequential", 80, cpu_ms=78), run("threads", 80, cpu_ms=79), run("tasks", 81)])

    assert verdict.text.startswith("Threads and tasks gain nothing: there is nothing to wait for")
    assert verdict.text.endswith("the most that one Python thread can use, and only less computing helps.")


def test_a_gain_that_computing_stops_says_that_only_memory_helps_now():
    (verdict,) = verdicts(
        [
            run("sequential", 600, memory_mb=512, ideal_ms=520, cpu_ms=48),
            run("threads", 110, memory_mb=512, ideal_ms=60, cpu_ms=31),
        ]
    )

    assert "5.5 times faster; now computing is the limit" in verdict.text


def test_there_is_a_verdict_for_each_memory_size_and_none_without_a_comparison():
    runs = [run("sequential", 9, memory_mb=size) for size in (128, 512)] + [run("tasks", 3, memory_mb=512)]

    assert [verdict.memory_mb for verdict in verdicts(runs)] == [512]


def test_a_difference_inside_the_spread_of_the_durations_is_no_gain():
    noisy = {"durations_ms": (38.0, 79, 41, 48, 40, 60, 52), "p95_ms": 79}
    calm = {"durations_ms": (36.0, 39, 40, 41, 44, 47, 49), "p95_ms": 49}

    (verdict,) = verdicts([run("sequential", 48, cpu_ms=33, **noisy), run("threads", 41, cpu_ms=34, **calm)])

    assert verdict.text.startswith("Threads gain nothing")


def rounds(*durations: float) -> dict[str, Any]:
    return {"durations_ms": durations, "p95_ms": max(durations)}


def test_a_difference_inside_the_noise_is_told_with_the_interval_of_the_rounds_ratio():
    (verdict,) = verdicts(
        [
            run("app.handler", 100, ideal_ms=90, **rounds(100, 96, 104, 99, 108, 94, 101)),
            run("other.handler", 94, ideal_ms=90, **rounds(94, 99, 93, 104, 92, 97, 90)),
        ]
    )

    assert verdict.text == (
        "other.handler gains nothing (0.85 to 1.05 of the duration, inside the noise): 94 ms after 100 ms."
    )


def test_a_difference_that_is_sure_but_small_is_not_worth_a_word():
    (verdict,) = verdicts(
        [
            run("app.handler", 100, ideal_ms=90, **rounds(*[100 + n for n in range(7)])),
            run("other.handler", 97, ideal_ms=90, **rounds(*[97 + n for n in range(7)])),
        ]
    )

    assert verdict.text == (
        "other.handler gains nothing worth a word (0.97 to 0.97 of the duration): 97 ms after 100 ms."
    )


def test_a_gain_is_told_with_the_interval_of_the_rounds_ratio():
    (verdict,) = verdicts(
        [
            run("app.handler", 300, ideal_ms=290, **rounds(300, 310, 305, 299, 320, 301, 300)),
            run("other.handler", 100, ideal_ms=97, cpu_ms=2, **rounds(100, 99, 103, 100, 110, 98, 100)),
        ]
    )

    assert verdict.text.startswith("other.handler answers in 100 ms instead of 300 ms, 3.0 times faster (2.91 to 3.13)")


def test_a_burst_that_fits_into_the_share_of_a_period_is_no_limit():
    """3 ms of CPU at 7 % of a core would take 41 ms at an even pace; but the first of a period run at full speed."""
    recording = Recording(
        function="app",
        handler="app.handler",
        memory_mb=128,
        python="3.11.7",
        cold=False,
        request_id="",
        date="2026-01-15T12:00:00+00:00",
        duration_ms=35.0,
        cpu_ms=3.0,
        accounting=Accounting(
            waiting_alone_ms=0.0,
            waiting_together_ms=31.0,
            computing_ms=3.0,
            lock_ms=0.0,
            throttled_ms=1.0,
            unexplained_ms=0.0,
        ),
    )

    (verdict,) = verdicts(
        [
            run("sequential", 124, memory_mb=128, cpu_ms=3),
            run("threads", 35, memory_mb=128, cpu_ms=3, recording=recording),
        ]
    )

    assert verdict.text == "Threads answer in 35 ms instead of 124 ms, 3.5 times faster."
