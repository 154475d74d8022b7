"""What a measurement says: how the function spends its time, what to change, what that would give."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A predicted number with the range that holds nine times in ten."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} does not lie between {self.low} and {self.high}")


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """How an invocation spends its time.

    Args:
        kind: `waits` (IO-bound), `computes` (CPU-bound), `mixed`, or `fast_enough`.
        text: Why, in one or two sentences with numbers.
    """

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One thing to change, or to leave alone.

    Args:
        code: A stable name, such as `side-by-side`, `keep-sequential`, `more-memory`, `less-memory`, `processes`,
            `hand-over`, `client-outside`, `wider-pool`, `keep-connections`, `timeout`, `retries`, `loop-blocked`,
            `leftovers`, `more-at-once`.
        title: What to do, in one line.
        text: Why, by the numbers.
        calls: The calls it is about, as their identifiers in the recording of the run it was made from.
        lines: Where in the source.
        executor: `threads`, `tasks` or `processes`, where that is the advice.
        max_concurrency: How many at once.
        memory_mb: Which memory size.
        duration_ms: What an invocation would take then.
        cost_per_million_usd: What a million of them would cost.
        before_ms: What an invocation takes now, where both hold; None for the recorded run's median.
        before_cost_per_million_usd: What a million of them cost now; likewise.
        assumption: What it takes for granted, such as "if the calls do not depend on each other"; empty for nothing.
        change: A few lines of code, before and after, as a unified diff or a snippet.
        verify: The command that verifies it.
        patch: The file that holds the change, for `--with-change` and `git apply`; empty where there is none.
        of_variant: The variant of the run it was made from; None for the one that others are compared with.
        of_memory_mb: The memory size of that run; None for the largest.
    """

    code: str
    title: str
    text: str
    calls: tuple[int, ...] = ()
    lines: tuple[str, ...] = ()
    executor: str | None = None
    max_concurrency: int | None = None
    memory_mb: int | None = None
    duration_ms: Estimate | None = None
    cost_per_million_usd: Estimate | None = None
    assumption: str = ""
    change: str = ""
    verify: str = ""
    before_ms: float | None = None
    before_cost_per_million_usd: float | None = None
    of_variant: str | None = None
    of_memory_mb: int | None = None
    patch: str = ""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What an invocation would take if the calls that can go side by side did.

    Args:
        executor: `threads` or `tasks`.
        max_concurrency: How many at once; 1 is the function as it is.
        memory_mb: At which memory size.
        duration_ms: What the model says.
        measured_ms: The median that was measured, where it was.
    """

    executor: str
    max_concurrency: int
    memory_mb: int
    duration_ms: Estimate
    measured_ms: float | None = None


@dataclass(frozen=True, kw_only=True)
class MemoryPoint:
    """Speed and cost of the function as it is at one memory size; `measured` or predicted."""

    memory_mb: int
    duration_ms: Estimate
    cost_per_million_usd: Estimate
    measured: bool


@dataclass(frozen=True, kw_only=True)
class BestMemory:
    """Which memory size is best for what; each is among the points."""

    speed_mb: int
    cost_mb: int
    balance_mb: int
