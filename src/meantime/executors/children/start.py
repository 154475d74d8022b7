"""How a child process begins: forked from this one (the default), or as a new Python.

Forked, in 6 ms, it has all that is loaded and shares its memory; a new Python takes 300 ms and the imports again. What
makes forking unsafe is what other threads were doing at that moment, and what both processes then hold. So a forked
child runs its own loop and the calls, on the one thread it has, and its copies of the parent's connections are dead.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import stat
import sys
import warnings
from _signal import getsignal  # type: ignore[import-not-found]  # signal.getsignal's enum costs 20 times as much
from contextlib import suppress
from contextvars import Context

from meantime.executors.children.lifeline import hold_on, new_reading_end
from meantime.executors.children.main import serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FORK, SPAWN = "fork", "spawn"
START_METHODS = (FORK, SPAWN)

# Above the 0 of the runtime client: where memory is short, the kernel ends a child, not the execution environment.
# https://docs.kernel.org/filesystems/proc.html, oom_score_adj
_OOM_SCORE = b"500"
_FAILED = 70  # EX_SOFTWARE of sysexits.h: the child itself is broken, no call of it

_silencer: object = None


def start(method: str) -> tuple[int, socket.socket]:
    """Start a child process; gives its number and our end of the pipe to it.

    Raises:
        OSError: The machine gives no more processes, file descriptors or memory.
    """
    ours, theirs = socket.socketpair()
    lifeline = new_reading_end()
    try:
        return (_spawn(theirs, lifeline) if method == SPAWN else _fork(ours, theirs, lifeline)), ours
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        if lifeline is not None:
            os.close(lifeline)


def main(lifeline: int | None) -> None:
    """The whole program of a child that is a new Python: its pipe is what it has for standard input."""
    _live(socket.socket(fileno=os.dup(0)), lifeline)


def _spawn(theirs: socket.socket, lifeline: int | None) -> int:
    program = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main({lifeline})"
    options = [f"-W{option}" for option in sys.warnoptions]
    actions: list[tuple[int, int, int]] = [(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)]
    if lifeline is not None:
        os.set_inheritable(lifeline, True)  # it is ours for a moment, and tells its other heirs nothing
    return os.posix_spawn(
        sys.executable,
        [sys.executable, *options, "-c", program],
        os.environ,
        file_actions=actions,
        setpgroup=0,
        setsigmask=(),
    )


def _fork(ours: socket.socket, theirs: socket.socket, lifeline: int | None) -> int:
    _silence_warning()
    _flush()  # what is buffered would be written by both
    # A handler of the parent's must not run in the child, where it could raise into the frames of the parent's code.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        number = os.fork()
        if number == 0:
            try:
                ours.close()
                _live(theirs, lifeline, _part_from_parent)
            finally:
                os._exit(_FAILED)  # never a step back into the parent's code
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    with suppress(OSError):  # both set it, since nobody knows who is first
        os.setpgid(number, 0)
    return number


def _silence_warning() -> None:
    """Python 3.12 and later warns that a fork among threads may deadlock the child; see the top of this file."""
    global _silencer  # noqa: PLW0603  # a process has one list of filters
    if not warnings.filters or warnings.filters[0] is not _silencer:
        warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning, rf"{__name__}\Z")
        _silencer = warnings.filters[0]


def _live(pipe: socket.socket, lifeline: int | None, prepare: Callable[[int], None] | None = None) -> None:
    """The child's life, to its end: no clean-up that the parent has registered runs in it."""
    code = _FAILED
    try:
        if prepare is not None:
            prepare(pipe.fileno())
        if lifeline is not None:
            hold_on(lifeline)
        with suppress(OSError), open("/dev/null", "rb", buffering=0) as nothing:  # noqa: PTH123  # pathlib need not be loaded
            os.dup2(nothing.fileno(), 0)
        with suppress(OSError), open("/proc/self/oom_score_adj", "wb", buffering=0) as score:  # noqa: PTH123  # likewise
            score.write(_OOM_SCORE)
        Context().run(serve, pipe)  # the parent's context variables are those of one invocation, and the child is kept
        code = 0
    except BaseException:  # noqa: BLE001  # the parent sees the pipe close; the log must say why
        from traceback import print_exc  # noqa: PLC0415  # the good path must not pay for it

        print_exc()
    finally:
        _flush()
        os._exit(code)


def _part_from_parent(pipe: int) -> None:
    """Undo what a forked child should not have of its parent's."""
    with suppress(OSError):
        os.setpgid(0, 0)  # what a call starts in turn ends with the child, and what is meant for all does not reach it
    for number in range(1, signal.NSIG):
        if callable(getsignal(number)):
            # To ignore it drops those that have come meanwhile, which were for the parent.
            signal.signal(number, signal.SIG_IGN)
            signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _cut_connections(pipe)
    gc.freeze()  # the parent's garbage is not ours to finalize, and looking at it would copy its memory


def _cut_connections(pipe: int) -> None:
    """Put dead ones in the place of the parent's connections and of what its event loops watch.

    Two processes must not write into one connection: not a client's that a call uses, and not a farewell of a
    finalizer's (a TLS close, a database's terminate). A dead one looks as if the peer had closed it, so that clients
    with a pool connect anew.
    """
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        for number in _open_descriptors():
            if number in (pipe, ours.fileno()):
                continue
            if _is_connection(number):
                os.dup2(ours.fileno(), number, inheritable=False)
            elif _is_epoll(number):
                with select.epoll() as watching_nothing:
                    os.dup2(watching_nothing.fileno(), number, inheritable=False)


def _open_descriptors() -> list[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with suppress(OSError):
            return [int(name) for name in os.listdir(folder)]  # noqa: PTH208  # pathlib need not be loaded
    return []


def _is_connection(number: int) -> bool:
    """Whether this is a TCP socket; pipes, files and the sockets of this machine (the log may go over one) stay."""
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        found = socket.socket(fileno=number)
    except OSError:
        return False
    try:
        return found.family in (socket.AF_INET, socket.AF_INET6) and found.type == socket.SOCK_STREAM
    finally:
        found.detach()


def _is_epoll(number: int) -> bool:
    with suppress(OSError):
        return os.readlink(f"/proc/self/fd/{number}") == "anon_inode:[eventpoll]"  # noqa: PTH115  # pathlib need not be loaded
    return False


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # no stream, or a closed one
            stream.flush()
