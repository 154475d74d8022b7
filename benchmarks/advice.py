"""Whether the advice of `meantime measure` is right, and keeps its promise when it is carried out.

What is right was written down beforehand, in `advised/expected.py`: for the six examples of the article and for three
functions as strangers write them. Each is measured as it is; then the first advice is carried out, by the variant
written by hand, as wide as advised, or at the memory size advised, and what comes out is held against the promise.

`--write` puts the rows into docs/advice.md, in place of those of the same functions.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advised.expected import EXPECTED, Expected
from rich import box
from rich.console import Console
from rich.table import Table

from meantime.tools.measure.errors import MeasurementError
from meantime.tools.measure.measurement import measured
from meantime.tools.measure.work import Extent, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from meantime.tools.report.advice import Advice
    from meantime.tools.report.results import Results

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "advice.md"
BEGIN, END = "<!-- carried out -->", "<!-- end of carried out -->"
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tests" / "tools" / "measure" / "functions")]

AS_IT_IS, CHANGED = "as it is", "changed"
NO_GAIN = 0.9  # of the duration as it is: what is advised against must not come below
WARM, ADVISING = 15, 5


@dataclass(frozen=True)
class Subject:
    """A function and the servers that it calls, which run.

    Args:
        handler: As it is.
        by_hand: Changed by hand, by the executor used.
    """

    name: str
    code: Path
    handler: str
    by_hand: Mapping[str, str]
    event: Any
    environment: Mapping[str, str]
    timeout: float


@dataclass
class Finding:
    """What came out for one function at one memory size."""

    expected: Expected
    diagnosis: str = ""
    advice: Advice | None = None
    as_it_is_ms: float = 0.0
    changed_ms: float | None = None
    failures: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Note what does not hold."""
        self.failures.append(f"{self.expected.name} at {self.expected.memory_mb} MB: {text}")


def subjects(names: Iterable[str], stack: ExitStack) -> Iterator[Subject]:
    """The functions of these names, with their servers started."""
    import catalogue  # noqa: PLC0415  # the path is set
    import strangers  # noqa: PLC0415  # likewise
    from surroundings import surroundings  # noqa: PLC0415  # likewise

    names = set(names)
    examples = [example for example in catalogue.EXAMPLES if example.name in names]
    around = stack.enter_context(surroundings(examples))
    for example in examples:
        yield Subject(
            name=example.name,
            code=example.folder,
            handler="sequential.lambda_handler",
            by_hand={each: f"{each}.lambda_handler" for each in example.variants if each != "sequential"},
            event=example.event,
            environment=around.environment_of(example),
            timeout=example.timeout * 4,
        )
    others = [stranger for stranger in strangers.STRANGERS if stranger.name in names]
    if others:
        environment = stack.enter_context(strangers.surroundings()).environment
        for stranger in others:
            yield Subject(
                name=stranger.name,
                code=stranger.folder,
                handler=stranger.handler,
                by_hand={stranger.executor: stranger.side_by_side},
                event=stranger.event,
                environment=environment,
                timeout=stranger.timeout,
            )


def find(finding: Finding, subject: Subject) -> None:
    """Measure it as it is, hold the advice against what is right, carry it out, and hold that against the promise."""
    expected = finding.expected
    results = _run(subject, {AS_IT_IS: subject.handler}, expected.memory_mb, warm=ADVISING, recordings=3)
    (example,) = results.examples
    finding.diagnosis = "none" if example.diagnosis is None else example.diagnosis.kind
    if finding.diagnosis not in expected.diagnoses:
        finding.add(f"the diagnosis is {finding.diagnosis}, not {' or '.join(expected.diagnoses)}")
    if not example.advice:
        finding.add("there is no advice")
        return
    finding.advice = advice = example.advice[0]
    if advice.code not in expected.advice:
        finding.add(f"the first advice is {advice.code}, not {' or '.join(expected.advice)}")
    if advice.executor != expected.executor:
        finding.add(f"it is to go on {advice.executor}, not on {expected.executor}")
    _carry_out(finding, advice, subject)


def _carry_out(finding: Finding, advice: Advice, subject: Subject) -> None:
    memory_mb = finding.expected.memory_mb
    if advice.code == "keep-sequential":
        _compare(finding, subject, next(iter(subject.by_hand.values())), 8)
        if finding.changed_ms is not None and finding.changed_ms < finding.as_it_is_ms * NO_GAIN:
            finding.add(f"{finding.changed_ms:.0f} ms would have been won by what it advises against")
        return
    if advice.executor is not None:
        handler = subject.by_hand.get(advice.executor)
        if handler is None or advice.max_concurrency is None:
            finding.add("it cannot be carried out: on what, and how wide?")
            return
        _compare(finding, subject, handler, advice.max_concurrency, advice.memory_mb)
    elif advice.memory_mb not in (None, memory_mb):
        finding.as_it_is_ms = _p50(_run(subject, {AS_IT_IS: subject.handler}, memory_mb))
        finding.changed_ms = _p50(_run(subject, {AS_IT_IS: subject.handler}, advice.memory_mb))
    else:
        finding.add(f"nobody knows how to carry out {advice.code}")
        return
    _hold_promise(finding, advice)


def _compare(finding: Finding, subject: Subject, handler: str, width: int, memory_mb: int | None = None) -> None:
    """Run it as it is and changed, in turn; as wide as that, in a copy where the width stands in the code."""
    here = finding.expected.memory_mb
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(subject.code, Path(folder) / subject.name))
        for file in copy.glob("*.py"):
            file.write_text(re.sub(r"^WIDTH = \d+", f"WIDTH = {width}", file.read_text(), flags=re.MULTILINE))
        if memory_mb in (None, here):
            results = _run(subject, {AS_IT_IS: subject.handler, CHANGED: handler}, here, width, copy)
            finding.as_it_is_ms, finding.changed_ms = _p50(results), _p50(results, CHANGED)
        else:
            finding.as_it_is_ms = _p50(_run(subject, {AS_IT_IS: subject.handler}, here))
            finding.changed_ms = _p50(_run(subject, {CHANGED: handler}, memory_mb or here, width, copy), CHANGED)


def _hold_promise(finding: Finding, advice: Advice) -> None:
    promised, is_ = advice.duration_ms, finding.changed_ms
    if promised is None or is_ is None:
        finding.add("it promises nothing")
    elif not promised.low <= is_ <= promised.high:
        finding.add(f"it promises {promised.low:.0f} to {promised.high:.0f} ms, and {is_:.0f} ms came out")


def _run(
    subject: Subject,
    handlers: Mapping[str, str],
    memory_mb: int,
    width: int | None = None,
    code: Path | None = None,
    *,
    warm: int = WARM,
    recordings: int = 0,
) -> Results:
    work = Work(
        name=subject.name,
        handlers=handlers,
        code=code or subject.code,
        events={"event": subject.event},
        environment={**subject.environment, **({"WIDTH": str(width)} if width else {})},
        timeout=subject.timeout,
    )
    extent = Extent(memory_mb=(memory_mb,), invocations=warm, cold_starts=1, recordings=recordings)
    return asyncio.run(measured(work, extent))


def _p50(results: Results, variant: str = AS_IT_IS) -> float:
    return next(run.p50_ms for run in results.runs if run.variant == variant)


def advised(
    names: Collection[str] = (), told: Callable[[Finding], object] = lambda _: None
) -> tuple[list[Finding], list[str]]:
    """Measure.

    Args:
        names: Which functions, as `s3_reads`, or at one size, as `s3_reads:128`; all if there are none.
        told: Called with each finding as it comes.

    Returns:
        What came out, and what does not hold, in words.
    """
    cells = [each for each in EXPECTED if not names or each.name in names or f"{each.name}:{each.memory_mb}" in names]
    with ExitStack() as stack:
        by_name = {subject.name: subject for subject in subjects({each.name for each in cells}, stack)}
        findings = []
        for expected in cells:
            finding = Finding(expected)
            findings.append(finding)
            try:
                find(finding, by_name[expected.name])
            except MeasurementError as error:
                finding.add(f"it failed: {error}")
            told(finding)
    return findings, [failure for finding in findings for failure in finding.failures]


def table(findings: Iterable[Finding]) -> Table:
    """For the terminal."""
    made = Table(box=box.SIMPLE_HEAD, title="The first advice, carried out", title_justify="left", pad_edge=False)
    for heading in ("", "diagnosis", "advice"):
        made.add_column(heading)
    for heading in ("as it is", "promised", "came out"):
        made.add_column(f"{heading}, ms", justify="right")
    for finding in findings:
        made.add_row(*_cells(finding), style="red" if finding.failures else "")
    return made


def _cells(finding: Finding) -> tuple[str, ...]:
    advice = finding.advice
    named = f"{finding.expected.name}, {finding.expected.memory_mb} MB"
    if advice is None:
        return named, finding.diagnosis, "", "", "", ""
    how = f"{advice.max_concurrency} {advice.executor}" if advice.executor else ""
    memory = f"{advice.memory_mb} MB" if advice.memory_mb else ""
    promised = advice.duration_ms
    return (
        named,
        finding.diagnosis,
        " ".join(filter(None, (advice.code, how, memory))),
        f"{finding.as_it_is_ms:.0f}",
        "" if promised is None else f"{promised.value:.0f} ({promised.low:.0f} to {promised.high:.0f})",
        "" if finding.changed_ms is None else f"{finding.changed_ms:.0f}",
    )


def written(page: str, findings: Iterable[Finding]) -> str:
    """The page, with the rows of these findings in place of those that it has of the same functions and sizes."""
    before, _, rest = page.partition(BEGIN)
    table_before, _, after = rest.partition(END)
    rows = {line.split("|")[1].strip(): line for line in table_before.splitlines() if line.startswith("| ")}
    rows |= {_cells(finding)[0]: f"| {' | '.join(_cells(finding))} |" for finding in findings}
    order = [f"{each.name}, {each.memory_mb} MB" for each in EXPECTED]
    lines = [
        "| function | it | first advice | as it is, ms | promised, ms | came out, ms |",
        "|---|---|---|---:|---:|---:|",
        *(rows[name] for name in order if name in rows),
    ]
    text = "\n".join(lines)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> int:
    """Measure the functions named on the command line, or all."""
    known = {name for each in EXPECTED for name in (each.name, f"{each.name}:{each.memory_mb}")}
    names = [each for each in sys.argv[1:] if each != "--write"]
    if unknown := set(names) - known:
        sys.exit(f"there is no function {', '.join(sorted(unknown))}; there are: {', '.join(sorted(known))}")
    console = Console(width=120)
    findings, failed = advised(names, told=lambda finding: console.print(*_cells(finding), sep=" | "))
    console.print(table(findings))
    if "--write" in sys.argv:
        PAGE.write_text(written(PAGE.read_text(), findings))
    for failure in failed:
        console.print(f"does not hold: {failure}", style="bold red")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
