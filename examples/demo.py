"""The main job: every example in every variant, at several memory sizes, in emulated Lambda environments, compared.

`make demo` runs it as it stands; `python examples/demo.py --help` lists what can be chosen.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from enum import StrEnum
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
from meantime.tools.measure.errors import MeasurementError
from meantime.tools.measure.measurement import Measured, results_of
from meantime.tools.measure.rounds import run_rounds
from meantime.tools.measure.work import Extent, Work
from meantime.tools.report.page import write_page
from meantime.tools.report.table import print_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalogue import Example
    from surroundings import Surroundings

MEMORY_SIZES = [128, 512, 1769]
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
    began = time.monotonic()
    extents = [
        Extent(
            memory_mb=tuple(sizes),
            invocations=invocations,
            cold_starts=1,
            recordings=2,
            init_cpu="full" if init_cpu is InitCpu.FULL else "limited",
        )
        for sizes in (
            [size for size in memory if size < SMALL_BELOW_MB],
            [size for size in memory if size >= SMALL_BELOW_MB],
        )
        if sizes
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task(f"{len(chosen)} examples", total=_invocations(chosen, extents))
            measured = asyncio.run(_measure_all(chosen, extents, lambda: progress.advance(bar)))
    except (MeasurementError, AWSServerError, EmulatorError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    results = results_of(measured, packages=["pillow"], notes=_notes(invocations, init_cpu))
    write_page(results, output / "index.html")
    results.write(output / "results.json")
    print_results(results, console)
    console.print(f"\n{len(results.runs)} runs in {time.monotonic() - began:.0f} s.", end=" ")
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
    examples: tuple[Example, ...], extents: list[Extent], progress: Callable[[], None]
) -> list[Measured]:
    """Every variant at every size, small and large sizes side by side."""

    async def lane(extent: Extent) -> list[Measured]:
        with surroundings(examples) as around:
            return [await _measure(example, around, extent, progress) for example in examples]

    lanes = await tasks.map(lane, extents, max_concurrency=len(extents))
    return [part for parts in lanes for part in parts]


async def _measure(example: Example, around: Surroundings, extent: Extent, progress: Callable[[], None]) -> Measured:
    work = _work(example, around.environment_of(example))
    rounds = await run_rounds(work, extent, progress=progress)
    seen = [record for service in around.services_of(example) for record in service.requests]
    return Measured(work=work, rounds=rounds, requests=seen)


def _work(example: Example, environment: dict[str, str]) -> Work:
    return Work(
        name=example.name,
        handlers={variant: f"{variant}.lambda_handler" for variant in example.variants},
        code=example.folder,
        events={"event": example.event},
        title=example.title,
        description=example.description,
        environment=environment,
        timeout=example.timeout,
    )


def _invocations(examples: tuple[Example, ...], extents: list[Extent]) -> int:
    return sum(extent.invocations_of(_work(example, {})) for example in examples for extent in extents)


def _notes(invocations: int, init_cpu: InitCpu) -> tuple[str, ...]:
    return (
        f"{invocations} warm invocations of each variant at each memory size, in turn, after one cold start.",
        f"Initialisation had {'all the CPU there was' if init_cpu is InitCpu.FULL else 'its share of CPU'}.",
        f"Functions below {SMALL_BELOW_MB} MB ran beside the larger ones, each against servers of its own.",
        "Two more warm invocations were recorded, in an environment of their own; they do not count in the numbers.",
    )


if __name__ == "__main__":
    typer.run(main)
