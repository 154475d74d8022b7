"""Runs a function with a recording and without, in turn, in one process."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

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
            plain = _plain(run) if number % 2 else None
            servers.reset()
            began = time.monotonic()
            recorded, document = _recorded(run)
            answers = servers.answers()
            plain = plain or _plain(run)
            row.rounds.append(
                Round(
                    recording=Recording.of(document),
                    answers=answers,
                    began=began,
                    wall=recorded[0] / plain[0] - 1,
                    cpu=(recorded[1] - plain[1]) / plain[0],
                )
            )
            gc.collect()
    finally:
        gc.enable()
    return row


def _plain(run: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def _recorded(run: Callable[[], object]) -> tuple[tuple[float, float], dict[str, Any]]:
    wall, cpu = time.perf_counter(), time.process_time()
    with recording() as recorder:
        run()
    took = time.perf_counter() - wall, time.process_time() - cpu
    return took, recorder.document
