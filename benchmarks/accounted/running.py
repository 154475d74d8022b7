"""Runs a function with a recording and without, in turn, in one process."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from accounted.rows import Round, Row

from meantime.measure import recording
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounted.servers import Servers

ROUNDS = 11
_WARMING_UP = 3


def in_turn(
    name: str, run: Callable[[], object], servers: Servers, *, rounds: int = ROUNDS, has_limit_on_wall: bool = True
) -> Row:
    """One row of the table.

    Args:
        name: What is done.
        run: Makes the calls; its clients are kept.
        servers: What it calls.
        rounds: How many times each way.
        has_limit_on_wall: Whether the runs are alike, so that their wall times can be compared.
    """
    for _ in range(_WARMING_UP):
        run()
        with recording():
            run()
    row = Row(name, has_limit_on_wall=has_limit_on_wall)
    gc.disable()
    try:
        for number in range(rounds):
            plain = _timed(run) if number % 2 else None
            servers.reset()
            entered = time.monotonic()
            with recording() as recorder:
                began = time.monotonic()
                recorded = _timed(run)
            whole = time.monotonic() - entered
            answers = servers.answers()
            plain = plain or _timed(run)
            row.rounds.append(
                Round(
                    recording=Recording.of(recorder.document),
                    answers=answers,
                    began=began,
                    wall=recorded[0] / plain[0] - 1,
                    cpu=(recorded[1] - plain[1]) / plain[0],
                    around_ms=(whole - recorded[0]) * 1000,
                )
            )
            gc.collect()
    finally:
        gc.enable()
    return row


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Its wall time and its CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu
