"""Giving an environment its share of the CPU, memory / 1769 of a core, and reading what it used."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from meantime.tools.emulator.engine import in_thread

if TYPE_CHECKING:
    from meantime.tools.emulator.cgroups import Group
    from meantime.tools.emulator.session import Session

PERIOD: Final = 0.02
"""Seconds. Measured: with it a quota is within 0.1 % of its share from 128 MB on; the kernel's 0.1 is coarser."""


_CREDIT: Final = 10  # periods


class CpuLimit(Protocol):
    """One way to limit."""

    def limit(self) -> None:
        """From now on the environment gets its share and no more."""

    def lift(self) -> None:
        """No limit, as during initialisation."""

    def pause(self) -> None:
        """The environment is about to be frozen."""

    def resume(self) -> None:
        """The environment runs again."""

    def close(self) -> None:
        """The environment is gone."""


class NoLimit:
    """All the CPU there is."""

    def limit(self) -> None:
        """Nothing."""

    def lift(self) -> None:
        """Nothing."""

    def pause(self) -> None:
        """Nothing."""

    def resume(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class QuotaV2(NoLimit):
    """`cpu.max` of a version 2 group; the kernel does all the work."""

    def __init__(self, group: Group, share: float) -> None:
        self._group = group
        self._quota = f"{round(share * PERIOD * 1e6)} {round(PERIOD * 1e6)}"

    def limit(self) -> None:
        """Write the quota."""
        self._group.write("cpu.max", self._quota)

    def lift(self) -> None:
        """Write that there is none."""
        self._group.write("cpu.max", f"max {round(PERIOD * 1e6)}")


class QuotaV1(NoLimit):
    """`cpu.cfs_quota_us` of a version 1 group; the kernel does all the work."""

    def __init__(self, group: Group, share: float) -> None:
        self._group = group
        self._quota = round(share * PERIOD * 1e6)
        group.write("cpu.cfs_period_us", str(round(PERIOD * 1e6)))

    def limit(self) -> None:
        """Write the quota."""
        self._group.write("cpu.cfs_quota_us", str(self._quota))

    def lift(self) -> None:
        """Write that there is none."""
        self._group.write("cpu.cfs_quota_us", "-1")


class Budget:
    """Stops the session when it has used its share, continues it when it has earned a period's worth again.

    What it uses is read from the processes' own CPU clocks, so being late once is made up for afterwards. A thread of
    its own does so: on the engine's loop, other environments would make it late.
    """

    def __init__(self, session: Session, share: float) -> None:
        self._session = session
        self._share = share
        self._changed = threading.Condition()
        self._limited = False
        self._running = False
        self._stopped = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def limit(self) -> None:
        """Start counting."""
        self._set(limited=True, running=True)

    def lift(self) -> None:
        """Stop counting."""
        self._set(limited=False, running=True)

    def pause(self) -> None:
        """Stop counting; a session stopped for its use stays so."""
        self._set(limited=self._limited, running=False)

    def resume(self) -> None:
        """Count again, with a fresh period's budget."""
        self._set(limited=self._limited, running=True)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _set(self, *, limited: bool, running: bool) -> None:
        with self._changed:
            self._limited, self._running = limited, running
            self._changed.notify()
        if self._thread is None and limited and self._share < (os.cpu_count() or 1):
            self._thread = threading.Thread(target=self._enforce, name="meantime-emulator-budget", daemon=True)
            self._thread.start()

    def _enforce(self) -> None:
        with self._changed:
            while not self._closed:
                if self._limited and self._running:
                    self._enforce_while_running()
                else:
                    if self._running:
                        self._go_on()
                    self._changed.wait()

    def _enforce_while_running(self) -> None:
        full = self._share * PERIOD
        budget, pause = full, 0.001
        self._go_on()
        then, used_then = time.monotonic(), self._session.cpu_seconds()
        while not self._changed.wait(pause):
            now, used = time.monotonic(), self._session.cpu_seconds()
            spent = used - used_then
            # Earned while held counts in full, so that our waking late takes nothing away. What an environment
            # leaves unused while it may run is lost, as under a quota.
            ceiling = _CREDIT * full if self._stopped else max(full, budget)
            budget = min(ceiling, budget + self._share * (now - then) - spent)
            then, used_then = now, used
            if budget <= 0:
                if not self._stopped:
                    self._session.signal(signal.SIGSTOP)
                    self._stopped = True
                pause = (full - budget) / self._share
            else:
                self._go_on()
                # An environment that only waits is looked at less often; it cannot overspend by more than that.
                pause = max(0.001, min(budget, 0.005)) if spent > 0 else min(pause * 2, 0.005)

    def _go_on(self) -> None:
        if self._stopped:
            self._session.signal(signal.SIGCONT)
            self._stopped = False


class CpuClock(Protocol):
    """One way to read what was used."""

    async def seconds(self) -> float:
        """Return the CPU time the environment's processes used so far, over all cores."""


class CgroupV2Clock:
    """`cpu.stat`, which every version 2 group has."""

    def __init__(self, group: Group) -> None:
        self._group = group

    async def seconds(self) -> float:
        """Return microseconds as seconds."""
        return self._group.read_field("cpu.stat", "usage_usec") / 1e6


class CgroupV1Clock:
    """`cpuacct.usage`."""

    def __init__(self, group: Group) -> None:
        self._group = group

    async def seconds(self) -> float:
        """Return nanoseconds as seconds."""
        return int(self._group.read("cpuacct.usage")) / 1e9


class SessionClock:
    """The processes' own clocks; a process that came and went between two readings is missed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def seconds(self) -> float:
        """Return the sum, as far as this machine lets it be read."""
        return await in_thread(self._session.cpu_seconds)
