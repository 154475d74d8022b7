"""Sums up what was run: the median of each handler at each memory size with its interval, its percentile, its bill."""

from __future__ import annotations

from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING

from meantime.tools.measure.chain import longest_chain
from meantime.tools.measure.pricing import cost_per_million
from meantime.tools.measure.remedies import errors_among
from meantime.tools.report.intervals import median_interval
from meantime.tools.report.results import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.downstream import RequestRecord
    from meantime.tools.emulator import Invocation
    from meantime.tools.measure.rounds import Cell
    from meantime.tools.report.recording import Recording
    from meantime.tools.report.results import Prices

_DIGITS = 3  # of a millisecond
_ABOUT = 1.05


def run_of(
    cell: Cell, *, example: str, events: Sequence[str], prices: Prices, requests: Sequence[RequestRecord] = ()
) -> Run:
    """Sum up one handler at one memory size.

    With several events, a round counts as one duration, the mean of its events: as if each came as often as any other.

    Args:
        cell: What was run; at least two rounds of it.
        example: What the run is to be filed under.
        events: The events that count.
        prices: What the bill is made from.
        requests: What the downstreams have seen; without it `ideal_ms` stays unknown.
    """
    warm = {event: cell.warm[event] for event in events}
    durations = [fmean(one.duration_ms for one in one_round) for one_round in zip(*warm.values(), strict=True)]
    billed_ms = fmean(median(one.billed_ms for one in of_event) for of_event in warm.values())
    ideal_ms = fmean(median(_chain_ms(one, requests) for one in of_event) for of_event in warm.values())
    interval = median_interval(durations)
    initialised = [one.init_ms for one in cell.cold if one.init_ms is not None]
    return Run(
        example=example,
        variant=cell.variant,
        memory_mb=cell.memory_mb,
        durations_ms=tuple(round(duration, _DIGITS) for duration in durations),
        cold_ms=round(median(initialised), _DIGITS) if initialised else 0.0,
        first_ms=round(median(one.duration_ms for one in cell.cold), _DIGITS),
        p50_ms=round(median(durations), _DIGITS),
        p95_ms=round(quantiles(durations, n=20, method="inclusive")[-1], _DIGITS),
        ideal_ms=round(ideal_ms, _DIGITS) if ideal_ms else None,
        billed_ms=billed_ms,
        cost_per_million_usd=round(cost_per_million(prices, billed_ms, cell.memory_mb), 4),
        cpu_ms=round(fmean(median(one.cpu_ms for one in of_event) for of_event in warm.values()), _DIGITS),
        interval_ms=None if interval is None else tuple(round(end, _DIGITS) for end in interval),
        recording=nearest(cell.recordings.get(events[0], ()), median(durations)) if len(events) == 1 else None,
        errors=errors_among([one.payload for of_event in warm.values() for one in of_event]),
    )


def nearest(recordings: Sequence[Recording], duration_ms: float) -> Recording | None:
    """Give the recording that took most nearly as long as this; None without any."""
    return min(recordings, key=lambda recording: abs(recording.duration_ms - duration_ms), default=None)


def undisturbed(recordings: Sequence[Recording], durations_ms: Sequence[float]) -> list[Recording]:
    """Give the recordings that took about as long as what was measured: what held up the others is not the function's.

    Where that is none, the least unusual is given.
    """
    longest = max(durations_ms) * _ABOUT
    kept = [recording for recording in recordings if recording.duration_ms <= longest]
    usual = nearest(recordings, median(durations_ms))
    return kept or ([] if usual is None else [usual])


def _chain_ms(invocation: Invocation, requests: Sequence[RequestRecord]) -> float:
    """How long the downstream alone would have kept an invocation: it ran alone, so all requests meanwhile are its."""
    return 1000 * longest_chain(
        (one.started, one.finished)
        for one in requests
        if one.started >= invocation.started and one.finished <= invocation.finished
    )
