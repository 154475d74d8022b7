"""A function that computes and sleeps as long as it is told, to see what a CPU quota does with that."""

from __future__ import annotations

import time
from typing import Any

ROUNDS = 20_000


def spin(rounds: int) -> None:
    """Compute, asking no clock: that would make the kernel look at the quota."""
    for _ in range(rounds):
        pass


def _rounds_per_ms() -> float:
    least = 1.0
    for _ in range(200):
        began = time.perf_counter()
        spin(ROUNDS)
        least = min(least, time.perf_counter() - began)
    return ROUNDS / least / 1000


PER_MS = _rounds_per_ms()


def lambda_handler(event: dict[str, Any], context: object) -> float:
    """Each step is so many milliseconds of computing, then of sleep; gives the CPU time of all, in milliseconds."""
    began = time.thread_time()
    for computing, sleeping in event["steps"]:
        spin(int(computing * PER_MS))
        if sleeping:
            time.sleep(sleeping / 1000)
    return (time.thread_time() - began) * 1000
