"""The CPU of one execution environment: a budget for each period, and a standstill once it is used up.

A quota of the kernel's (`cpu.max`) is no slower core: what computes runs at full speed until the period's budget is
gone, and then the whole process stands still until the next period brings more. So a call that computes 1 ms and waits
for 30 never notices that its function has 0.07 of a core, while twenty of them side by side do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.cpu import PERIOD

if TYPE_CHECKING:
    from random import Random

PERIOD_MS: Final = PERIOD * 1000

TICK_MS: Final = 4.0
"""How often the kernel looks whether a budget is used up: a burst that ends before may overdraw it, and the next period
pays. CONFIG_HZ=250, as most distributions' kernels; measured: bursts of 2 ms on 0.07 of a core run through or not, as
this says."""

_WHOLE_CORE = 0.999


class Quota:
    """The budget of one invocation, asked in the order of time.

    Args:
        share: Cores; with a whole one or more, a single interpreter is never held up.
        phase_ms: How far into a period it starts, 0 to 20.
        tick_ms: How long after the start the kernel looks first, 0 to 4.
        overdraws: Whether a budget is only checked at ticks; False: to the point.
    """

    __slots__ = ("_budget", "_is_whole", "_overdraws", "_period", "_phase", "_share_ms", "_tick")

    def __init__(
        self, share: float, *, phase_ms: float = 0.0, tick_ms: float = 0.0, overdraws: bool = False
    ) -> None:
        if not share > 0:
            raise ValueError(f"a share of CPU is above 0, not {share!r}")
        self._share_ms = share * PERIOD_MS
        self._is_whole = share >= _WHOLE_CORE
        self._phase = phase_ms
        self._tick = tick_ms
        self._overdraws = overdraws
        self._period = 0  # number of the period that the budget is for
        self._budget = self._share_ms

    @classmethod
    def drawn(cls, share: float, random: Random) -> Quota:
        """One that an invocation may meet: it starts anywhere in a period."""
        return cls(
            share, phase_ms=random.random() * PERIOD_MS, tick_ms=random.random() * TICK_MS, overdraws=True
        )

    def run(self, start: float, computing: float) -> float:
        """When something that computes so long, and starts then at the earliest, is done; milliseconds."""
        if self._is_whole or computing <= 0:
            return start + computing
        now = start
        while True:
            now = self._earn(now)
            budget = self._budget
            boundary = (self._period + 1) * PERIOD_MS - self._phase
            end = now + computing
            if end <= boundary and computing <= budget:
                self._budget = budget - computing
                return end
            stop = min(boundary, now + budget if not self._overdraws else self._next_tick(now + budget))
            if end <= stop:
                self._budget = budget - computing
                return end
            self._budget = budget - (stop - now)
            computing -= stop - now
            now = stop

    def _earn(self, now: float) -> float:
        """Add what the periods until now have brought; without a budget, the time of the first that brings some."""
        period = math.floor((now + self._phase) / PERIOD_MS + 1e-9)
        if period > self._period:
            self._budget = min(self._share_ms, self._budget + (period - self._period) * self._share_ms)
            self._period = period
        if self._budget > 1e-9:  # noqa: PLR2004  # what remains of a difference of floats is no budget
            return now
        periods = math.floor(-self._budget / self._share_ms + 1e-9) + 1
        self._period += periods
        self._budget = min(self._share_ms, self._budget + periods * self._share_ms)
        return self._period * PERIOD_MS - self._phase

    def _next_tick(self, time: float) -> float:
        return math.ceil((time - self._tick) / TICK_MS) * TICK_MS + self._tick
