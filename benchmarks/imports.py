"""What importing costs a cold start: each program in a Python of its own, in turn."""

from __future__ import annotations

import subprocess
import sys

from timing import Comparison, compare

MOST_MS = 3.0  # that `import meantime` may take more than an empty program
PROGRAMS = {
    "import meantime": "import meantime",
    "empty program": "pass",
    "meantime.handler and threads used": "import meantime; meantime.handler; meantime.threads",
    "import asyncio": "import asyncio",
}


def run(program: str) -> None:
    """One Python, from start to end."""
    subprocess.run([sys.executable, "-I", "-c", program], check=True)  # noqa: S603  # our own programs


def benchmark() -> list[Comparison]:
    """Start each program in turn."""
    contestants = {name: (lambda program=program: run(program)) for name, program in PROGRAMS.items()}
    return [compare("starting Python", "program", contestants, rounds=25)]


def failures(comparison: Comparison) -> list[str]:
    """What does not hold of the imports: they are held to a difference, not to a ratio."""
    more_ms = (comparison.seconds["import meantime"] - comparison.seconds["empty program"]) * 1000
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", "import meantime, sys; print('asyncio' in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    found = [f"import meantime takes {more_ms:.2f} ms, allowed are {MOST_MS:g}"] if more_ms > MOST_MS else []
    return [*found, "import meantime loads asyncio"] if loaded != "False" else found
