"""Recordings and runs made by hand: what a function did, in numbers that a test can choose."""

from __future__ import annotations

from meantime.tools.report.recording import (
    Accounting,
    Observation,
    RecordedCall,
    RecordedThread,
    Recording,
    Wait,
)
from meantime.tools.report.results import Run


def call(number, *, waits=40.0, computes=0.0, start=None, **more):
    """A call of so many milliseconds; one behind the other unless a start is given."""
    length = waits + computes
    begin = number * length if start is None else start
    given = {"kind": "http", "library": "requests", "target": "api.example", "line": "app.py:3", "has_timeout": True}
    return RecordedCall(
        id=number,
        name=more.pop("name", f"GET /{number}"),
        start_ms=begin,
        end_ms=begin + length,
        waiting_ms=waits,
        computing_ms=computes,
        **{**given, **more},
    )


def observed(kind, text="", *, line="app.py:2", took=0.0, start=0.0, **numbers):
    """Something seen."""
    return Observation(kind=kind, text=text, line=line, start_ms=start, duration_ms=took, numbers=numbers)


def recording(
    calls=(), *, computes=0.0, throttled=0.0, memory_mb=1769, observations=(), waits=(), cold=False, loop=None, code=""
):
    """An invocation with these calls, that computed so long besides."""
    ends = max((each.end_ms for each in calls), default=0.0)
    in_calls = sum(each.computing_ms for each in calls)
    edges = sorted([(each.start_ms + each.computing_ms, 1) for each in calls] + [(each.end_ms, -1) for each in calls])
    alone = together = 0.0
    under_way, at = 0, 0.0
    for moment, change in edges:
        alone += moment - at if under_way == 1 else 0.0
        together += moment - at if under_way > 1 else 0.0
        under_way, at = under_way + change, moment
    own = [
        Wait(
            kind="receive",
            start_ms=each.start_ms + each.computing_ms,
            end_ms=each.end_ms,
            call=each.id,
            computed_before_ms=each.computing_ms,
        )
        for each in calls
        if each.waiting_ms
    ]
    duration = ends + computes + throttled
    return Recording(
        function="function",
        handler="app.lambda_handler",
        memory_mb=memory_mb,
        python="3.13.1",
        cold=cold,
        request_id="1",
        date="2026-11-25T12:00:00+00:00",
        duration_ms=duration,
        cpu_ms=in_calls + computes,
        accounting=Accounting(
            waiting_alone_ms=alone,
            waiting_together_ms=together,
            computing_ms=duration - throttled - alone - together,
            lock_ms=0.0,
            throttled_ms=throttled,
            unexplained_ms=0.0,
        ),
        code=code,
        calls=tuple(calls),
        waits=tuple(sorted([*own, *waits], key=lambda wait: wait.start_ms)),
        threads=(RecordedThread(name="MainThread", computing_ms=computes, held_up_ms=throttled, loop=loop),),
        observations=tuple(observations),
    )


def run_of(recorded, *, memory_mb=None, p50_ms=None, cpu_ms=None):
    """A run that took what its recording did."""
    took = p50_ms if p50_ms is not None else recorded.duration_ms
    size = memory_mb or (recorded.memory_mb if recorded is not None else 1769)
    return Run(
        example="function",
        variant="app.lambda_handler",
        memory_mb=size,
        durations_ms=(took * 0.99, took, took * 1.01),
        cold_ms=100.0,
        p50_ms=took,
        p95_ms=took * 1.01,
        ideal_ms=None,
        billed_ms=took,
        cost_per_million_usd=took / 1000 * size / 1024 * 16.6667 + 0.2,
        cpu_ms=cpu_ms if cpu_ms is not None else recorded.cpu_ms,
        recording=recorded,
    )
