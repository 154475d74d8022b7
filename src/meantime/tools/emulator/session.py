"""The processes of one environment, found by their session: what a machine without cgroups still has."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from meantime.tools.emulator.watchdog_process import end_session, process_fields, session_processes

if TYPE_CHECKING:
    import signal

_RESCAN = 0.05


class Session:
    """One environment's processes. The leader is the runtime client; it is another after a restart."""

    def __init__(self) -> None:
        self.leader: int | None = None
        self._members: list[int] = []
        self._scanned = 0.0
        self._cpu: dict[int, float] = {}

    def began(self, leader: int) -> None:
        """Note the process that leads the session from now on."""
        self.leader = leader
        self._members = [leader]
        self._scanned = 0.0

    def members(self) -> list[int]:
        """Return the living processes; the leader alone where there is no /proc."""
        if self.leader is None:
            return []
        if not sys.platform.startswith("linux"):
            return [self.leader]
        self._members = session_processes(self.leader)
        self._scanned = time.monotonic()
        return self._members

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process: to the leader's group at once, to the others one by one."""
        if self.leader is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.leader, number)
        for process in self.members():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(process) != self.leader:
                    os.kill(process, number)

    def stopped(self) -> bool:
        """Whether every process is stopped."""
        states = [process_fields(process)[:1] for process in self.members()]
        return all(state in ([], ["T"], ["t"]) for state in states)

    def end(self) -> int | None:
        """Kill every process, wait until none is left, and return the number of the leader that was, if any."""
        leader, self.leader = self.leader, None
        if leader is not None:
            end_session(leader)
        return leader

    def cpu_seconds(self) -> float:
        """Return the CPU time all processes used so far, also those that are gone."""
        if time.monotonic() - self._scanned > _RESCAN:
            self.members()
        for process in self._members:
            with contextlib.suppress(OSError):
                self._cpu[process] = _process_clock(process)
        return sum(self._cpu.values())

    def peak_bytes(self) -> int:
        """Return the sum of each process's highest resident memory; 0 where there is no /proc."""
        return sum(_peak_bytes(process) for process in self.members())


def _process_clock(process: int) -> float:
    # Linux's number for "the CPU clock of that process": clock_getcpuclockid(3), without the C call.
    return time.clock_gettime((~process << 3) | 2)


def _peak_bytes(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
