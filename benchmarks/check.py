"""How fast `meantime check` reads, in how much memory, and what a second run costs; beside flake8-async and pylint.

Everything is CPU time on one core, with the start of Python in it. The files are those of the packages that are
installed in .venv: every style of Python there is. The peers read fewer of them, since they are slower.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table

FILES, FILES_FOR_PEERS = 7_000, 60
LEAST_LINES_A_SECOND = 25_000
MOST_MEMORY_MB = 300
SECOND_RUN_IS_FASTER = 10
PEERS = Path(__file__).parents[1] / ".venv" / "check-peers" / "bin" / "python"
OURS = (sys.executable, "-m", "meantime", "check", "--exit-zero", "--format", "json", "--output", os.devnull)


@dataclass(frozen=True)
class Run:
    """One tool over one folder."""

    name: str
    files: int
    lines: int
    seconds: float
    memory_mb: float

    @property
    def lines_a_second(self) -> float:
        """Lines read in a second of CPU time."""
        return self.lines / self.seconds


def checked() -> tuple[list[Run], list[str]]:
    """What each run took; and what does not hold."""
    with tempfile.TemporaryDirectory() as temporary:
        many, few = Path(temporary) / "many", Path(temporary) / "few"
        _copy(FILES, many)
        _copy(FILES_FOR_PEERS, few)
        cold = _run("meantime check", OURS, many)
        second = _run("meantime check, once more", OURS, many)
        runs = [
            cold,
            second,
            _run("meantime check, without a cache", (*OURS, "--no-cache"), few),
            _run("flake8-async", (str(PEERS), "-m", "flake8_async"), few, each_file=True),
            _run("pylint", (str(PEERS), "-m", "pylint", "--jobs=1", "--score=no"), few, each_file=True),
        ]
    failures = []
    if cold.lines_a_second < LEAST_LINES_A_SECOND:
        failures.append(f"check reads {cold.lines_a_second:,.0f} lines a second, required are {LEAST_LINES_A_SECOND:,}")
    if second.seconds * SECOND_RUN_IS_FASTER > cold.seconds:
        failures.append(f"a second run takes {second.seconds:.1f} s after {cold.seconds:.1f} s: not a tenth")
    if cold.memory_mb > MOST_MEMORY_MB:
        failures.append(f"check takes {cold.memory_mb:.0f} MB for {cold.files:,} files, allowed are {MOST_MEMORY_MB}")
    return runs, failures


def table(runs: list[Run]) -> Table:
    """A line a run."""
    shown = Table(box=box.SIMPLE_HEAD, title="checking the source of others", title_justify="left", pad_edge=False)
    for heading in ("", "files", "lines", "CPU s", "lines/s", "peak MB"):
        shown.add_column(heading, justify="right" if heading else "left")
    for run in runs:
        numbers = (f"{run.files:,}", f"{run.lines:,}", f"{run.seconds:.2f}", f"{run.lines_a_second:,.0f}")
        shown.add_row(run.name, *numbers, f"{run.memory_mb:.0f}")
    return shown


def _copy(count: int, into: Path) -> None:
    """Copy so many of the installed files, each at its own path: as a project of one's own, not as installed ones."""
    installed = Path(sysconfig.get_paths()["purelib"])
    files = sorted(installed.rglob("*.py"))
    for file in files[:: max(1, len(files) // count)][:count]:
        target = into / file.relative_to(installed)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _run(name: str, command: tuple[str, ...], folder: Path, *, each_file: bool = False) -> Run:
    """One run in a process of its own, on one core."""
    files = sorted(folder.rglob("*.py"))
    named = [str(file) for file in files] if each_file else [str(folder)]
    core = min(os.sched_getaffinity(0))
    process = subprocess.Popen(  # noqa: S603  # our own commands
        [*command, *named],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509  # no threads run here
    )
    assert process.stderr is not None  # noqa: S101  # it is a pipe
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if "Traceback" in said or (not each_file and process.returncode):
        sys.exit(f"{name} failed with {process.returncode}:\n{said}")
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    return Run(name, len(files), lines, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
