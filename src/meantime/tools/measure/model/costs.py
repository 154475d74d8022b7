"""What a sequential recording does not show of running side by side: few constants, each of an effect with a name.

`benchmarks/prediction.py --training` measures the cells that the numbers come from, and `benchmarks/prediction_fit.py`
finds them again: most by all cells, `waking_ms`, `waking_part` and `crowding_ms` by those of many widths. They are one
machine's: another's differ, though the effects are everywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The constants.

    Args:
        runtime_ms: CPU time of the runtime client before the handler, and again behind it.
        recording_ms: CPU time that recording a blocking call adds to it after a long wait: that code is cold, too.
        recording_async_ms: The same for an async call, whose loop is recorded as well.
        recording_async_part: What is added to that for each millisecond of the wait, up to `_LONGEST_PAUSE_MS`: the
            longer the loop has waited, the colder is what records it (`prediction_fit.py` prints what each paid).
        cold_ms: What computing costs more after a long pause, when the core has to wake up and its caches hold other
            things. Calls in line pay that after every wait; calls side by side keep the core warm for each other.
        cold_part: The same for each millisecond that the code computes: the more code, the more caches it fills.
        cold_after_ms: How long a pause makes a core cold, to 1 - 1/e.
        warm_least: Of what a call was seen to compute, the part that it needs on a warm core at the least.
        lost_by_threads_ms: What computing costs more after a standstill for want of CPU, caches being cold.
        lost_by_tasks_ms: The same where there is one thread.
        waking_ms: CPU time that each other thread takes after a standstill that waits for the interpreter's lock: it
            has waited for longer than the switch interval then, and asks for it again.
        waking_part: The most of that, however many they are, as a part of the period's budget: meanwhile the one that
            has the lock goes on, on another core.
        contended: What a thread computes more, as a part, while others wait for the interpreter's lock.
        switching_ms: CPU time that each wait of a thread among others costs more: the lock goes from hand to hand.
        turns: In how many parts a thread among others computes between two waits: whenever it asks the kernel for
            something, it lets go of the interpreter's lock, and who is ready has its turn.
        crowding_ms: CPU time, by library, that a call takes more for each connection of the pool, and for each other
            call that begins together with it: httpcore gives all of them the same connection, and for all but the
            first searches again, asking the kernel about each idle one.
        error: Standard deviation of what the model does not know, as a part of the duration.
    """

    runtime_ms: float = 0.5
    recording_ms: float = 0.22
    recording_async_ms: float = 0.3
    recording_async_part: float = 0.0033
    cold_ms: float = 0.435
    cold_part: float = 0.32
    cold_after_ms: float = 16.0
    warm_least: float = 0.2
    lost_by_threads_ms: float = 0.75
    lost_by_tasks_ms: float = 0.17
    waking_ms: float = 0.08
    waking_part: float = 0.37
    contended: float = 0.085
    switching_ms: float = 0.05
    turns: int = 2
    crowding_ms: Mapping[str, float] = field(default_factory=lambda: {"httpx": 0.004, "httpx2": 0.004})
    error: float = 0.07

    def coldness(self, pause_ms: float) -> float:
        """How cold a core is after such a pause, from 0 to 1."""
        return 1.0 - math.exp(-pause_ms / self.cold_after_ms)

    def warm_and_cold(
        self, computing_ms: float, waits_ms: Sequence[float], *, is_async: bool = False, stood_still: bool = False
    ) -> tuple[float, float]:
        """What a call computes on a warm core, and how much more after a long pause, each time.

        Args:
            computing_ms: What it was seen to compute, alone.
            waits_ms: Its waits, each of which has let the core go cold.
            is_async: Whether a loop ran it.
            stood_still: Whether it was held up for want of CPU.
        """
        coldnesses = [self.coldness(wait) for wait in waits_ms]
        times = sum(coldnesses)
        if not times:
            return computing_ms, 0.0
        added = times * (self.recording_async_ms if is_async else self.recording_ms)
        if is_async:
            added += self.recording_async_part * sum(min(wait, _LONGEST_PAUSE_MS) for wait in waits_ms)
        if stood_still:
            added += self.lost_by_tasks_ms if is_async else self.lost_by_threads_ms
        computing_ms = max(computing_ms - added, computing_ms * self.warm_least)
        pauses = sum(each > _A_PAUSE for each in coldnesses) or 1
        warm = (computing_ms - self.cold_ms * times) / (1 + self.cold_part * times / pauses)
        warm = max(warm, computing_ms * self.warm_least)
        cold = self.cold_ms + self.cold_part * warm / pauses
        return warm, min(cold, (computing_ms - warm) / times)


_LONGEST_PAUSE_MS = 100.0  # beyond it nothing was measured
_A_PAUSE = 0.2  # as cold as a core is after a wait that counts

COSTS: Final = Costs()
"""As they were measured."""
