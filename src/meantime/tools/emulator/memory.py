"""Limiting an environment's memory, and reading the most it used."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from meantime.tools.emulator.engine import in_thread

if TYPE_CHECKING:
    from meantime.tools.emulator.cgroups import Group
    from meantime.tools.emulator.session import Session


class Memory(Protocol):
    """One way to account for memory."""

    async def peak_bytes(self) -> int:
        """Return the most that was in use at once."""

    def kills(self) -> int:
        """Return how many processes the kernel killed for going over the limit."""


class CgroupV2Memory:
    """`memory.max`: the kernel kills at the limit."""

    def __init__(self, group: Group, limit_bytes: int) -> None:
        self._group = group
        self._peak = 0
        self._file = "memory.peak" if group.has("memory.peak") else "memory.current"
        group.write("memory.max", str(limit_bytes))
        with contextlib.suppress(OSError):  # no swap on this machine, no such file
            group.write("memory.swap.max", "0")

    async def peak_bytes(self) -> int:
        """Return the kernel's own peak; before Linux 5.19, the highest value seen here."""
        self._peak = max(self._peak, int(self._group.read(self._file)))
        return self._peak

    def kills(self) -> int:
        """Return the kernel's count."""
        return self._group.read_field("memory.events", "oom_kill")


class CgroupV1Memory:
    """`memory.limit_in_bytes`: the kernel kills at the limit."""

    def __init__(self, group: Group, limit_bytes: int) -> None:
        self._group = group
        group.write("memory.limit_in_bytes", str(limit_bytes))
        with contextlib.suppress(OSError):  # swap is not accounted for on every machine
            group.write("memory.memsw.limit_in_bytes", str(limit_bytes))

    async def peak_bytes(self) -> int:
        """Return the kernel's own peak."""
        return int(self._group.read("memory.max_usage_in_bytes"))

    def kills(self) -> int:
        """Return the kernel's count."""
        return self._group.read_field("memory.oom_control", "oom_kill")


class UnlimitedMemory:
    """No limit; what is used is read from the processes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._peak = 0

    async def peak_bytes(self) -> int:
        """Return the highest sum of the processes' own peaks seen here."""
        self._peak = max(self._peak, await in_thread(self._session.peak_bytes))
        return self._peak

    def kills(self) -> int:
        """Return 0: nothing is killed."""
        return 0
