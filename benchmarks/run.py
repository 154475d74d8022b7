"""Measures everything that the README claims about cost, prints it, and fails where a claim does not hold."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import accounting
import advice
import batches
import check
import fan_outs
import hedging
import imports
import invocations
import judgement
import limiters
import prediction
import processes
import retries
import streaming
import warm_resources
from rich import box
from rich.console import Console
from rich.table import Table

import asgi
import clients

if TYPE_CHECKING:
    from collections.abc import Callable

    from timing import Comparison

MICROSECONDS = 1e6


def show(comparison: Comparison, console: Console) -> None:
    """One table: what each contestant takes, and what ours is to it."""
    table = Table(box=box.SIMPLE_HEAD, title=comparison.title, title_justify="left", pad_edge=False)
    table.add_column("")
    table.add_column(f"µs per {comparison.unit}", justify="right")
    table.add_column("ours is", justify="right")
    table.add_column("required", justify="right")
    required = {each.baseline: each.at_most for each in comparison.requirements}
    for number, (name, seconds) in enumerate(comparison.seconds.items()):
        limit = f"≤ {required[name]:.2g} ×" if name in required else ""
        ratio = f"{comparison.ratios[name]:.2f} ×" if number and name in comparison.ratios else ""
        table.add_row(name, f"{seconds * MICROSECONDS:,.2f}", ratio, limit)
    console.print(table)


MODULES = {
    "invocations": invocations,
    "fan_outs": fan_outs,
    "limiters": limiters,
    "retries": retries,
    "hedging": hedging,
    "processes": processes,
    "warm_resources": warm_resources,
    "clients": clients,
    "batches": batches,
    "asgi": asgi,
    "streaming": streaming,
    "imports": imports,
    "accounting": accounting,
    "advice": advice,
    "check": check,
    "judgement": judgement,
    "prediction": prediction,
}
# These measure something else than what is faster.
WITH_A_TABLE_OF_THEIR_OWN: dict[str, Callable[[], tuple[list[Any], list[str]]]] = {
    "accounting": accounting.accounted,
    "advice": advice.advised,
    "check": check.checked,
    "judgement": judgement.judged,
}


def measure(name: str, console: Console) -> list[str]:
    """Run one module's comparisons and print them; what does not hold of it, in words."""
    module: Any = MODULES[name]
    failed: list[str] = []
    if name in WITH_A_TABLE_OF_THEIR_OWN:
        rows, failures = WITH_A_TABLE_OF_THEIR_OWN[name]()
        console.print(module.table(rows))
        return failures
    for comparison in module.benchmark():
        show(comparison, console)
        failed += comparison.failures()
        if module is imports:
            failed += imports.failures(comparison)
    if module is prediction:
        text, wrong = prediction.accuracy()
        console.print(text)
        failed += wrong
    if module in (fan_outs, batches):
        text, failures = fan_outs.memory() if module is fan_outs else batches.bounds()
        console.print(text)
        failed += failures
    return failed


def main() -> int:
    """Run those named on the command line, or all; the number of claims that do not hold is the exit status."""
    names = sys.argv[1:] or list(MODULES)
    if unknown := set(names) - set(MODULES):
        sys.exit(f"there is no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(MODULES)}")
    console = Console(width=100)
    failed = [failure for name in names for failure in measure(name, console)]
    for failure in failed:
        console.print(f"does not hold: {failure}", style="bold red")
    console.print("every claim holds" if not failed else f"{len(failed)} claims do not hold")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
