"""Whether what `meantime check` finds in the code of others is true: each finding that it shows was read and judged.

There are three sets of packages: the rules were tuned on the first, the second was held out until they were written,
the third until what was false in the second was mended.
The verdicts stand in docs/check_findings.md. This finds anew, in the same pinned packages, and tells what is found but
not judged, what is judged but no more found, and how much of the judged is true. `--show` prints each finding that is
not judged with its source; `--write` puts them onto the page, to be judged there; names of packages limit it to those.
`--tuned-on`, `--held-out` or `--held-out-again` limits it to one of the sets.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from judged import foreign_code, page
from judged.foreign_code import HELD_OUT, HELD_OUT_AGAIN, SETS, TUNED_ON, Packages
from judged.page import UNJUDGED, Spot, Verdict
from rich import box
from rich.console import Console
from rich.table import Table

from meantime.tools.check.checking import check

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meantime.tools.check.finding import Finding

TRUE = "true"
AT_LEAST = 0.95  # of what is shown by default must be true
AT_LEAST_PACKAGES = 40
ABOUT_FILES = ("MT001", "MT002")  # what this Python cannot read, and comments: no mistakes of the code's
AROUND = 6  # lines of source that are shown around a finding


@dataclass(frozen=True)
class Judged:
    """What one rule finds in all the packages of a set, and how it was judged."""

    packages: str
    code: str
    found: int
    true: int


def found_in(folder: Path) -> tuple[Finding, ...]:
    """What is shown by default for one package, by the settings of its own that it has."""
    checked = check([folder], root=folder)
    for code, failure in checked.failures:
        raise RuntimeError(f"{code} fails on {folder}:\n{failure}")
    return tuple(each for each in checked.findings if each.code not in ABOUT_FILES)


def found(packages: Packages, names: set[str]) -> dict[Spot, Finding]:
    """What is shown by default for these packages of a set, or for all of it."""
    return {
        Spot(name, finding.place.path, finding.place.line, finding.code): finding
        for name, folder in foreign_code.fetched(packages).items()
        if not names or name in names
        for finding in found_in(folder)
    }


def judged(sets: Iterable[Packages] = SETS) -> tuple[list[Judged], list[str]]:
    """What each rule finds in each set and how much of it is true; and what does not hold."""
    rows: list[Judged] = []
    failures: list[str] = []
    for packages in sets:
        of_this, failed = _judged(packages)
        rows += of_this
        failures += failed
    return rows, failures


def _judged(packages: Packages) -> tuple[list[Judged], list[str]]:
    now, verdicts = found(packages, set()), page.read(packages.title)
    rows = [
        Judged(
            packages.title,
            code,
            count,
            sum(verdicts[spot].word == TRUE for spot in now if spot.code == code and spot in verdicts),
        )
        for code, count in sorted(Counter(spot.code for spot in now).items())
    ]
    failures = [f"found and not judged: {spot}" for spot in sorted(now) if _word(verdicts, spot) == UNJUDGED]
    failures += [f"judged and no more found: {spot}" for spot in sorted(verdicts.keys() - now.keys())]
    true = sum(row.true for row in rows)
    if true < AT_LEAST * len(now):
        failures.append(f"{true} of {len(now)} findings {packages.title} are true, required are {AT_LEAST:.0%}")
    count = len(foreign_code.pins(packages))
    if count < AT_LEAST_PACKAGES:
        failures.append(f"there are {count} packages {packages.title}, required are {AT_LEAST_PACKAGES}")
    return rows, failures


def table(rows: list[Judged]) -> Table:
    """A line a rule, and one for each set."""
    shown = Table(box=box.SIMPLE_HEAD, title="findings in others' code", title_justify="left", pad_edge=False)
    shown.add_column("packages")
    shown.add_column("rule")
    shown.add_column("found", justify="right")
    shown.add_column("true", justify="right")
    for title, of_this in groupby(rows, key=lambda row: row.packages):
        all_of_this = list(of_this)
        for row in all_of_this:
            shown.add_row(title, row.code, str(row.found), str(row.true))
        found_here, true_here = sum(row.found for row in all_of_this), sum(row.true for row in all_of_this)
        shown.add_row(title, "all", str(found_here), str(true_here), end_section=True)
    return shown


def show(folder: Path, spot: Spot, finding: Finding, console: Console) -> None:
    """A finding with its source and the way to it; folder is that of the set."""
    lines = (folder / spot.package / spot.path).read_text(encoding="utf-8", errors="replace").splitlines()
    console.rule(f"{spot.package} {spot.path}:{spot.line} {spot.code}", align="left")
    console.print(finding.message, markup=False)
    for step in finding.chain:
        console.print(f"    {step.place} {step.text}", markup=False, highlight=False)
    for number in range(max(1, spot.line - AROUND), min(len(lines), spot.line + AROUND) + 1):
        mark = ">" if number == spot.line else " "
        console.print(f"{mark}{number:5} {lines[number - 1]}", markup=False, highlight=False)


def summary(packages: Packages, verdicts: dict[Spot, Verdict]) -> list[str]:
    """The page's numbers for a set."""
    folders = foreign_code.fetched(packages)
    lines = sum(foreign_code.lines_of(folder) for folder in folders.values())
    words = Counter(verdict.word for verdict in verdicts.values())
    share = f", {words[TRUE] / len(verdicts):.1%} true" if verdicts else ""
    return [f"{len(folders)} packages, {lines:,} lines of Python, {len(verdicts)} findings{share}."]


def _word(verdicts: dict[Spot, Verdict], spot: Spot) -> str:
    return verdicts[spot].word if spot in verdicts else UNJUDGED


def judge(packages: Packages, names: set[str], console: Console) -> None:
    """Show or write what is not judged yet."""
    now, verdicts = found(packages, names), page.read(packages.title)
    for spot, finding in sorted(now.items(), key=lambda each: each[0]):
        if "--show" in sys.argv and _word(verdicts, spot) == UNJUDGED:
            show(packages.folder, spot, finding, console)
    if "--write" in sys.argv:
        others = {spot: verdict for spot, verdict in verdicts.items() if names and spot.package not in names}
        kept = others | {spot: verdicts.get(spot, Verdict(UNJUDGED)) for spot in now}
        page.write(packages.title, kept, summary(packages, kept))


def main() -> int:
    """Find, and show or write what is not judged; or say what does not hold."""
    console = Console(width=160)
    names = {each for each in sys.argv[1:] if not each.startswith("-")}
    chosen = {"--tuned-on": (TUNED_ON,), "--held-out": (HELD_OUT,), "--held-out-again": (HELD_OUT_AGAIN,)}
    sets = next((chosen[each] for each in sys.argv if each in chosen), SETS)
    if "--show" in sys.argv or "--write" in sys.argv:
        for packages in sets:
            judge(packages, names, console)
        return 0
    rows, failures = judged(sets)
    console.print(table(rows))
    for failure in failures:
        console.print(f"does not hold: {failure}", style="bold red")
    return len(failures)


if __name__ == "__main__":
    sys.exit(main())
