"""The main job: every example in every variant, at several memory sizes, in emulated Lambda environments, compared.

`make demo` runs it as it stands; `python examples/demo.py --help` lists what can be chosen.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from catalogue import EXAMPLES
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from surroundings import surroundings

from meantime import tasks
from meantime.tools.downstream import AWSServerError
from meantime.tools.emulator.errors import EmulatorError
from meantime.tools.measure.comparison import Candidate, MeasurementError, measure
from meantime.tools.measure.machine import this_machine
from meantime.tools.measure.pricing import current_prices
from meantime.tools.measure.verdict import verdicts
from meantime.tools.report.page import write_page
from meantime.tools.report.results import Example as Reported
from meantime.tools.report.results import Results
from meantime.tools.report.table import print_results

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from catalogue import Example
    from surroundings import Surroundings

    from meantime.tools.downstream import RequestRecord
    from meantime.tools.emulator.mechanisms import Mechanisms
    from meantime.tools.report.results import Run

    Measured = tuple[Run, Mechanisms]

MEMORY_SIZES = [128, 512, 1769]
BESIDE_THE_WARM = 2  # the cold invocation, and the recorded one
# Functions below this many MB have less than a quarter of a core: they are measured beside the larger ones, each lane
# against servers of its own, so that the whole takes half as long.
SMALL_BELOW_MB = 442


class InitCpu(StrEnum):
    """The CPU that initialisation gets."""

    FULL = "full"
    LIMITED = "limited"


def main(
    memory: Annotated[list[int], typer.Option(min=128, max=10240, help="Memory in MB; repeatable.")] = MEMORY_SIZES,
    example: Annotated[list[str] | None, typer.Option(help="Only this example; repeatable.")] = None,
    invocations: Annotated[int, typer.Option(min=2, help="Warm invocations of each variant.")] = 7,
    init_cpu: Annotated[InitCpu, typer.Option(help="CPU at initialisation; AWS is seen to give all.")] = InitCpu.FULL,
    output: Annotated[Path, typer.Option(help="Folder for results.json and index.html.")] = Path("build/demo"),
) -> None:
    """Run every example one after another, on threads and on tasks, and show what each way costs."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _leave)
    console = Console()
    chosen = _chosen(example)
    memory = list(dict.fromkeys(memory))
    _make_folder(output)
    prices = current_prices()
    began = time.monotonic()
    total = sum(len(one.variants) for one in chosen) * len(memory) * (invocations + BESIDE_THE_WARM)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task(f"{len(chosen)} examples", total=total)
            measured = asyncio.run(
                _measure_all(
                    chosen,
                    memory,
                    partial(
                        measure,
                        invocations=invocations,
                        prices=prices,
                        init_cpu=init_cpu.value,
                        progress=lambda: progress.advance(bar),
                    ),
                )
            )
    except (MeasurementError, AWSServerError, EmulatorError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    results = _results(chosen, measured, invocations, init_cpu)
    results.write(output / "results.json")
    write_page(results, output / "index.html")
    print_results(results, console)
    console.print(f"\n{len(measured)} runs in {time.monotonic() - began:.0f} s.", end=" ")
    console.print(f"Open {output / 'index.html'} in a browser; the numbers are in {output / 'results.json'}.")


def _leave(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # as an exception, so that everything that was started is ended


def _make_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be the folder for the results: {error.strerror}") from None


def _chosen(names: list[str] | None) -> tuple[Example, ...]:
    known = {one.name: one for one in EXAMPLES}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise typer.BadParameter(f"there is no example {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names)) if names else EXAMPLES


async def _measure_all(
    examples: tuple[Example, ...], memory: list[int], measure_one: Callable[..., Awaitable[Measured]]
) -> list[Measured]:
    """Every variant at every size, small and large sizes side by side."""

    async def lane(sizes: list[int]) -> list[Measured]:
        with surroundings(examples) as around:
            return [
                await measure_one(candidate, memory_mb=memory_mb, requests=_requests(around, example))
                for example, candidate in _candidates(examples, around)
                for memory_mb in sizes
            ]

    lanes = [
        [size for size in memory if size < SMALL_BELOW_MB],
        [size for size in memory if size >= SMALL_BELOW_MB],
    ]
    small, large = await tasks.map(lane, lanes, max_concurrency=len(lanes))
    return small + large


def _candidates(examples: Iterable[Example], around: Surroundings) -> list[tuple[Example, Candidate]]:
    return [
        (
            example,
            Candidate(
                example=example.name,
                variant=variant,
                handler=f"{variant}.lambda_handler",
                code=example.folder,
                event=example.event,
                environment=around.environment_of(example),
                timeout=example.timeout,
            ),
        )
        for example in examples
        for variant in example.variants
    ]


def _requests(around: Surroundings, example: Example) -> Callable[[], list[RequestRecord]]:
    services = around.services_of(example)
    return lambda: [record for service in services for record in service.requests]


def _results(examples: tuple[Example, ...], measured: list[Measured], invocations: int, init_cpu: InitCpu) -> Results:
    order = [example.name for example in examples]
    runs = tuple(sorted((run for run, _ in measured), key=lambda run: (order.index(run.example), run.memory_mb)))
    _, mechanisms = measured[-1]  # the same machine for all
    notes = (
        f"{invocations} warm invocations of each variant at each memory size, after one cold start.",
        f"Initialisation had {'all the CPU there was' if init_cpu is InitCpu.FULL else 'its share of CPU'}.",
        f"Functions below {SMALL_BELOW_MB} MB ran beside the larger ones, each against servers of its own.",
        "One more warm invocation was recorded, for the bars; it does not count in the numbers.",
    )
    return Results(
        machine=this_machine(mechanisms, notes=notes),
        prices=current_prices(),
        examples=tuple(
            Reported(
                name=example.name,
                title=example.title,
                description=example.description,
                verdicts=verdicts(run for run in runs if run.example == example.name),
            )
            for example in examples
        ),
        runs=runs,
    )


if __name__ == "__main__":
    typer.run(main)
