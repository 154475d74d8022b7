"""A function that was measured with several events gets one change, and each event what it is for it."""

from __future__ import annotations

from meantime.tools.measure.several_events import Told, put_together
from meantime.tools.report.advice import Advice, Estimate
from meantime.tools.report.results import Example, Run


def run(example: str, median: float) -> Run:
    return Run(
        example=example,
        variant="app.handler",
        memory_mb=1769,
        durations_ms=(median, median),
        cold_ms=100,
        p50_ms=median,
        p95_ms=median,
        ideal_ms=None,
        billed_ms=median,
        cost_per_million_usd=median / 100,
        cpu_ms=None,
    )


def told(name: str, median: float, *advice: Advice) -> Told:
    return Told(example=Example(name=name, title=name, advice=advice), runs=[run(name, median)])


def side_by_side(turns: int, width: int, duration: float) -> Advice:
    return Advice(
        code="side-by-side",
        title=f"Run the {turns} turns of the loop side by side, {width} at once, on threads: saves much",
        text="Why.",
        lines=("app.py:3",),
        executor="threads",
        max_concurrency=width,
        memory_mb=1769,
        duration_ms=Estimate(value=duration, low=duration - 10, high=duration + 10),
        cost_per_million_usd=Estimate(value=1, low=1, high=1),
        change=f"--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-1\n+{width}\n",
        verify="meantime measure app.handler",
    )


KEEP = Advice(code="keep-sequential", title="Keep it", text="So")


def test_two_widths_for_one_loop_become_one_change():
    whole = told("app.handler", 500)
    big = told("app.handler, big", 900, side_by_side(12, 10, 100))
    small = told("app.handler, small", 100, side_by_side(3, 3, 50), KEEP)

    first, of_big, of_small = put_together(whole, [big, small], {})

    (advice,) = first.advice
    assert advice.max_concurrency == 10
    assert advice.title == (
        "Run the turns of the loop side by side, 10 at once, on threads: saves 425 ms of 500 ms, the mean of all events"
    )
    assert "big: 100 ms instead of 900 ms; small: 50 ms instead of 100 ms" in advice.text
    assert advice.duration_ms == Estimate(value=75, low=65, high=85)
    assert (advice.before_ms, advice.change) == (500, side_by_side(12, 10, 100).change)
    assert (of_big.advice[0].change, of_big.advice[0].verify) == ("", "")
    assert of_small.advice[1] == KEEP


def test_an_event_that_gains_nothing_counts_as_it_is():
    (first, *_) = put_together(
        told("app.handler", 500),
        [told("app.handler, a", 900, side_by_side(12, 10, 100)), told("app.handler, b", 100)],
        {},
    )

    assert first.advice[0].duration_ms == Estimate(value=100, low=95, high=105)
    assert "b: 100 ms as before" in first.advice[0].text


def test_what_nobody_could_tell_from_noise_is_left_to_its_event():
    event = told("app.handler, a", 100, side_by_side(3, 3, 90))

    first, of_a, _ = put_together(told("app.handler", 1000), [event, told("app.handler, b", 1900)], {})

    assert first.advice == ()
    assert of_a.advice == event.example.advice
