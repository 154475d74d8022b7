"""Where control groups are found: in the process's own tables, wherever they are mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from meantime.tools.emulator.cgroups import Group, Hierarchy, find, hierarchies
from meantime.tools.emulator.cpu import QuotaV2
from meantime.tools.emulator.memory import CgroupV2Memory

V2_MOUNTS = """\
22 1 0:20 / /proc rw - proc proc rw
35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw
"""
V2_ONLY = (V2_MOUNTS, "0::/user.slice/session-3.scope\n")
HYBRID_MOUNTS = """\
32 31 0:29 / /groups/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /groups/a\\040b rw - cgroup cgroup rw,freezer
40 31 0:37 / /groups/systemd rw - cgroup cgroup rw,name=systemd
41 31 0:38 / /groups/unified rw - cgroup2 cgroup2 rw
"""
HYBRID = (HYBRID_MOUNTS, "9:name=systemd:/\n3:freezer:/jail\n2:cpu,cpuacct:/\n0::/here\n")
CONTAINER = (
    "32 31 0:29 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
    "4:memory:/docker/1/below\n",
)
ELSEWHERE = ("32 31 0:29 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n", "4:memory:/other\n")


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        (V2_ONLY, [(2, set(), "/sys/fs/cgroup/user.slice/session-3.scope")]),
        (
            HYBRID,
            [
                (1, {"cpu", "cpuacct"}, "/groups/cpu,cpuacct"),
                (1, {"freezer"}, "/groups/a b/jail"),
                (1, {"name=systemd"}, "/groups/systemd"),
                (2, set(), "/groups/unified/here"),
            ],
        ),
        (CONTAINER, [(1, {"memory"}, "/sys/fs/cgroup/memory/below")]),
        (ELSEWHERE, []),
    ],
)
def test_our_own_groups_are_read_from_the_mount_and_membership_tables(
    tmp_path: Path, tables: tuple[str, str], found: list[tuple[int, set[str], str]]
) -> None:
    (tmp_path / "mountinfo").write_text(tables[0])
    (tmp_path / "cgroup").write_text(tables[1])
    expected = [Hierarchy(version, frozenset(controllers), Path(folder)) for version, controllers, folder in found]
    assert hierarchies(tmp_path) == expected


def test_a_machine_without_control_groups_has_none(tmp_path: Path) -> None:
    assert hierarchies(tmp_path / "nothing") == []


def test_a_group_is_found_by_version_and_controller() -> None:
    two = Group(2, frozenset({"cpu"}), Path("two"))
    one = Group(1, frozenset({"freezer"}), Path("one"))
    assert find([one, two], version=2) is two
    assert find([one, two], version=2, controller="memory") is None
    assert find([one, two], version=1, controller="freezer") is one


def test_version_2_limits_are_written_as_the_kernel_reads_them(tmp_path: Path) -> None:
    """On files that only look like a group: few machines let their tests have version 2's controllers."""
    for name in ("cpu.max", "memory.max", "memory.swap.max", "memory.peak", "memory.events"):
        (tmp_path / name).touch()
    group = Group(2, frozenset({"cpu", "memory"}), tmp_path)
    quota = QuotaV2(group, 512 / 1769)
    quota.limit()
    assert (tmp_path / "cpu.max").read_text() == "5789 20000"
    (tmp_path / "cpu.max").write_text("")
    quota.lift()
    assert (tmp_path / "cpu.max").read_text() == "max 20000"
    (tmp_path / "memory.events").write_text("low 0\noom 3\noom_kill 2\n")
    memory = CgroupV2Memory(group, 134_217_728)
    assert (tmp_path / "memory.max").read_text() == "134217728"
    assert (tmp_path / "memory.swap.max").read_text() == "0"
    assert memory.kills() == 2
