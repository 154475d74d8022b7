"""Holding an environment still between invocations: no thread and no child of it makes a step."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Final, Protocol

from meantime.tools.emulator.engine import in_thread
from meantime.tools.emulator.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from meantime.tools.emulator.cgroups import Group
    from meantime.tools.emulator.session import Session

_PATIENCE: Final = 2.0
_STUCK: Final = f"the environment would not freeze within {_PATIENCE:g} s; is a process in a stuck call?"
_SPINS: Final = 50  # a freeze takes 20 to 150 microseconds: asking again is sooner than sleeping


class Freezer(Protocol):
    """One way to freeze."""

    async def freeze(self) -> None:
        """Return once nothing of the environment runs."""

    async def thaw(self) -> None:
        """Let it run again."""


class CgroupV2Freezer:
    """`cgroup.freeze`, which holds even without controllers and lets the frozen be killed."""

    def __init__(self, group: Group) -> None:
        self._group = group

    async def freeze(self) -> None:
        """Write, and wait for the kernel to say so."""
        self._group.write("cgroup.freeze", "1")
        await _until(lambda: self._group.read_field("cgroup.events", "frozen") == 1)

    async def thaw(self) -> None:
        """Write."""
        self._group.write("cgroup.freeze", "0")


class CgroupV1Freezer:
    """The freezer controller; a frozen process takes no signal, so killing means thawing after SIGKILL."""

    def __init__(self, group: Group) -> None:
        self._group = group

    async def freeze(self) -> None:
        """Write, and wait for the kernel to say so."""
        self._group.write("freezer.state", "FROZEN")
        await _until(lambda: self._group.read("freezer.state") == "FROZEN")

    async def thaw(self) -> None:
        """Write."""
        self._group.write("freezer.state", "THAWED")


class SignalFreezer:
    """SIGSTOP to every process of the session, which any machine can do and a process could notice."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def freeze(self) -> None:
        """Stop all, and again those that were forked meanwhile."""

        def stop() -> bool:
            self._session.signal(signal.SIGSTOP)
            return self._session.stopped()

        await in_thread(_wait_until, stop)

    async def thaw(self) -> None:
        """Continue all."""
        await in_thread(self._session.signal, signal.SIGCONT)


class NoFreezer:
    """Leaves an environment running between invocations."""

    async def freeze(self) -> None:
        """Nothing."""

    async def thaw(self) -> None:
        """Nothing."""


async def _until(frozen: Callable[[], bool]) -> None:
    for _ in range(_SPINS):
        if frozen():
            return
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        await asyncio.sleep(0.0005)
        if frozen():
            return
    raise EmulatorError(_STUCK)


def _wait_until(frozen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not frozen():
        if time.monotonic() > deadline:
            raise EmulatorError(_STUCK)
        time.sleep(0.0001)
