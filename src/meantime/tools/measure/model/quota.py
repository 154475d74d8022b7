"""The CPU of one execution environment: a budget for each period, and a standstill once it is used up.

A quota of the kernel's (`cpu.max`) is no slower core: what computes runs at full speed until the period's budget is
gone, and then the whole process stands still until the next period brings more. So a call that computes 1 ms and waits
for 30 never notices that its function has 0.07 of a core, while twenty of them side by side do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.cpu import PERIOD
from meantime.tools.measure.model.costs import COSTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from meantime.tools.measure.model.costs import Costs

PERIOD_MS: Final = PERIOD * 1000

TICK_MS: Final = 4.0
"""How often the kernel looks whether a budget is used up: a burst that ends before may overdraw it, and the next period
pays. CONFIG_HZ=250, as most distributions' kernels; measured: bursts of 2 ms on 0.07 of a core run through or not, as
this says."""

_WHOLE_CORE = 0.999


class Quota:
    """The budget of one invocation, asked in the order of time; and how cold the core is that it is spent on.

    Args:
        share: Cores; with a whole one or more, a single interpreter is never held up.
        phase_ms: How far into a period it starts, 0 to 20.
        tick_ms: How long after the start the kernel looks first, 0 to 4.
        overdraws: Whether a budget is only checked at ticks; False: to the point.
        lost_ms: What a standstill costs, for code that a pause makes slower; never more than half of what it has.
        costs: What a pause costs.

    Attributes:
        computed: CPU time so far, in milliseconds.
    """

    __slots__ = (
        "_budget",
        "_costs",
        "_is_whole",
        "_lost_ms",
        "_overdraws",
        "_period",
        "_phase",
        "_share_ms",
        "_stopped",
        "_tick",
        "computed",
    )

    def __init__(
        self,
        share: float,
        *,
        phase_ms: float = 0.0,
        tick_ms: float = 0.0,
        overdraws: bool = False,
        lost_ms: float = 0.0,
        costs: Costs = COSTS,
    ) -> None:
        if not share > 0:
            raise ValueError(f"a share of CPU is above 0, not {share!r}")
        self._share_ms = share * PERIOD_MS
        self._is_whole = share >= _WHOLE_CORE
        self._phase = phase_ms
        self._tick = tick_ms
        self._overdraws = overdraws
        self._lost_ms = lost_ms
        self._costs = costs
        self._period = 0  # number of the period that the budget is for
        self._budget = self._share_ms
        self._stopped = 0.0  # when the process computed last
        self.computed = 0.0

    @classmethod
    def drawn(cls, share: float, random: Random, *, lost_ms: float = 0.0, costs: Costs = COSTS) -> Quota:
        """One that an invocation may meet: it starts anywhere in a period."""
        phase, tick = random.random() * PERIOD_MS, random.random() * TICK_MS
        return cls(share, phase_ms=phase, tick_ms=tick, overdraws=True, lost_ms=lost_ms, costs=costs)

    def run(
        self, start: float, computing: float, cold: float = 0.0, in_line: Callable[[float], int] | None = None
    ) -> float:
        """When something that is ready then is done; milliseconds.

        Args:
            start: When it is ready; not before the end of what ran last.
            computing: How long it computes.
            cold: How much longer on a core that has done something else for long; 0: no pause makes it slower.
            in_line: How many other threads are ready at a moment; all of them wake when a standstill is over.
        """
        if computing <= 0:
            return start
        if cold and start > self._stopped:
            computing += cold * self._costs.coldness(start - self._stopped)
        if self._is_whole:
            self.computed += computing
            self._stopped = start + computing
            return self._stopped
        self.computed += computing
        now = start
        while True:
            begun = self._earn(now)
            budget = self._budget
            if cold and begun > now:
                lost = min(self._lost_ms, budget / 2, computing / 2)
                if in_line is not None:
                    most = self._costs.waking_part * budget
                    lost += min(self._costs.waking_ms * in_line(begun), most)
                computing += lost
                self.computed += lost
            now = begun
            boundary = (self._period + 1) * PERIOD_MS - self._phase
            end = now + computing
            if end <= boundary and computing <= budget:
                break
            stop = min(boundary, now + budget if not self._overdraws else self._next_tick(now + budget))
            if end <= stop:
                break
            self._budget = budget - (stop - now)
            computing -= stop - now
            now = stop
        self._budget = budget - computing
        self._stopped = end
        return end

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
