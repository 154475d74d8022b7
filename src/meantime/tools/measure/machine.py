"""Where it was measured: this machine, its Python, the packages that matter, and how the emulator limited functions."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.report.results import Machine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.tools.emulator.mechanisms import Mechanisms

PACKAGES = ("meantime", "awslambdaric")


def this_machine(mechanisms: Mechanisms, *, packages: Iterable[str] = (), notes: Iterable[str] = ()) -> Machine:
    """What a reader needs to judge the numbers.

    Args:
        mechanisms: How the emulator froze and limited the functions.
        packages: Further packages whose versions matter; those not installed are left out.
        notes: Further conditions, a sentence each.
    """
    return Machine(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=_cpu_model(),
        cores=cores(),
        cpu_limit=mechanisms.cpu,
        memory_limit=mechanisms.memory,
        freeze=mechanisms.freeze,
        versions={name: found for name in (*PACKAGES, *packages) if (found := _version(name))},
        notes=tuple(notes),
    )


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def busy_seconds() -> float | None:
    """CPU time that everything on this machine has used since it was started; None where nothing tells.

    Time that a hypervisor gave to somebody else is in it. Source: proc_stat(5).
    """
    try:
        _, user, nice, system, _, _, irq, softirq, steal, *_ = Path("/proc/stat").read_text().split(maxsplit=9)
    except (OSError, ValueError):
        return None
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
