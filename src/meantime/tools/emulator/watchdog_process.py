"""Ends what the emulator started: its groups, sessions and folders.

The emulator uses these functions itself; run as a program, this file waits until the emulator's process is gone, by
whatever death, and then cleans up what was still registered. Standard library only, so that it starts in no time.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENCE = 10.0
"""Seconds to wait for killed processes to be gone; a process in an uninterruptible call may take that long."""


END = b"end"
"""The line after which nothing more is registered; a forked child may hold the pipe open for long."""


def end_groups(groups: Iterable[Path]) -> None:
    """Kill every process of some cgroups and of those below them, and remove them."""
    deepest_first = [folder for group in groups for folder in (*_below(group), group)]
    empty_groups(deepest_first)
    deadline = time.monotonic() + PATIENCE
    for group in deepest_first:
        while time.monotonic() < deadline:
            try:
                group.rmdir()
            except FileNotFoundError:
                break
            except OSError:  # busy until the kernel is done with the dead
                empty_groups([group])
                time.sleep(0.001)
            else:
                break


def empty_groups(groups: Iterable[Path]) -> None:
    """Kill every process of some cgroups, frozen or not, and wait until none is left.

    All groups of an environment belong in one call: a process that one of them freezes dies in none of the others.
    """
    deadline = time.monotonic() + PATIENCE
    pause = 0.0005
    while time.monotonic() < deadline:
        populated = {group: processes for group in groups if (processes := group_processes(group))}
        if not populated:
            return
        for group, processes in populated.items():
            _kill_group(group, processes)
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def group_processes(group: Path) -> list[int]:
    """Return the living processes of a cgroup; none if it is gone."""
    try:
        return [int(line) for line in (group / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def end_session(leader: int) -> None:
    """Kill every process of a session, stopped or not, and wait until none is left."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        processes = session_processes(leader)
        if not processes:
            return
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.001)


def session_processes(leader: int) -> list[int]:
    """Return the living processes of a session; where there is no /proc, none."""
    return [process for process in _processes() if _session(process) == leader and _alive(process)]


def process_fields(process: int) -> list[str]:
    """Return a process's /proc fields from its state on (proc(5): field 3 and up); empty if it is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208  # names alone, and often
    except OSError:
        return []


def _session(process: int) -> int | None:
    # One system call; reading each process's /proc file instead takes milliseconds on a busy machine.
    try:
        return os.getsid(process)
    except OSError:
        return None


def _alive(process: int) -> bool:
    return process_fields(process)[:1] not in ([], ["Z"], ["X"])


def _below(group: Path) -> list[Path]:
    try:
        children = [child for child in group.iterdir() if child.is_dir()]
    except OSError:
        return []
    return [folder for child in children for folder in (*_below(child), child)]


def _kill_group(group: Path, processes: list[int]) -> None:
    if _wrote(group / "cgroup.kill", "1"):
        return
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    # A version 1 freezer holds even the killed until it is thawed; thawed, they die before they run.
    _wrote(group / "freezer.state", "THAWED")


def _wrote(file: Path, text: str) -> bool:
    try:
        descriptor = os.open(file, os.O_WRONLY)
    except OSError:
        return False
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _watch(emulator: int) -> None:
    """Take registrations from standard input until it ends or the emulator's process is gone; then sweep."""
    kept: dict[tuple[str, str], None] = {}
    waiting = b""
    os.set_blocking(0, False)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    life = _process_descriptor(emulator)
    if life is not None:  # a forked child may hold our pipe open after the emulator's own death
        poll.register(life, select.POLLIN)
    gone = closed = False
    while not (gone or closed):
        poll.poll(1000)
        # Asked before reading: what the emulator said before its death is then in the pipe, and is read.
        gone = os.getppid() != emulator
        pieces, closed = _read_all()
        *lines, waiting = (waiting + pieces).split(b"\n")
        for line in lines:
            if line == END:
                closed = True
            else:
                _note(kept, os.fsdecode(line))
    _sweep(kept)


def _read_all() -> tuple[bytes, bool]:
    """Return what is in the pipe, and whether it is closed."""
    pieces = b""
    while True:
        try:
            piece = os.read(0, 65536)
        except BlockingIOError:
            return pieces, False
        if not piece:
            return pieces, True
        pieces += piece


def _note(kept: dict[tuple[str, str], None], line: str) -> None:
    verb, kind, value = line.split(" ", 2)
    if verb == "keep":
        kept[kind, value] = None
    else:
        kept.pop((kind, value), None)


def _sweep(kept: dict[tuple[str, str], None]) -> None:
    end_groups([Path(value) for kind, value in kept if kind == "group"])
    for kind, value in kept:
        if kind == "session":
            end_session(int(value))
    for kind, value in kept:
        if kind == "folder":
            shutil.rmtree(value, ignore_errors=True)


def _process_descriptor(process: int) -> int | None:
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):
        return None


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _watch(int(sys.argv[1]))
