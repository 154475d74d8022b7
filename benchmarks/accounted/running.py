"""Runs a function with a recording and without, in turn, in one process."""

from __future__ import annotations

import gc
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounted.rows import WAITS_WITHIN, Round, Row

from meantime.measure import recording
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from accounted.rows import Answers
    from accounted.servers import Servers

ROUNDS = 11
_WARMING_UP = 3


def in_turn(
    name: str,
    run: Callable[[], object],
    servers: Servers,
    *,
    rounds: int = ROUNDS,
    has_limit_on_wall: bool = True,
    has_constant_delays: bool = True,
    calls_within: float = WAITS_WITHIN,
) -> Row:
    """One row of the table.

    Args:
        name: What is done.
        run: Makes the calls; its clients are kept.
        servers: What it calls.
        rounds: How many times each way.
        has_limit_on_wall: Whether the runs are alike, so that their wall times can be compared.
        has_constant_delays: Whether each answer is held back for the same time.
        calls_within: How far off the waits of a single call may be.
    """
    for _ in range(_WARMING_UP):
        run()
        with recording():
            run()
    row = Row(
        name,
        has_limit_on_wall=has_limit_on_wall,
        has_constant_delays=has_constant_delays,
        calls_within=calls_within,
    )
    gc.disable()
    try:
        for number in range(rounds):
            plain = _timed(run, servers, nullcontext()) if number % 2 else None
            recorder = recording()
            recorded = _timed(run, servers, recorder)
            plain = plain or _timed(run, servers, nullcontext())
            row.rounds.append(
                Round(
                    recording=Recording.of(recorder.document),
                    answers=recorded.answers,
                    began=recorded.began,
                    wall=(recorded.own - plain.own) / plain.wall,
                    cpu=(recorded.cpu - plain.cpu) / plain.wall,
                    around_ms=recorded.around * 1000,
                )
            )
            gc.collect()
    finally:
        gc.enable()
    return row


@dataclass(frozen=True)
class _Timed:
    """One run: when it began, its wall time, its CPU time, the servers' answers, and what beginning and ending took."""

    began: float
    wall: float
    cpu: float
    answers: Answers
    around: float

    @property
    def own(self) -> float:
        """The wall time without what the servers took, which is another time each time."""
        covered, until = 0.0, 0.0
        for started, finished in sorted(self.answers):
            covered += max(0.0, finished - max(started, until))
            until = max(until, finished)
        return self.wall - covered


def _timed(run: Callable[[], object], servers: Servers, context: AbstractContextManager[object]) -> _Timed:
    servers.reset()
    entered = time.monotonic()
    with context:
        began, cpu = time.monotonic(), time.process_time()
        run()
        wall, cpu = time.monotonic() - began, time.process_time() - cpu
    around = time.monotonic() - entered - wall
    return _Timed(began, wall, cpu, servers.answers(), around)
