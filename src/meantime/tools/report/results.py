"""What a run of the examples gave: the model behind every table and page, and its JSON file.

Times are milliseconds, in names that end in `_ms`; money is US dollars, in names that end in `_usd`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003  # decoding reads the hints at run time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from meantime.tools.report.advice import (  # noqa: TC001  # as above
    Advice,
    BestMemory,
    Diagnosis,
    MemoryPoint,
    Prediction,
)
from meantime.tools.report.billing import Bill, Tier  # noqa: TC001  # as above
from meantime.tools.report.calls_in_brief import calls_in_brief
from meantime.tools.report.decoding import decode, decoded_file
from meantime.tools.report.recording import Recording  # noqa: TC001  # as above
from meantime.tools.report.requirements import check_numbers, is_length, require

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "meantime-results"
VERSION = 1

# Rounding may move a stored percentile a little outside the durations that it was made from.
_ROUNDING_MS = 1.0


class ResultsError(ValueError):
    """A results file cannot be read, or does not hold what `Results` asks for."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where and how it was measured, so that a reader can judge the numbers and repeat them.

    Args:
        date: Day or time of the run, ISO 8601.
        python: Version of the Python that ran the functions.
        platform: Operating system, as `platform.platform()` gives it.
        cpu: Model of the processor.
        cores: Cores the run could use.
        cpu_limit: How the CPU share was limited, in words.
        memory_limit: How memory was limited, in words.
        freeze: How environments were frozen between invocations, in words.
        versions: Packages that matter to the numbers, name to version.
        notes: Further conditions, a sentence each.
    """

    date: str
    python: str
    platform: str
    cpu: str
    cores: int
    cpu_limit: str
    memory_limit: str
    freeze: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What Lambda cost on the day named by `date`, in one region for one architecture.

    Args:
        date: Day of the prices, ISO 8601.
        source: Where they stand.
        region: Region they hold in.
        architecture: `x86_64` or `arm64`.
        usd_per_gb_second: Price of a GB-second in the first tier.
        usd_per_request: Price of one request.
        tiers: Prices of a GB-second by a month's use; empty for the first tier's alone.
        free_requests: Requests of a month that the free tier holds, an account; not applied to any number here.
        free_gb_seconds: GB-seconds of a month that it holds; likewise.
    """

    date: str
    source: str
    region: str
    architecture: str
    usd_per_gb_second: float
    usd_per_request: float
    tiers: tuple[Tier, ...] = ()
    free_requests: float = 0.0
    free_gb_seconds: float = 0.0

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the numbers say, in one sentence; for one memory size, or for all when `memory_mb` is None."""

    text: str
    memory_mb: int | None = None

    def __post_init__(self) -> None:
        require(bool(self.text.strip()), "a verdict needs a text")


@dataclass(frozen=True, kw_only=True)
class Example:
    """One thing that was measured, and what came out.

    Args:
        name: A short name.
        title: A few words for a heading.
        description: One line.
        verdicts: What the numbers say, at each memory size.
        diagnosis: How the function spends its time.
        advice: What to change, the most worthwhile first.
        predictions: What it would take with its calls side by side.
        memory_points: What it takes and costs as it is, by memory size.
        best_memory: Which of those sizes is best for what.
    """

    name: str
    title: str
    description: str = ""
    verdicts: tuple[Verdict, ...] = ()
    diagnosis: Diagnosis | None = None
    advice: tuple[Advice, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    memory_points: tuple[MemoryPoint, ...] = ()
    best_memory: BestMemory | None = None

    def __post_init__(self) -> None:
        require(bool(self.name.strip()), "an example needs a name")
        require(bool(self.title.strip()), f"example {self.name!r} needs a title")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One variant of one example at one memory size: one cold start, then warm invocations.

    Args:
        example: Name of the example.
        variant: How its calls were run: `sequential`, `threads`, `tasks`.
        memory_mb: Memory size of the function.
        durations_ms: Duration of each warm invocation, in the order they ran.
        cold_ms: Init duration of the cold start.
        p50_ms: Median of the durations.
        p95_ms: 95th percentile of the durations.
        ideal_ms: Longest chain of waits that the downstream really delivered; None where unknown.
        billed_ms: Billed duration of one invocation.
        cost_per_million_usd: Cost of a million such invocations.
        cpu_ms: CPU that one invocation used; None where unknown.
        first_ms: Duration of the first invocation, the one after the cold start.
        interval_ms: Where the median lies nineteen times in twenty, low and high; None where too few were run.
        recording: One warm invocation, recorded.
        errors: That answers were errors though nothing failed, and which; empty where none was.
    """

    example: str
    variant: str
    memory_mb: int
    durations_ms: tuple[float, ...]
    cold_ms: float
    p50_ms: float
    p95_ms: float
    ideal_ms: float | None
    billed_ms: float
    cost_per_million_usd: float
    cpu_ms: float | None
    first_ms: float | None = None
    interval_ms: tuple[float, ...] | None = None
    recording: Recording | None = None
    errors: str = ""

    def __post_init__(self) -> None:
        where = f"run {self.example!r}, {self.variant!r}, {self.memory_mb} MB"
        require(bool(self.variant.strip()), f"{where}: it needs a variant")
        require(self.memory_mb > 0, f"{where}: memory_mb must be above 0")
        require(bool(self.durations_ms), f"{where}: durations_ms is empty")
        require(all(is_length(value) for value in self.durations_ms), f"{where}: a duration is below 0")
        check_numbers(self, where)
        require(self.p50_ms > 0, f"{where}: p50_ms must be above 0")
        require(self.p50_ms <= self.p95_ms, f"{where}: p50_ms is above p95_ms")
        low, high = min(self.durations_ms) - _ROUNDING_MS, max(self.durations_ms) + _ROUNDING_MS
        require(
            low <= self.p50_ms and self.p95_ms <= high,
            f"{where}: p50_ms {self.p50_ms:g} and p95_ms {self.p95_ms:g} lie outside the durations",
        )


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything one run of the examples gave.

    Args:
        machine: Where it was measured.
        prices: What the money is made from.
        examples: What was run.
        runs: What came out.
        bills: What each run costs.
        rate: How often it is invoked, in the user's words; empty where that was not said.
        cold_share: Which part of the invocations the bills take for cold starts, 0 to 1.
        format: Always `meantime-results`.
        version: Of the format; raised when a reader of the last one would read a file wrongly.
    """

    machine: Machine
    prices: Prices
    examples: tuple[Example, ...]
    runs: tuple[Run, ...]
    bills: tuple[Bill, ...] = ()
    rate: str = ""
    cold_share: float = 0.0
    format: str = FORMAT
    version: int = VERSION

    def __post_init__(self) -> None:
        require(self.format == FORMAT, f"format is {self.format!r}, not {FORMAT!r}")
        require(self.version == VERSION, f"version {self.version} of the format is not known here, {VERSION} is")
        names = [example.name for example in self.examples]
        require(len(set(names)) == len(names), "two examples have the same name")
        seen = set()
        for run in self.runs:
            require(run.example in names, f"a run names the example {run.example!r}, which is not among examples")
            key = (run.example, run.variant, run.memory_mb)
            require(key not in seen, f"two runs of {run.example!r}, {run.variant!r}, {run.memory_mb} MB")
            seen.add(key)

    def runs_of(self, example: str) -> tuple[Run, ...]:
        """Give the runs of one example by rising memory, in each memory size as they were listed."""
        return tuple(sorted((run for run in self.runs if run.example == example), key=lambda run: run.memory_mb))

    def bill_of(self, run: Run) -> Bill | None:
        """Give the bill of one run; None where none was made."""
        key = (run.example, run.variant, run.memory_mb)
        return next((bill for bill in self.bills if (bill.example, bill.variant, bill.memory_mb) == key), None)

    def to_json(self, *, indent: int | None = None) -> str:
        """Give the text of `results.json`. Each run carries its recorded `calls` in brief, too, for other readers."""
        document = asdict(self)
        for run, written in zip(self.runs, document["runs"], strict=True):
            written["calls"] = calls_in_brief(run.recording)
        separators = (",", ":") if indent is None else None
        text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False, allow_nan=False)
        # A lone surrogate, which no encoding takes, becomes JSON's own escape for it.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    def write(self, path: Path) -> None:
        """Write the results to `path` as JSON, making its folder where it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.to_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Args:
            path: A `results.json`. Where it has no `examples`, they are named after the runs.

        Raises:
            ResultsError: There is no such file, it is not JSON, or something in it is missing or wrong; the text
                names the file and the place in it.
        """
        results: Self = decoded_file(
            path, lambda document: decode(cls, _with_examples(document), ""), ResultsError, written_by="`make demo`"
        )
        return results


def _with_examples(document: Any) -> Any:
    """Name the examples after the runs, where a file lists runs only."""
    if isinstance(document, dict) and "examples" not in document and isinstance(document.get("runs"), list):
        named = [run.get("example") for run in document["runs"] if isinstance(run, dict)]
        names = dict.fromkeys(name for name in named if isinstance(name, str))
        return {**document, "examples": [{"name": name, "title": name} for name in names]}
    return document
