"""A promise is held against what was measured."""

from __future__ import annotations

import pytest

from meantime.tools.measure.promised import Promised
from meantime.tools.report.advice import Estimate
from meantime.tools.report.results import Run

PROMISED = Promised(duration_ms=Estimate(value=166, low=135, high=204), before_ms=835, memory_mb=1769)


def run(variant: str, median: float, spread: float = 1.0) -> Run:
    return Run(
        example="app.handler",
        variant=variant,
        memory_mb=1769,
        durations_ms=(median - spread, median, median + spread),
        cold_ms=100,
        p50_ms=median,
        p95_ms=median + spread,
        ideal_ms=None,
        billed_ms=median,
        cost_per_million_usd=1,
        cpu_ms=None,
        interval_ms=(median - spread, median + spread),
    )


@pytest.mark.parametrize(
    ("median", "spread", "said"),
    [
        (190, 1, "kept"),
        (208, 1, "not reached"),
        (208, 10, "kept within the noise"),
        (120, 1, "better than promised"),
    ],
)
def test_it_is_said_whether_a_promise_was_kept(median, spread, said):
    text = PROMISED.verdict(run("advice-1", median, spread), run("app.handler", 840))

    assert text == f"advice-1: promised 166 ms (135 to 204), measured {median} ms: {said}."


def test_a_machine_that_became_slower_is_told_beside_it():
    text = PROMISED.verdict(run("advice-1", 208), run("app.handler", 1000))

    assert "not reached. But without the change it takes 1,000 ms now, and 835 ms when" in text


def test_a_patch_without_a_promise_has_none():
    assert Promised.read("--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-Promised\n+Promised\n") is None
