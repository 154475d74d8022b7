"""This execution environment: its one loop, its warm resources, its leftovers, and what it has counted."""

from __future__ import annotations

import atexit
import os
import sys
from threading import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from meantime.executors.children.pool import ChildPool
    from meantime.loop import KeptLoop
    from meantime.resources import Made


class Statistics:
    """What an execution environment has counted since it started."""

    __slots__ = (
        "deadlines_exceeded",
        "invocations",
        "leftover_processes",
        "leftover_tasks",
        "leftover_threads",
        "loop_stalls",
        "loops_made",
        "loops_retired",
    )

    def __init__(self) -> None:
        self.invocations = 0
        self.deadlines_exceeded = 0
        self.leftover_tasks = 0
        self.leftover_threads = 0
        self.leftover_processes = 0
        self.loop_stalls = 0
        self.loops_made = 0
        self.loops_retired = 0

    def __repr__(self) -> str:
        return "Statistics(" + ", ".join(f"{name}={getattr(self, name)}" for name in self.__slots__) + ")"


class Environment:
    """One process that Lambda keeps: cold once, then warm; it runs one invocation at a time.

    Args:
        adopts_loop: Whether a loop that the thread has already becomes the one loop; its clients may be bound to it.
    """

    def __init__(self, *, adopts_loop: bool = True) -> None:
        self.adopts_loop = adopts_loop
        self.busy = Lock()
        self.counted = Statistics()
        self.resources: list[Made] = []  # in the order they were made
        self.kept_loop: KeptLoop | None = None  # `kept_loop_of` makes it when first needed
        self.children: ChildPool | None = None  # likewise, `pool_of`

    def statistics(self) -> Statistics:
        """What has been counted so far; a copy."""
        copy = Statistics()
        for name in Statistics.__slots__:
            setattr(copy, name, getattr(self.counted, name))
        return copy

    def close(self, timeout: float = 2.0) -> None:
        """Close the warm resources, newest first, and the loop, and end the children; the next use makes them anew.

        A resource that fails to close is logged, and the others are closed all the same.

        Args:
            timeout: Seconds that the async resources together may take to close; blocking ones take what they take.

        Raises:
            LoopRunning: Called on the loop itself.
        """
        if self.kept_loop is not None:
            self.kept_loop.retire(timeout, keep_adopted=True, with_blocking=True)
        while self.resources:
            self.resources.pop().close()
        children, self.children = self.children, None
        if children is not None:
            children.close()


_environment = Environment()


def current_environment() -> Environment:
    """The execution environment that this code runs in: one for each process."""
    return _environment


def replace_environment(environment: Environment) -> Environment:
    """Put another in its place, as a test or a forked child needs; gives the one before."""
    global _environment
    before, _environment = _environment, environment
    return before


# The environments of the parent processes. Their clean-up is not ours to run, and it would be if nobody held them.
_parents: list[Environment] = []


def _after_fork() -> None:
    # The parent's loop shares its selector with ours, and its sockets: leave both alone, do not close them.
    _parents.append(replace_environment(Environment()))
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        asyncio.set_event_loop(None)


atexit.register(lambda: current_environment().close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
