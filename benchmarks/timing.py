"""How a ratio is measured: both sides in turn, many times, in one process; the median of the rounds' ratios counts."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROUNDS = 15


@dataclass(frozen=True)
class Requirement:
    """What a ratio must be: `ours / baseline` at most this."""

    baseline: str
    at_most: float


@dataclass(frozen=True)
class Comparison:
    """One thing measured against others.

    Args:
        title: What is done.
        unit: What one number is the cost of.
        seconds: Seconds for one unit, by contestant; `ours` is the first.
        ratios: The median over the rounds of ours / theirs; none for what is taken off both.
        requirements: What must hold.
    """

    title: str
    unit: str
    seconds: Mapping[str, float]
    ratios: Mapping[str, float]
    requirements: tuple[Requirement, ...]

    def failures(self) -> list[str]:
        """What does not hold, in words."""
        return [
            f"{self.title}: {self.ratios[each.baseline]:.2f} times {each.baseline}, allowed are {each.at_most:g}"
            for each in self.requirements
            if self.ratios[each.baseline] > each.at_most
        ]


def compare(
    title: str,
    unit: str,
    contestants: Mapping[str, Callable[[], object]],
    *requirements: Requirement,
    units: int = 1,
    repeat: int = 1,
    rounds: int = ROUNDS,
    less: str | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Time the contestants in turn, so that what the machine does meanwhile meets all of them.

    Args:
        title: What is done.
        unit: What one number is the cost of.
        contestants: What each does, ours first.
        requirements: What must hold of the ratios.
        units: How many units one call does.
        repeat: Calls in one round.
        rounds: Rounds; the first is for warming up and does not count.
        less: The contestant whose time is taken off both sides of a ratio, so that it is one of what they add to it.
        timer: What the time is taken by; `time.process_time` does not count what other processes take of the machine.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    gc.disable()
    try:
        for number in range(rounds + 1):
            for name, function in contestants.items():
                began = timer()
                for _ in range(repeat):
                    function()
                if number:
                    times[name].append((timer() - began) / repeat / units)
            gc.collect()
    finally:
        gc.enable()
    ours = next(iter(contestants))
    off = [0.0] * rounds if less is None else times[less]
    ratios = {
        name: median((mine - o) / (theirs - o) for mine, theirs, o in zip(times[ours], times[name], off, strict=True))
        for name in contestants
        if name != less
    }
    return Comparison(title, unit, {name: median(values) for name, values in times.items()}, ratios, requirements)
