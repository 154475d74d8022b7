"""The model's CPU quota against the emulator's: bursts and sleeps of known lengths, at several memory sizes.

A budget that is checked only when the kernel ticks is what fits; one that is checked to the point takes up to a quarter
too long where bursts are a little longer than a period's budget. The second column of errors shows that.
"""

from __future__ import annotations

import sys
import time
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from prediction import PAUSE, PREDICTED

from meantime.tools.emulator import Emulator, Function
from meantime.tools.emulator.limits import cpu_share
from meantime.tools.measure.model.costs import COSTS
from meantime.tools.measure.model.quota import PERIOD_MS, Quota
from meantime.tools.measure.model.work import InLine
from meantime.tools.measure.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = {
    "30 ms": ((30.0, 0.0),),
    "100 ms": ((100.0, 0.0),),
    "30 × 0.7 ms, then 20 ms of sleep": ((0.7, 20.0),) * 30,
    "30 × 2 ms, then 20 ms of sleep": ((2.0, 20.0),) * 30,
    "40 × 1 ms, then 5 ms of sleep": ((1.0, 5.0),) * 40,
    "20 × 5 ms, then 7 ms of sleep": ((5.0, 7.0),) * 20,
    "10 × 12 ms, then 30 ms of sleep": ((12.0, 30.0),) * 10,
}
SIZES = (128, 256, 512, 1024)
INVOCATIONS = 7
DRAWN = 101
AT_MOST = 0.05  # the median error


def modelled(steps: Sequence[tuple[float, float]], factor: float, share: float, *, overdraws: bool) -> float:
    """What the model says of these steps, each computing so much more than it was told to."""
    random = Random(1)  # noqa: S311  # the same each time
    runtime = InLine(((COSTS.runtime_ms, 0.0, 0.0),))
    work = (runtime, InLine(tuple((computing * factor, sleeping, 0.0) for computing, sleeping in steps)), runtime)

    def quota() -> Quota:
        return Quota.drawn(share, random) if overdraws else Quota(share, phase_ms=random.random() * PERIOD_MS)

    return median(simulate(work, quota()) for _ in range(DRAWN))


def main() -> int:
    """Print a line for each case and size; 1 if the median error is too large."""
    errors = []
    for memory_mb in SIZES:
        function = Function(handler="bursts.lambda_handler", code=PREDICTED, memory_mb=memory_mb, timeout=60.0)
        with Emulator(function) as emulator:
            emulator.invoke({"steps": ((1.0, 1.0),)})
            for name, steps in CASES.items():
                durations, computed = [], []
                for _ in range(INVOCATIONS):
                    time.sleep(PAUSE)
                    invocation = emulator.invoke({"steps": steps})
                    durations.append(invocation.duration_ms)
                    computed.append(invocation.payload)
                measured = median(durations)
                factor = median(computed) / sum(computing for computing, _ in steps)
                share = cpu_share(memory_mb)
                ticking, exact = (
                    modelled(steps, factor, share, overdraws=each) / measured - 1 for each in (True, False)
                )
                errors.append(abs(ticking))
                print(f"{memory_mb:4} MB  {name:34} {measured:7.0f} ms  {ticking:+6.1%}  {exact:+6.1%}", flush=True)  # noqa: T201  # a command's output
    print(f"median error {median(errors):.1%}, allowed are {AT_MOST:.0%}")  # noqa: T201  # likewise
    return int(median(errors) > AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
