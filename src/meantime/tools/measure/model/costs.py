"""What a sequential recording does not show of running side by side: few constants, each with what gave it.

`benchmarks/prediction.py --training` measures the cells that they come from, on one machine; another's differ, and so
each is of an effect that every machine has.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNTIME_MS: Final = 0.5
"""CPU time of the runtime client before the handler, and again behind it."""

COLD_MS: Final = 0.40
COLD_PART: Final = 0.40
"""What computing costs more after a long pause, when the core's caches hold other things and it has to wake up first:
so many milliseconds, and this part of the code's own computing. Calls in line pay that after every wait, calls side by
side keep the core warm for each other."""

COLD_AFTER_MS: Final = 18.0
"""How long a pause makes a core cold, to 1 - 1/e."""

RECORDING_MS: Final = 0.0
"""CPU time that recording adds to a call."""

WARM_LEAST: Final = 0.25
"""Of what a call was seen to compute, the part that it needs on a warm core at the least."""

LOST: Final[Mapping[str, float]] = {"threads": 0.35, "tasks": 0.15}
"""The part of a period's CPU budget that is lost after a standstill: caches are cold, and of threads all that waited
for the interpreter's lock ask for it again."""

CROWDING_MS: Final[Mapping[str, float]] = {"httpx": 0.08, "httpx2": 0.08}
"""CPU time that a call takes more for each other one that is ready to compute: httpcore looks through all connections,
and asks the kernel about each idle one, for every request, and once more for each that another was quicker to take."""

ERROR: Final = 0.08
"""Standard deviation of what the model does not know, as a part of the duration."""


def coldness(pause_ms: float) -> float:
    """How cold a core is after such a pause, from 0 to 1."""
    return 1.0 - math.exp(-pause_ms / COLD_AFTER_MS)


def warm_and_cold(computing_ms: float, waits_ms: list[float]) -> tuple[float, float]:
    """What a call computes on a warm core, and how much more after a long pause, each time.

    Args:
        computing_ms: What it was seen to compute, alone.
        waits_ms: Its waits, each of which has let the core go cold.
    """
    computing_ms = max(computing_ms - RECORDING_MS, computing_ms * WARM_LEAST)
    coldnesses = [coldness(wait) for wait in waits_ms]
    times = sum(coldnesses)
    if not times:
        return computing_ms, 0.0
    pauses = sum(each > _A_PAUSE for each in coldnesses) or 1
    warm = (computing_ms - COLD_MS * times) / (1 + COLD_PART * times / pauses)
    warm = max(warm, computing_ms * WARM_LEAST)
    cold = COLD_MS + COLD_PART * warm / pauses
    return warm, min(cold, (computing_ms - warm) / times)


_A_PAUSE = 0.2  # below that, a wait is none that the caches notice
