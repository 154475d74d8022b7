"""The whole measurement of a work: run in turn, summed up, and what that says, as the one model that is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from meantime.tools.emulator.limits import cpu_share
from meantime.tools.measure.bill import bills
from meantime.tools.measure.errors import NothingMeasuredError
from meantime.tools.measure.findings import with_findings
from meantime.tools.measure.machine import cores, this_machine
from meantime.tools.measure.pricing import current_prices
from meantime.tools.measure.rounds import run_rounds
from meantime.tools.measure.runs import run_of, undisturbed
from meantime.tools.measure.several_events import Told, put_together
from meantime.tools.report.intervals import FEWEST
from meantime.tools.report.results import Example, Results, Verdict

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence

    from meantime.tools.downstream import RequestRecord
    from meantime.tools.measure.rounds import Rounds
    from meantime.tools.measure.work import Extent, Work
    from meantime.tools.report.results import Prices, Run

_A_PERCENTILE = 2  # of one value says nothing
_BUSY = 0.2  # of all cores, used by others: from here on one is not always free


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A work, and what was run of it; what the downstreams saw meanwhile, where that is known."""

    work: Work
    rounds: Rounds
    requests: Sequence[RequestRecord] = ()


async def measured(
    work: Work,
    extent: Extent,
    *,
    prices: Prices | None = None,
    progress: Callable[[], None] = lambda: None,
    stop: asyncio.Event | None = None,
) -> Results:
    """Measure a work on the emulator.

    Args:
        work: What to run.
        extent: How much of it.
        prices: What the bill is made from; today's of x86_64 if None.
        progress: Called after each invocation.
        stop: Once it is set, the results are those of the rounds that are complete.

    Raises:
        MeasurementError: An invocation failed.
        NothingMeasuredError: It was stopped before two rounds were complete.
        ValueError: There is no such function.
    """
    rounds = await run_rounds(work, extent, progress=progress, stop=stop)
    results = results_of([Measured(work=work, rounds=rounds)], prices=prices, notes=_notes(work, extent, rounds))
    return _with_noise(results, rounds)


def results_of(
    parts: Sequence[Measured],
    *,
    prices: Prices | None = None,
    packages: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> Results:
    """Sum up what was run, and say what it means.

    Args:
        parts: What was run. Parts of one work are of different memory sizes.
        prices: What the bill is made from; today's of x86_64 if None.
        packages: Whose versions matter to the numbers, beside the libraries whose calls were recorded.
        notes: Conditions of the measurement, a sentence each.

    Raises:
        NothingMeasuredError: Something was stopped before two rounds were complete.
    """
    if min(part.rounds.count for part in parts) < _A_PERCENTILE:
        raise NothingMeasuredError("Stopped before two rounds were complete: there is nothing to report.")
    prices = prices or current_prices()
    examples: list[Example] = []
    runs: list[Run] = []
    for name in dict.fromkeys(part.work.name for part in parts):
        for example, its_runs in _examples([part for part in parts if part.work.name == name], prices):
            examples.append(example)
            runs += its_runs
    return Results(
        machine=this_machine(parts[-1].rounds.mechanisms, packages=[*packages, *_libraries(parts)], notes=notes),
        prices=prices,
        examples=tuple(examples),
        runs=tuple(runs),
        bills=bills(runs, prices),
    )


def _with_noise(results: Results, rounds: Rounds) -> Results:
    """The results, with a warning before anything else where the machine was busy with something else."""
    others, all_cores = rounds.other_cores, results.machine.cores
    if others is None or others < _BUSY * all_cores:
        return results
    warning = Verdict(
        text=f"Something else used {others:.1f} of this machine's {all_cores} cores meanwhile: the numbers are noisy, "
        "and longer than they would be; measure again when it is quiet."
    )
    first, *more = results.examples
    return replace(results, examples=(replace(first, verdicts=(warning, *first.verdicts)), *more))


def _libraries(parts: Sequence[Measured]) -> list[str]:
    recordings = (
        one for part in parts for cell in part.rounds.cells for of_event in cell.recordings.values() for one in of_event
    )
    return sorted({call.library for recording in recordings for call in recording.calls if call.library})


def _examples(parts: Sequence[Measured], prices: Prices) -> Iterable[tuple[Example, list[Run]]]:
    """One of the whole work; and where there are several events, one of each."""
    work = parts[0].work
    names = list(work.events)
    title = work.title or work.name
    if len(names) == 1:
        chosen = [(work.name, title, work.description, names)]
    else:
        alike = f"The mean of {len(names)} events, each as often as any other; each is told by itself below."
        chosen = [(work.name, title, f"{work.description} {alike}".strip(), names)]
        chosen += [(f"{work.name}, {name}", f"{title}: {name}", "", [name]) for name in names]
    told = []
    for name, title, description, events in chosen:
        runs = [
            run_of(cell, example=name, events=events, prices=prices, requests=part.requests)
            for part in parts
            for cell in part.rounds.cells
        ]
        variants = list(work.handlers)
        runs.sort(key=lambda run: (run.memory_mb, variants.index(run.variant)))
        first = variants[0]
        recordings = [
            recording
            for part in parts
            for cell in part.rounds.cells
            if cell.variant == first and len(events) == 1
            for recording in undisturbed(
                cell.recordings.get(events[0], ()), [one.duration_ms for one in cell.warm[events[0]]]
            )
        ]
        odd = dict.fromkeys(sentence for part in parts for sentence in part.rounds.odd)
        warnings = tuple(Verdict(text=sentence) for sentence in odd)
        example = Example(name=name, title=title, description=description, verdicts=warnings)
        found = with_findings(
            example,
            runs,
            prices=prices,
            code=work.code,
            recordings=recordings,
            handler=work.handlers[first],
            options=work.options,
            changes=work.changes if len(events) == len(names) else {},  # what is promised is of all events
        )
        told.append(Told(example=found, runs=runs))
    whole, *each = told
    found_examples = put_together(whole, each, work.changes) if each else [whole.example]
    for example, one in zip(found_examples, told, strict=True):
        yield example, list(one.runs)


def _notes(work: Work, extent: Extent, rounds: Rounds) -> list[str]:
    each = "each handler at each memory size" + (" with each event" if len(work.events) > 1 else "")
    notes = [
        f"{rounds.count} warm invocations of {each}, in turn"
        + (f"; stopped before {extent.invocations}." if rounds.interrupted else ".")
    ]
    if rounds.count >= FEWEST:
        notes.append("Intervals hold the median nineteen times in twenty, by the sign test.")
    notes.append(f"Initialisation had {'all the CPU there was' if extent.init_cpu == 'full' else 'its share of CPU'}.")
    if cpu_share(max(extent.memory_mb)) > cores():
        notes.append(
            f"This machine has {cores()} cores; at {max(extent.memory_mb)} MB Lambda gives "
            f"{cpu_share(max(extent.memory_mb)):.1f}."
        )
    if extent.recordings:
        notes.append("Further warm invocations were recorded, in environments of their own; they do not count.")
    return notes
