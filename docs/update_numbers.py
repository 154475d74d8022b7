"""Writes the numbers of the last `make demo` into the README and the examples' pages: `make numbers` runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.report.results import Results
from meantime.tools.report.table import markdown

if TYPE_CHECKING:
    from meantime.tools.report.results import Run

ROOT = Path(__file__).parent.parent
EXPECTED = re.compile(r"(\| memory \| sequential \|.*?\n\|[-|]+\|\n)((?:\| \d+ MB \|.*\n)+)")
SIZES = (128, 1769)  # of the columns in the examples' index


def between(text: str, name: str, new: str) -> str:
    """The text, with what stands between the two marks of that name replaced."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"the marks {begin} and {end} are missing")
    return f"{before}{begin}\n{new.strip()}\n{end}{after}"


def update_readme(results: Results) -> None:
    """The summary in sight, each example's table behind it."""
    summary, _, tables = markdown(results).partition("\n### ")
    details = f"<details>\n<summary>Every variant at every size</summary>\n\n### {tables.strip()}\n\n</details>"
    machine = results.machine
    origin = f"{machine.date[:10]}, Python {machine.python}, {machine.cores} cores ({machine.cpu})."
    path = ROOT / "README.md"
    path.write_text(between(path.read_text(), "demo", f"{summary.strip()}\n\n{origin}\n\n{details}"))


def update_example(name: str, runs: list[Run]) -> None:
    """The table of an example's own page."""
    path = ROOT / "examples" / name / "README.md"
    text = path.read_text()
    found = EXPECTED.search(text)
    if found is None:
        raise SystemExit(f"{path} has no table of what to expect")
    variants = [cell.strip() for cell in found[1].splitlines()[0].split("|")[2:-1]]
    p50 = {(run.memory_mb, run.variant): f"{run.p50_ms:.0f}" for run in runs}
    rows = [
        f"| {size} MB | " + " | ".join(p50[size, variant] for variant in variants) + " |\n"
        for size in sorted({run.memory_mb for run in runs})
    ]
    path.write_text(text.replace(found[0], found[1] + "".join(rows)))


def update_index(results: Results) -> None:
    """The last columns of the examples' index: sequential and threads, at the smallest and the largest size."""
    path = ROOT / "examples" / "README.md"
    p50 = {(run.example, run.memory_mb, run.variant): f"{run.p50_ms:.0f}" for run in results.runs}
    lines = path.read_text().splitlines(keepends=True)
    for number, line in enumerate(lines):
        if row := re.match(r"\| \[(\w+)\]", line):
            cells = line.rstrip("\n").split("|")
            for cell, size in zip((-3, -2), SIZES, strict=True):
                cells[cell] = f" {p50[row[1], size, 'sequential']} → {p50[row[1], size, 'threads']} ms "
            lines[number] = "|".join(cells) + "\n"
    path.write_text("".join(lines))


def main() -> None:
    """Update all pages."""
    results = Results.read(ROOT / "build" / "demo" / "results.json")
    update_readme(results)
    update_index(results)
    for example in results.examples:
        update_example(example.name, [run for run in results.runs if run.example == example.name])


if __name__ == "__main__":
    main()
