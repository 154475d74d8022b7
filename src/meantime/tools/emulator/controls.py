"""One environment's control groups, and what freezes, limits and measures it through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meantime.tools.emulator.cgroups import find
from meantime.tools.emulator.cpu import (
    Budget,
    CgroupV1Clock,
    CgroupV2Clock,
    CpuClock,
    CpuLimit,
    NoLimit,
    QuotaV1,
    QuotaV2,
    SessionClock,
)
from meantime.tools.emulator.freeze import CgroupV1Freezer, CgroupV2Freezer, Freezer, NoFreezer, SignalFreezer
from meantime.tools.emulator.memory import CgroupV1Memory, CgroupV2Memory, Memory, UnlimitedMemory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.cgroups import Group
    from meantime.tools.emulator.function import Function
    from meantime.tools.emulator.mechanisms import Mechanisms
    from meantime.tools.emulator.session import Session


@dataclass(frozen=True)
class Controls:
    """What acts on one environment."""

    groups: tuple[Group, ...]
    freezer: Freezer
    limit: CpuLimit
    clock: CpuClock
    memory: Memory


def controls(groups: Sequence[Group], mechanisms: Mechanisms, function: Function, session: Session) -> Controls:
    """Return what acts on an environment that has these groups and this session."""
    return Controls(
        groups=tuple(groups),
        freezer=_freezer(groups, mechanisms.freeze, session),
        limit=_limit(groups, mechanisms.cpu, session, function.cpu_share),
        clock=_clock(groups, session),
        memory=_memory(groups, mechanisms.memory, session, function.memory_mb * 1024 * 1024),
    )


def _freezer(groups: Sequence[Group], name: str, session: Session) -> Freezer:
    if name == "cgroup-v2" and (group := find(groups, version=2)):
        return CgroupV2Freezer(group)
    if name == "cgroup-v1" and (group := find(groups, version=1, controller="freezer")):
        return CgroupV1Freezer(group)
    return SignalFreezer(session) if name == "sigstop" else NoFreezer()


def _limit(groups: Sequence[Group], name: str, session: Session, share: float) -> CpuLimit:
    if name == "cgroup-v2" and (group := find(groups, version=2, controller="cpu")):
        return QuotaV2(group, share)
    if name == "cgroup-v1" and (group := find(groups, version=1, controller="cpu")):
        return QuotaV1(group, share)
    return Budget(session, share) if name == "budget" else NoLimit()


def _clock(groups: Sequence[Group], session: Session) -> CpuClock:
    if group := find(groups, version=1, controller="cpuacct"):
        return CgroupV1Clock(group)
    if group := find(groups, version=2):
        return CgroupV2Clock(group)
    return SessionClock(session)


def _memory(groups: Sequence[Group], name: str, session: Session, limit_bytes: int) -> Memory:
    if name == "cgroup-v2" and (group := find(groups, version=2, controller="memory")):
        return CgroupV2Memory(group, limit_bytes)
    if name == "cgroup-v1" and (group := find(groups, version=1, controller="memory")):
        return CgroupV1Memory(group, limit_bytes)
    return UnlimitedMemory(session)
