"""The kept children: started when first needed, idle ones used again, kept over invocations.

There is no /dev/shm on Lambda, so no semaphores, and without them no pool or queue of multiprocessing: pipes are left.
"""

from __future__ import annotations

import os
import time
from threading import Lock

from meantime.errors import InvocationEnded
from meantime.executors.children.child import Child
from meantime.executors.children.start import FORK, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from meantime.environment import Environment

CLOSED = "the execution environment was closed, and its child processes with it"

_LEAVE_WITHIN = 1.0  # seconds that idle children may take to leave, all of them
_HEARD_WITHIN = 0.05  # seconds until whoever waits for a killed child has heard of it
_SEEN_WITHIN = 0.2  # seconds from a child's own end, which closes its pipe, until the kernel tells its exit code


class ChildStatistics:
    """What a pool of children has counted.

    Attributes:
        started: Children started in all.
        died: Those that ended by themselves, or by the kernel's hand: out of memory.
        killed: Those that were killed because their work had to stop.
        idle: Those that wait for work now.
        busy: Those that have work now.
    """

    __slots__ = ("busy", "died", "idle", "killed", "started")

    def __init__(self) -> None:
        self.started = self.died = self.killed = self.idle = self.busy = 0

    def __repr__(self) -> str:
        return f"ChildStatistics({', '.join(f'{name}={getattr(self, name)}' for name in self.__slots__)})"


class ChildPool:
    """The children of one execution environment."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = False
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._being_started = 0  # how many, and whether the machine gives them is not known yet
        self._lingering: list[Child] = []  # killed, and not gone yet
        self._counted = ChildStatistics()

    def lease(self, start_method: str = FORK, *, fresh: bool = False) -> Child:
        """A child for one piece of work: the one that was given back last, or a new one. Give it back, or discard it.

        Args:
            start_method: How it is, or was, started.
            fresh: Whether only a new one will do.

        Raises:
            InvocationEnded: The pool was closed.
            OSError: The machine gives no more processes, file descriptors or memory.
        """
        while not fresh and (idle := self._take_idle(start_method)) is not None:
            if idle.is_alive():
                return idle
            self.discard(idle)
        child: Child | None = None
        with self._lock:
            self._being_started += 1
        try:
            child = None if self._closed else _start(start_method)
        finally:
            with self._lock:
                self._being_started -= 1
                lingering, self._lingering = self._lingering, []
                if child is not None:
                    self._counted.started += 1
                    self._busy.add(child)
        self._end(lingering, 0.0)
        if child is None or self._closed:
            if child is not None:
                self.discard(child)
            raise InvocationEnded(CLOSED)
        return child

    def give_back(self, child: Child) -> None:
        """Keep this child for the next work; it must have none."""
        with self._lock:
            kept = not self._closed
            if kept:
                self._busy.remove(child)
                self._idle.append(child)
                child.fresh = False
        if not kept:
            self.discard(child)

    def discard(self, child: Child) -> None:
        """End this child, and let it leave if it has no work; afterwards it knows its exit code."""
        was_alive = child.is_alive()
        child.close()
        self._end([child], _SEEN_WITHIN)
        with self._lock:
            if child in self._busy:
                self._busy.remove(child)
                if child.killed:
                    self._counted.killed += 1
                elif not was_alive:
                    self._counted.died += 1

    def has_any(self, start_method: str) -> bool:
        """Whether there is a child of this start method to wait for, or may be in a moment."""
        with self._lock:
            return self._being_started > 0 or any(
                child.start_method == start_method for child in (*self._idle, *self._busy)
            )

    def statistics(self) -> ChildStatistics:
        """What has been counted so far; a copy."""
        copy = ChildStatistics()
        with self._lock:
            for name in ChildStatistics.__slots__:
                setattr(copy, name, getattr(self._counted, name))
            copy.idle, copy.busy = len(self._idle), len(self._busy)
        return copy

    def close(self) -> None:
        """End all, for good: those with work are killed, the others let leave."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = tuple(self._busy)
            lingering, self._lingering = self._lingering, []
        for child in busy:
            child.kill()  # whoever waits for its answer is told so by its pipe, and then discards it
        for child in idle:
            child.close()
        self._end([*idle, *lingering, *busy], _LEAVE_WITHIN)
        until = time.monotonic() + _HEARD_WITHIN
        while self._busy and time.monotonic() < until:
            time.sleep(0.001)
        for child in tuple(self._busy):  # nobody waits at their pipes
            self.discard(child)

    def _take_idle(self, start_method: str) -> Child | None:
        with self._lock:
            for child in reversed(self._idle):  # the newest knows most
                if child.start_method == start_method:
                    self._idle.remove(child)
                    self._busy.add(child)
                    return child
        return None

    def _end(self, children: Iterable[Child], grace: float) -> None:
        until = time.monotonic() + grace  # the kernel's time, whatever clock a test holds
        for child in children:
            if child.end(0.0 if child.killed else max(0.0, until - time.monotonic())):
                _known.discard(child)
            else:
                with self._lock:
                    self._lingering.append(child)


_known: set[Child] = set()  # whose pipes a fork of this process has copies of
_starting = Lock()  # no child may be forked while the far end of another's pipe is open here


def pool_of(environment: Environment) -> ChildPool:
    """The children of this environment, made when first needed."""
    with _starting:
        if environment.children is None:
            environment.children = ChildPool()
        return environment.children


def _start(method: str) -> Child:
    with _starting:
        child = Child(*start(method), method)
        _known.add(child)
    return child


def _let_go() -> None:
    """In a forked process: the children are its parent's, whose end they see once nobody else has their pipes."""
    global _starting  # noqa: PLW0603  # it may have been held at the moment of the fork
    _starting = Lock()
    for child in _known:
        child.close()
    _known.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
