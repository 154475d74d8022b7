"""How an adaptive limiter finds what a downstream takes, and what a fixed limit does there: docs/adaptive.svg.

The downstream is a delay proxy that throttles what is above 20 in flight, in the words of S3 (503, no Retry-After). A
hundred workers call it for twenty seconds, and repeat what was throttled.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from meantime import Limiter, Retry, tasks
from meantime.tools.downstream import DelayedAPI, DelayProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes

CAPACITY = 20
LATENCY = "uniform:20ms-50ms"
SECONDS = 20.0
WORKERS = 100
SETTLED = (14, 24)
SETTLED_AFTER = SECONDS / 2
SAMPLE_EVERY = 0.05
PICTURE = Path(__file__).parent.parent / "docs" / "adaptive.svg"

# What makes the proxy take a request for one of S3, and throttle it as S3 does.
AS_S3 = {"Host": "bucket.s3.localhost"}


@dataclass
class Course:
    """One run.

    Attributes:
        times: When it was looked at, in seconds since the start.
        limits: The limiter's limit then.
        throttled: How many requests the downstream had throttled by then.
        succeeded: Items that have got their answer in the end.
        failed: Items that have not, for all their attempts.
    """

    times: list[float] = field(default_factory=list)
    limits: list[int] = field(default_factory=list)
    throttled: list[int] = field(default_factory=list)
    succeeded: int = 0
    failed: int = 0

    def settled(self) -> tuple[int, int]:
        """Between which limits it was in its second half."""
        late = [limit for when, limit in zip(self.times, self.limits, strict=True) if when >= SETTLED_AFTER]
        return min(late), max(late)

    def __str__(self) -> str:
        low, high = self.settled()
        return (
            f"limit {low} to {high} in the second half, {self.succeeded:,} items succeeded, {self.failed:,} failed, "
            f"{self.throttled[-1]:,} requests throttled"
        )


async def run(limiter: Limiter, proxy: DelayProxy, seconds: float = SECONDS) -> Course:
    """Call the downstream for so long with as many workers as there are, and look at it meanwhile."""
    course, start = Course(), time.monotonic()
    retry = Retry(attempts=8, throttled_backoff=0.1, max_backoff=1.0, budget=None)

    def items() -> Iterator[int]:
        while time.monotonic() < start + seconds:
            yield 1

    async def look() -> None:
        while True:
            course.times.append(time.monotonic() - start)
            course.limits.append(limiter.statistics().limit or 0)
            course.throttled.append(proxy.statistics().throttled)
            await asyncio.sleep(SAMPLE_EVERY)

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=AS_S3, raise_for_status=True) as session:

        async def get(_: int) -> None:
            async with session.get(f"{proxy.url}/key") as response:
                await response.read()

        looking = asyncio.ensure_future(look())
        outcomes = await tasks.settle(get, items(), max_concurrency=WORKERS, limiter=limiter, retry=retry)
        looking.cancel()
    course.succeeded, course.failed = outcomes.success_count, outcomes.failure_count
    return course


def course_of(limiter: Limiter, seconds: float = SECONDS) -> Course:
    """One run against a downstream of its own."""
    with DelayedAPI(latency=0) as api, DelayProxy(api.url, latency=LATENCY, max_concurrency=CAPACITY) as proxy:
        return asyncio.run(run(limiter, proxy, seconds))


def draw(adaptive: Course, fixed: Course) -> None:
    """Both runs, one above the other: the limits, and the requests that were throttled."""
    import matplotlib as mpl  # noqa: PLC0415  # only the picture needs it

    mpl.use("svg")
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "meantime", "font.family": "sans-serif"})
    from matplotlib import pyplot as plt  # noqa: PLC0415  # after its backend has been chosen

    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 5), sharex=True, layout="constrained")
    above.axhspan(*SETTLED, color="tab:green", alpha=0.12)
    above.axhline(CAPACITY, color="tab:green", linestyle=":", label=f"the downstream throttles above {CAPACITY}")
    _step(above, adaptive.times, adaptive.limits, "tab:blue", "adaptive=True")
    _step(above, fixed.times, fixed.limits, "tab:red", f"max_concurrency={WORKERS}")
    above.set(ylabel="limit, calls at once", ylim=(0, WORKERS + 10))
    _step(below, adaptive.times, adaptive.throttled, "tab:blue")
    _step(below, fixed.times, fixed.throttled, "tab:red")
    below.set(ylabel="requests throttled", yscale="symlog", ylim=(0, 10_000))
    below.set(xlabel="seconds", xlim=(0, SECONDS), xticks=range(0, int(SECONDS) + 1, 5))
    above.legend(loc="center right", frameon=False)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, metadata={"Date": None})


def _step(axes: Axes, times: list[float], values: list[int], colour: str, label: str = "") -> None:
    """Only where it changes, so that the picture stays small."""
    changes = [0, *(n for n in range(1, len(values)) if values[n] != values[n - 1]), len(values) - 1]
    axes.step([times[n] for n in changes], [values[n] for n in changes], where="post", color=colour, label=label)


def main() -> int:
    """Run both, draw them, and fail where what the documentation says does not hold."""
    adaptive = course_of(Limiter("downstream", adaptive=True, max_concurrency=WORKERS))
    fixed = course_of(Limiter("downstream", max_concurrency=WORKERS))
    print(f"adaptive: {adaptive}\nfixed:    {fixed}")  # noqa: T201  # it is what this is run for
    draw(adaptive, fixed)
    low, high = adaptive.settled()
    holds = SETTLED[0] <= low <= high <= SETTLED[1] and not adaptive.failed and fixed.failed > 0
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
