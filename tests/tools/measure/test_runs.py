"""Which of several recordings of the same work are taken for it."""

from __future__ import annotations

import pytest

from meantime.tools.measure.runs import nearest, undisturbed
from meantime.tools.report.recording import Accounting, Recording


def recorded(duration_ms: float) -> Recording:
    return Recording(
        function="app",
        handler="app.handler",
        memory_mb=512,
        python="3.11.7",
        cold=False,
        request_id="",
        date="2026-01-15T12:00:00+00:00",
        duration_ms=duration_ms,
        cpu_ms=1.0,
        accounting=Accounting(
            waiting_alone_ms=duration_ms, waiting_together_ms=0.0, computing_ms=0.0, lock_ms=0.0, throttled_ms=0.0,
            unexplained_ms=0.0,
        ),
    )  # fmt: skip


def durations(recordings: list[Recording]) -> list[float]:
    return [one.duration_ms for one in recordings]


def test_shown_is_the_one_that_took_as_long_as_usual():
    assert nearest([recorded(300), recorded(104), recorded(98)], 100).duration_ms == 98
    assert nearest([], 100) is None


@pytest.mark.parametrize(
    ("taken", "kept"),
    [
        ([100, 104, 190], [100, 104]),  # the third was held up by something that is not the function's
        ([60, 104], [60, 104]),  # waits that vary are the function's
        ([190, 150], [150]),
        ([], []),
    ],
)
def test_predicted_is_from_those_that_were_not_held_up(taken, kept):
    measured = [95.0, 99, 100, 101, 120]

    assert durations(undisturbed([recorded(duration) for duration in taken], measured)) == kept
