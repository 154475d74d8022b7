"""What an emulator makes on the machine for its environments: control groups and a folder, watched over to the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from meantime.tools.emulator.cgroups import hierarchies, open_group
from meantime.tools.emulator.mechanisms import Mechanisms, choose, needed
from meantime.tools.emulator.watchdog import Watchdog
from meantime.tools.emulator.watchdog_process import end_groups

if TYPE_CHECKING:
    from meantime.tools.emulator.cgroups import Group

_CONTROLLERS_V1: Final = {"cpu", "cpuacct", "memory", "freezer"}


class Ground:
    """The groups and the folder below which each environment gets its own. Everything here may block for a moment."""

    def __init__(self, *, freeze: str, cpu: str, memory: str) -> None:
        self.watchdog = Watchdog()
        name = f"meantime-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self.folder = Path(tempfile.gettempdir()).resolve() / name
        self._groups: list[Group] = []
        try:
            self.watchdog.keep("folder", self.folder)
            self.folder.mkdir(mode=0o700)
            self._open_groups(name)
            self.mechanisms: Mechanisms = choose(self._groups, freeze=freeze, cpu=cpu, memory=memory)
            wanted = needed(self._groups, self.mechanisms)
            self._end([group for group in self._groups if group not in wanted])
        except BaseException:
            self.close()
            raise

    def groups(self, name: str) -> list[Group]:
        """Make and return one environment's groups."""
        made: list[Group] = []
        try:
            for group in self._groups:
                made.append(group.child(name))  # noqa: PERF401  # what was made must be known if one fails
        except BaseException:
            end_groups([group.path for group in made])
            raise
        return made

    def close(self) -> None:
        """Kill whatever is left in the groups, and remove all."""
        self._end(list(self._groups))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.watchdog.close()

    def _open_groups(self, name: str) -> None:
        for hierarchy in hierarchies():
            if hierarchy.version == 1 and not hierarchy.controllers & _CONTROLLERS_V1:
                continue
            self.watchdog.keep("group", hierarchy.folder / name)
            group = open_group(hierarchy, name)
            if group is None:
                self.watchdog.forget("group", hierarchy.folder / name)
            else:
                self._groups.append(group)

    def _end(self, groups: list[Group]) -> None:
        end_groups([group.path for group in groups])
        for group in groups:
            self._groups.remove(group)
            self.watchdog.forget("group", group.path)
