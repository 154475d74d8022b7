"""Which of the ways to freeze and to limit this machine has, and which of them are used."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from meantime.tools.emulator.cgroups import find
from meantime.tools.emulator.errors import MechanismUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meantime.tools.emulator.cgroups import Group

Freeze = Literal["cgroup-v2", "cgroup-v1", "sigstop", "none"]
Cpu = Literal["cgroup-v2", "cgroup-v1", "budget", "none"]
Memory = Literal["cgroup-v2", "cgroup-v1", "none"]

VERSIONS: Final = {"cgroup-v2": 2, "cgroup-v1": 1}

# The controller each use needs of version 1; on version 2 every group can be frozen.
_CONTROLLERS: Final = {"freeze": "freezer", "cpu": "cpu", "memory": "memory"}


@dataclass(frozen=True)
class Mechanisms:
    """How an emulator freezes environments and limits their CPU and memory.

    Args:
        freeze: `cgroup-v2`, `cgroup-v1` (the freezer controller), `sigstop` (every process of the session) or `none`.
        cpu: `cgroup-v2`, `cgroup-v1` (a quota kept by the kernel), `budget` (stopped and continued by us, from
            the processes' CPU clocks) or `none`.
        memory: `cgroup-v2`, `cgroup-v1` or `none`.
    """

    freeze: str
    cpu: str
    memory: str


def choose(groups: Sequence[Group], *, freeze: str, cpu: str, memory: str) -> Mechanisms:
    """Return the mechanisms to use, given the groups this machine let us open; `auto` takes the best there is.

    Raises:
        ValueError: There is no such mechanism.
        MechanismUnavailableError: It was asked for by name, and does not work here.
    """
    linux = sys.platform.startswith("linux")
    return Mechanisms(
        freeze=_chosen("freeze", freeze, [*_offered("freeze", groups), "sigstop", "none"], beside=["sigstop"]),
        cpu=_chosen("cpu", cpu, [*_offered("cpu", groups), *(["budget"] * linux), "none"], beside=["budget"]),
        memory=_chosen("memory", memory, [*_offered("memory", groups), "none"], beside=[]),
    )


def needed(groups: Sequence[Group], mechanisms: Mechanisms) -> list[Group]:
    """Return the groups that the mechanisms use, and one to count CPU time in if there are any."""
    chosen = {"freeze": mechanisms.freeze, "cpu": mechanisms.cpu, "memory": mechanisms.memory}
    used = [_group(groups, use, name) for use, name in chosen.items() if name in VERSIONS]
    if used and find(groups, version=2) not in used:
        used.append(find(groups, version=1, controller="cpuacct"))
    return [group for group in groups if group in used]


def _offered(use: str, groups: Sequence[Group]) -> list[str]:
    return [name for name in VERSIONS if _group(groups, use, name) is not None]


def _group(groups: Sequence[Group], use: str, name: str) -> Group | None:
    controller = "" if (use, name) == ("freeze", "cgroup-v2") else _CONTROLLERS[use]
    group = find(groups, version=VERSIONS[name], controller=controller)
    # Linux 5.2 brought version 2's freezer.
    return group if group is None or controller or group.has("cgroup.freeze") else None


def _chosen(use: str, asked: str, available: list[str], *, beside: list[str]) -> str:
    if asked == "auto":
        return available[0]
    known = [*VERSIONS, *beside, "none"]
    if asked not in known:
        raise ValueError(f"{use}={asked!r} is none of auto, {', '.join(known)}")
    if asked not in available:
        raise MechanismUnavailableError(
            f"{use}={asked!r} does not work here: this machine has no such control group that this user may write "
            f"to; use auto, or one of {', '.join(available)}"
        )
    return asked
