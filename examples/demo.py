"""The main job: every example in every variant, at several memory sizes, in emulated Lambda environments, compared.

`make demo` runs it as it stands; `python examples/demo.py --help` lists what can be chosen.
"""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from catalogue import EXAMPLES
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from surroundings import surroundings

from meantime.tools.measure.comparison import Candidate, MeasurementError, measure
from meantime.tools.measure.machine import this_machine
from meantime.tools.measure.pricing import current_prices
from meantime.tools.measure.verdict import verdicts
from meantime.tools.report.page import write_page
from meantime.tools.report.results import Example as Reported
from meantime.tools.report.results import Results, Run
from meantime.tools.report.table import print_results

if TYPE_CHECKING:
    from catalogue import Example
    from surroundings import Surroundings

    from meantime.tools.emulator.mechanisms import Mechanisms

BESIDE_THE_WARM = 2  # the cold invocation, and the recorded one


class InitCpu(StrEnum):
    """The CPU that initialisation gets."""

    FULL = "full"
    LIMITED = "limited"


def main(
    memory: Annotated[list[int], typer.Option(help="Memory size in MB; may be given several times.")] = [  # noqa: B006  # typer copies it
        128,
        512,
        1769,
    ],
    example: Annotated[list[str] | None, typer.Option(help="Only this example; may be given several times.")] = None,
    invocations: Annotated[int, typer.Option(min=2, help="Warm invocations of each variant.")] = 7,
    init_cpu: Annotated[
        InitCpu, typer.Option(help="CPU during initialisation; AWS is seen to give all.")
    ] = InitCpu.FULL,
    output: Annotated[Path, typer.Option(help="Folder for results.json and index.html.")] = Path("build/demo"),
) -> None:
    """Run every example one after another, on threads and on tasks, and show what each way costs."""
    console = Console()
    chosen = _chosen(example)
    began = time.monotonic()
    total = sum(len(one.variants) for one in chosen) * len(memory) * (invocations + BESIDE_THE_WARM)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    prices = current_prices()
    runs: list[Run] = []
    mechanisms: Mechanisms | None = None
    try:
        with Progress(*columns, console=console, transient=True) as progress, surroundings(chosen) as around:
            bar = progress.add_task("starting", total=total)
            for candidate in (each for one in chosen for each in _candidates(one, around)):
                for memory_mb in memory:
                    progress.update(bar, description=f"{candidate.example} {candidate.variant} {memory_mb} MB")
                    services = around.services_of(next(one for one in chosen if one.name == candidate.example))
                    run, mechanisms = measure(
                        candidate,
                        memory_mb=memory_mb,
                        invocations=invocations,
                        prices=prices,
                        requests=lambda services=services: [each for one in services for each in one.requests],
                        init_cpu=init_cpu.value,
                        progress=lambda: progress.advance(bar),
                    )
                    runs.append(run)
                    for service in services:
                        service.reset()
    except MeasurementError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    if mechanisms is None:
        raise typer.BadParameter("nothing was chosen to run")
    notes = (
        f"{invocations} warm invocations of each variant at each memory size, after one cold start.",
        f"Initialisation had {'all the CPU there was' if init_cpu is InitCpu.FULL else 'its share of CPU'}.",
    )
    results = Results(
        machine=this_machine(mechanisms, notes=notes),
        prices=prices,
        examples=tuple(_reported(one, runs) for one in chosen),
        runs=tuple(runs),
    )
    results.write(output / "results.json")
    write_page(results, output / "index.html")
    print_results(results, console)
    console.print(f"\n{len(runs)} runs in {time.monotonic() - began:.0f} s.", end=" ")
    console.print(f"Open {output / 'index.html'} in a browser; the numbers are in {output / 'results.json'}.")


def _chosen(names: list[str] | None) -> tuple[Example, ...]:
    known = {one.name: one for one in EXAMPLES}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise typer.BadParameter(f"there is no example {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(known[name] for name in names) if names else EXAMPLES


def _candidates(example: Example, around: Surroundings) -> list[Candidate]:
    environment = around.environment_of(example)
    return [
        Candidate(
            example=example.name,
            variant=variant,
            handler=f"{variant}.lambda_handler",
            code=example.folder,
            event=example.event,
            environment=environment,
            timeout=example.timeout,
        )
        for variant in example.variants
    ]


def _reported(example: Example, runs: list[Run]) -> Reported:
    own = [run for run in runs if run.example == example.name]
    return Reported(name=example.name, title=example.title, description=example.description, verdicts=verdicts(own))


if __name__ == "__main__":
    sys.exit(typer.run(main))
