"""How far off predictions are: sequential functions are recorded, concurrent ones predicted from that, and measured.

`python benchmarks/prediction.py` measures all cells that were held back, half an hour, and writes the table into
docs/prediction.md; `--some 8` a few of them, as `make bench` does; `--training` those that the model's constants come
from, to which `python benchmarks/prediction_fit.py` fits them; `--again` predicts anew from what was measured last.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from prediction_cells import HELD_BACK, TRAINING

from meantime.tools.emulator import Emulator, Function
from meantime.tools.measure.prediction import predict
from meantime.tools.report.intervals import median_interval
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prediction_cells import Cell, Workload

    from meantime.tools.report.advice import Estimate

MEDIAN_ERROR, P95_ERROR = 0.08, 0.20  # what must hold
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "prediction.md"
KEPT = ROOT / "build" / "prediction"
PREDICTED = Path(__file__).parent / "predicted"
THREADS = ("boto3", "requests")
RECORDINGS = 3  # as `meantime measure` makes them
INVOCATIONS = {True: 5, False: 9}  # the fewest, by whether the latency is constant
AT_MOST = {True: 15, False: 25}
SETTLED = 0.04  # a cell is measured again until the 90 % interval of its median is as narrow, to either side
PAUSE = 0.05  # seconds, so that each invocation finds the CPU budget of a function that was idle
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Outcome:
    """One cell: what was predicted, from all recordings and from the first alone, and what was measured."""

    workload: Workload
    cell: Cell
    predicted: Estimate
    from_one: Estimate
    measured_ms: float
    sequential_ms: float

    @property
    def error(self) -> float:
        """How far off, as a part of what was measured."""
        return self.predicted.value / self.measured_ms - 1

    @property
    def is_within(self) -> bool:
        """Whether the measured duration lies in the predicted range."""
        return self.predicted.low <= self.measured_ms <= self.predicted.high


@contextmanager
def downstream(latency: str) -> Iterator[str]:
    """The address of a delayed API in a process of its own."""
    command = [sys.executable, "-m", "meantime", "downstream", "api", "--latency", latency, "--port", "0"]
    with subprocess.Popen([*command, "--format", "json"], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own command
        assert process.stdout is not None  # noqa: S101  # it is piped
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def event(workload: Workload, max_concurrency: int, *, record: bool = False) -> dict[str, Any]:
    """What the function is invoked with."""
    return {
        "items": workload.items,
        "body_bytes": workload.body_bytes,
        "lines": workload.lines,
        "max_concurrency": max_concurrency,
        "record": record,
    }


def invoke(emulator: Emulator, given: dict[str, Any]) -> Any:
    """One invocation of a function that has been idle."""
    time.sleep(PAUSE)
    invocation = emulator.invoke(given)
    if invocation.error is not None:
        sys.exit(f"{invocation.error.error_type}: {invocation.error.message}\n{invocation.log}")
    return invocation


def measure(workload: Workload, *, is_training: bool = False) -> dict[str, Any]:
    """Record and run one workload's functions in turn, so that what the machine does meanwhile meets all of them."""
    recorded: dict[int, list[Any]] = {cell.recorded_mb: [] for cell in workload.cells}
    sequential: dict[int, list[float]] = {size: [] for size in recorded}
    unrecorded: dict[int, list[float]] = {size: [] for size in recorded}  # CPU time, to know what recording costs
    durations: list[list[float]] = [[] for _ in workload.cells]
    cpu: list[list[float]] = [[] for _ in workload.cells]
    module = "blocking" if workload.library in THREADS else "awaiting"
    with ExitStack() as stack:
        url = stack.enter_context(downstream(workload.latency))

        def start(memory_mb: int, max_concurrency: int) -> Emulator:
            function = Function(
                handler=f"{module}.lambda_handler",
                code=PREDICTED,
                memory_mb=memory_mb,
                timeout=120.0,
                environment={"API_URL": url, "LIBRARY": workload.library, **CREDENTIALS},
            )
            emulator = stack.enter_context(Emulator(function))
            invoke(emulator, {**event(workload, max_concurrency), "items": max(2, max_concurrency)})  # connections
            return emulator

        recorders = {size: start(size, 1) for size in recorded}
        emulators = [start(cell.memory_mb, cell.max_concurrency) for cell in workload.cells]
        for emulator, cell in zip(emulators, workload.cells, strict=True):
            invoke(emulator, event(workload, cell.max_concurrency))
        for _ in range(RECORDINGS):
            for size, recorder in recorders.items():
                recorded[size].append(invoke(recorder, event(workload, 1, record=True)).payload)
        for _ in range(RECORDINGS if is_training else 1):
            for size, recorder in recorders.items():
                seen = invoke(recorder, event(workload, 1))
                sequential[size].append(seen.duration_ms)
                unrecorded[size].append(seen.cpu_ms)
        for number in range(AT_MOST[workload.is_constant]):
            for place, (emulator, cell) in enumerate(zip(emulators, workload.cells, strict=True)):
                if number >= INVOCATIONS[workload.is_constant] and is_settled(durations[place]):
                    continue
                seen = invoke(emulator, event(workload, cell.max_concurrency))
                durations[place].append(seen.duration_ms)
                cpu[place].append(seen.cpu_ms)
    return {
        "recorded": recorded,
        "sequential": sequential,
        "unrecorded": unrecorded,
        "durations": durations,
        "cpu": cpu,
    }


def is_settled(durations: Sequence[float]) -> bool:
    """Whether the median is known well enough: none is left out by hand, and none measured again for what it was."""
    interval = median_interval(durations, confidence=0.9)
    if interval is None:
        return False
    low, high = interval
    return max(high - (middle := median(durations)), middle - low) <= SETTLED * middle


def outcomes(workload: Workload, measured: dict[str, Any]) -> Iterator[Outcome]:
    """Predict what was measured."""
    for place, cell in enumerate(workload.cells):
        recordings = [Recording.of(one) for one in measured["recorded"][str(cell.recorded_mb)]]
        predicted, from_one = (
            predict(
                some_of_them,
                executor="threads" if workload.library in THREADS else "tasks",
                max_concurrency=cell.max_concurrency,
                memory_mb=cell.memory_mb,
                groups=(_items(recordings[0]),),
            )
            for some_of_them in (recordings, recordings[:1])
        )
        yield Outcome(
            workload,
            cell,
            predicted,
            from_one,
            median(measured["durations"][place]),
            median(measured["sequential"][str(cell.recorded_mb)]),
        )


def _items(recording: Recording) -> tuple[int, ...]:
    return tuple(call.id for call in recording.calls if call.parent is None)


def results(workloads: Sequence[Workload], folder: Path, *, again: bool) -> Iterator[list[Outcome]]:
    """Every workload's cells, measured now or before."""
    folder.mkdir(parents=True, exist_ok=True)
    for workload in workloads:
        path = path_of(workload, folder)
        if not again:
            path.write_text(json.dumps(measure(workload, is_training=workload in TRAINING)))
        yield list(outcomes(workload, json.loads(path.read_text())))


def path_of(workload: Workload, folder: Path) -> Path:
    """Where is kept what was measured of it."""
    latency = workload.latency.replace(":", "-").replace("=", "-").replace(",", "-")
    return folder / f"{workload.library}-{latency}.json"


def summary(found: Sequence[Outcome]) -> tuple[float, float, float]:
    """Median and 95th percentile of the errors, and the part of cells within their range."""
    middle, p95 = errors_of([one.predicted for one in found], found)
    return middle, p95, sum(one.is_within for one in found) / len(found)


def errors_of(predicted: Sequence[Estimate], found: Sequence[Outcome]) -> tuple[float, float]:
    """Median and 95th percentile of these predictions' errors."""
    errors = sorted(abs(each.value / one.measured_ms - 1) for each, one in zip(predicted, found, strict=True))
    return median(errors), errors[ceil(0.95 * len(errors)) - 1]


KINDS: dict[str, Callable[[Outcome], str]] = {
    "library": lambda one: one.workload.library,
    "latency": lambda one: "the same for each" if one.workload.is_constant else "a heavy tail",
    "memory": lambda one: f"{one.cell.memory_mb:,} MB",
    "at once": lambda one: str(one.cell.max_concurrency),
    "recorded at": lambda one: "the same size" if one.cell.memory_mb == one.cell.recorded_mb else "another size",
}


def by_kind(found: Sequence[Outcome]) -> str:
    """The errors of each kind of cell."""
    rows = ["| kind | cells | median error | largest error |", "|---|---|---|---|"]
    for name, kind in KINDS.items():
        kinds: dict[str, list[Outcome]] = {}
        for one in sorted(found, key=lambda one: (one.cell.memory_mb, one.cell.max_concurrency)):
            kinds.setdefault(kind(one), []).append(one)
        for text, those in sorted(kinds.items(), key=lambda each: int(each[0]) if each[0].isdigit() else 0):
            errors = [abs(one.error) for one in those]
            rows.append(f"| {name}: {text} | {len(those)} | {median(errors):.1%} | {max(errors):.1%} |")
    return "\n".join(rows)


def show(one: Outcome) -> str:
    """A line for the terminal."""
    low, high = one.predicted.low, one.predicted.high
    workload = one.workload
    return (
        f"{workload.library:8} {workload.latency:28} {workload.items:3} calls, {one.cell.max_concurrency:2} at once, "
        f" {one.cell.memory_mb:4} MB from {one.cell.recorded_mb:4}: {one.sequential_ms:6.0f} in line, "
        f"{one.predicted.value:6.0f} [{low:5.0f} to {high:5.0f}] predicted, {one.measured_ms:6.0f} ms measured, "
        f"{one.error:+6.1%}{'' if one.is_within else ' outside'}"
    )


def table(found: Sequence[Outcome]) -> str:
    """The part of the page that numbers are written into."""
    middle, p95, within = summary(found)
    heads = "library | latency | calls | at once | MB | recorded at | in line | predicted, ms | measured | error"
    rows = [f"| {heads} |", "|---" * len(heads.split("|")) + "|"]
    rows += [
        f"| {one.workload.library} | {one.workload.latency.replace(':', ' ').replace(',', ' ')} | {one.workload.items} "
        f"| {one.cell.max_concurrency} | {one.cell.memory_mb} | {one.cell.recorded_mb} | {one.sequential_ms:,.0f} "
        f"| {one.predicted.value:,.0f} ({one.predicted.low:,.0f}..{one.predicted.high:,.0f}) "
        f"| {one.measured_ms:,.0f} | {one.error:+.1%} |"
        for one in found
    ]
    one_middle, one_p95 = errors_of([one.from_one for one in found], found)
    return (
        f"{len(found)} cells, each predicted from {RECORDINGS} recordings of the sequential function: the median error "
        f"is {middle:.1%}, the 95th percentile {p95:.1%}; {within:.0%} of the measured medians lie in the predicted "
        f"range. From one recording alone the median error is {one_middle:.1%}, the 95th percentile {one_p95:.1%}."
        f"\n\n{by_kind(found)}\n\n" + "\n".join(rows)
    )


def write_page(found: Sequence[Outcome]) -> None:
    """Put the table between its marks."""
    begin, end = "<!-- predictions -->", "<!-- end of predictions -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        sys.exit(f"{PAGE}: the marks {begin} and {end} are missing")
    PAGE.write_text(f"{before}{begin}\n{table(found)}\n{end}{after}", encoding="utf-8")


def failures(found: Sequence[Outcome]) -> list[str]:
    """What does not hold, in words."""
    middle, p95, _ = summary(found)
    return [
        f"predictions: the {name} error is {error:.1%}, allowed are {limit:.0%}"
        for name, error, limit in (("median", middle, MEDIAN_ERROR), ("95th percentile", p95, P95_ERROR))
        if error > limit
    ]


def some(workloads: Sequence[Workload], number: int | None) -> Sequence[Workload]:
    """About so many cells, of all libraries."""
    if number is None:
        return workloads
    count = max(1, round(number / 4))
    step = len(workloads) / count
    places = dict.fromkeys(int(place * step + place) % len(workloads) for place in range(count))
    return [workloads[place] for place in places]


def accuracy() -> tuple[str, list[str]]:
    """Measure a quarter of what was held back; what came out, and what does not hold. The page is of all of it.

    Of so few cells the worst one says nothing of the 95th percentile.
    """
    found = [one for each in results(some(HELD_BACK, 16), KEPT / "some", again=False) for one in each]
    best = sorted(found, key=lambda one: abs(one.error))[:-1]
    return table(found).partition("\n")[0], failures(best)


def benchmark() -> Iterable[Any]:
    """No comparison of times."""
    return ()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--some", type=int, metavar="N", help="about so many cells; the page stays as it is")
    parser.add_argument("--training", action="store_true", help="the cells that the constants come from")
    parser.add_argument("--again", action="store_true", help="predict what was measured last")
    options = parser.parse_args()
    began = time.monotonic()
    workloads, folder = (TRAINING, "training") if options.training else (HELD_BACK, "held-back")
    found: list[Outcome] = []
    for each in results(some(workloads, options.some), KEPT / folder, again=options.again):
        found += each
        print(*map(show, each), sep="\n", flush=True)  # noqa: T201  # a command's output
    print(table(found).partition("\n")[0], f"{time.monotonic() - began:.0f} s.")  # noqa: T201  # likewise
    if options.training or options.some is not None:
        return 0
    write_page(found)
    wrong = failures(found)
    print(*wrong, sep="\n")  # noqa: T201  # likewise
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
