"""How a child ends with its parent, even in the middle of a call that nothing else would interrupt.

Between calls it sees its pipe close. During one the kernel ends it: the parent holds the one writing end of a pipe that
nothing is ever written to, and a child has asked for a signal when that end is closed, whose default is to end it.
(Linux's own signal for this, PR_SET_PDEATHSIG, comes when the thread ends that has forked.)
"""

from __future__ import annotations

import os
import select
from contextlib import suppress

_writing_end = -1


def new_reading_end() -> int | None:
    """In the parent: a file descriptor for one child; None where the system does not give one of its own.

    Each needs an open file of its own, since the one to be signalled is noted there: so it is opened, not duplicated.
    """
    global _writing_end
    try:
        if _writing_end < 0:
            reading_end, _writing_end = os.pipe()
            os.close(reading_end)
        return os.open(f"/proc/self/fd/{_writing_end}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None


def hold_on(reading_end: int) -> None:
    """In the child: end when the parent does."""
    import fcntl  # noqa: PLC0415  # not on Windows, where `processes` says so itself

    with suppress(OSError):
        fcntl.fcntl(reading_end, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(reading_end, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
        waiting = select.poll()
        waiting.register(reading_end, 0)  # of a closed writing end it tells unasked
        if waiting.poll(0):
            os._exit(0)


def _let_go() -> None:
    """In a forked process: the writing end is its parent's."""
    global _writing_end  # noqa: PLW0603  # as above
    if _writing_end >= 0:
        with suppress(OSError):
            os.close(_writing_end)
        _writing_end = -1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
