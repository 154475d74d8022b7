"""Linux control groups of either version: where ours may go, and one group's files."""

from __future__ import annotations

import contextlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.watchdog_process import end_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

_V2_WANTED: Final = ("cpu", "memory")


@dataclass(frozen=True)
class Hierarchy:
    """One mounted hierarchy, and the group in it that this process belongs to.

    Args:
        version: 1 or 2.
        controllers: What groups of ours in it could control; on version 2 freezing and killing need none.
        folder: This process's own group.
    """

    version: int
    controllers: frozenset[str]
    folder: Path


@dataclass(frozen=True)
class Group:
    """One control group: a folder of small files."""

    version: int
    controllers: frozenset[str]
    path: Path

    @property
    def entry(self) -> Path:
        """The file to which a process writes its number to join."""
        return self.path / "cgroup.procs"

    def child(self, name: str) -> Group:
        """Make a group below this one."""
        path = self.path / name
        path.mkdir()
        return Group(self.version, self.controllers, path)

    def has(self, file: str) -> bool:
        """Whether the kernel offers that file."""
        return (self.path / file).exists()

    def read(self, file: str) -> str:
        """Return what a file says."""
        descriptor = os.open(self.path / file, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.read(descriptor, 65536).decode().strip()
        finally:
            os.close(descriptor)

    def read_field(self, file: str, field: str) -> int:
        """Return a number from a file of lines `field number`."""
        for line in self.read(file).splitlines():
            name, _, number = line.partition(" ")
            if name == field:
                return int(number)
        raise KeyError(f"{self.path / file} has no line {field}")

    def write(self, file: str, text: str) -> None:
        """Set what a file says."""
        descriptor = os.open(self.path / file, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def hierarchies(proc: Path = Path("/proc/self")) -> list[Hierarchy]:
    """Return the hierarchies this process has a group in, found in its mount and group tables; [] without cgroups.

    Source: cgroups(7), "/proc/pid/cgroup", and proc_pid_mountinfo(5).
    """
    try:
        mounts = (proc / "mountinfo").read_text().splitlines()
        memberships = (proc / "cgroup").read_text().splitlines()
    except OSError:
        return []
    own = {}
    for line in memberships:
        _, controllers, path = line.split(":", 2)
        own[controllers] = path
    found = []
    for line in mounts:
        hierarchy = _hierarchy(line, own)
        if hierarchy is not None:
            found.append(hierarchy)
    return found


def open_group(hierarchy: Hierarchy, name: str) -> Group | None:
    """Make our group below the own group of this process, if that is allowed and processes may join it."""
    path = hierarchy.folder / name
    try:
        path.mkdir()
    except OSError:
        return None
    group = Group(hierarchy.version, _controllers(hierarchy, path), path)
    probe = group.child("probe")
    joined = subprocess.run(  # noqa: S603  # our own text and path
        ["/bin/sh", "-c", 'echo $$ > "$1"', "sh", str(probe.entry)],
        check=False,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end_groups([probe.path])
    if joined.returncode != 0:
        end_groups([group.path])
        return None
    return group


def find(groups: Sequence[Group], *, version: int, controller: str = "") -> Group | None:
    """Return the group of that version which has that controller, if any."""
    for group in groups:
        if group.version == version and (not controller or controller in group.controllers):
            return group
    return None


def _hierarchy(mount: str, own: dict[str, str]) -> Hierarchy | None:
    before, _, after = mount.partition(" - ")
    root, point = (_unescaped(field) for field in before.split()[3:5])
    kind, _, options = after.split(" ", 2)
    if kind == "cgroup2":
        controllers, path = frozenset[str](), own.get("")
    elif kind == "cgroup":
        names = next((names for names in own if names and set(names.split(",")) <= set(options.split(","))), None)
        if names is None:
            return None
        controllers, path = frozenset(names.split(",")), own[names]
    else:
        return None
    if path is None:
        return None
    try:
        folder = Path(point) / Path(path).relative_to(root)
    except ValueError:  # our group lies outside of what is mounted here
        return None
    return Hierarchy(2 if kind == "cgroup2" else 1, controllers, folder)


def _unescaped(field: str) -> str:
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def _controllers(hierarchy: Hierarchy, group: Path) -> frozenset[str]:
    """Return what groups below `group` can control; on version 2 each level must hand it down."""
    if hierarchy.version == 1:
        return hierarchy.controllers
    handed = set()
    for controller in _V2_WANTED:
        # Refused wherever processes live beside the groups, which is all but the root: then there is no control.
        for level in (hierarchy.folder, group):
            with contextlib.suppress(OSError):
                (level / "cgroup.subtree_control").write_text(f"+{controller}")
        with contextlib.suppress(OSError):
            if controller in (group / "cgroup.subtree_control").read_text().split():
                handed.add(controller)
    return frozenset(handed)
