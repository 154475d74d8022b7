"""The end of the process: applications shut down while threads can still be started, and Lambda's SIGTERM is heard."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from weakref import WeakSet

from meantime.environment import current_environment
from meantime.resources.made import Thing
from meantime.resources.patience import ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

    from meantime.errors import LifespanFailed
    from meantime.resources.made import Resource

# What all that is to be closed then may take: after a SIGTERM Lambda waits for two seconds at most.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
LIMIT = 1.5

_resources: WeakSet[Resource] = WeakSet()
_process: int | None = None  # whose end this is about


def end_with_the_process(resource: Resource) -> None:
    """Close this resource before the process ends, while threads can still be started: `atexit` comes too late."""
    global _process  # noqa: PLW0603  # a process ends once
    _resources.add(resource)
    if _process == os.getpid():
        return
    _process = os.getpid()
    # What is registered last is called first, and the threads of this are still to take work then.
    import concurrent.futures.thread  # noqa: F401, PLC0415  # who has no lifespan need not pay for it

    threading._register_atexit(_close)  # type: ignore[attr-defined]  # noqa: SLF001  # as concurrent.futures has it
    if (
        _hears_signals()
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, _on_sigterm)


def end_for_good(error: LifespanFailed) -> NoReturn:
    """End the process, for Lambda to make a new environment: here every request could only fail as this one does.

    Args:
        error: Why the application could not start again.
    """
    from logging import getLogger  # noqa: PLC0415  # the good path must not pay for it

    getLogger("meantime").critical(
        "%s. The process ends, since the application has been started before, and some can be only once in a process: "
        "the next request gets a new environment",
        str(error).partition("\n")[0],
        exc_info=error.__cause__ or error,
    )
    raise SystemExit(1) from error


def _hears_signals() -> bool:
    """Whether Python hears a signal while the runtime client waits for an event.

    From Lambda's Python 3.12 on it waits in a thread; before, in C, where a handler would do nothing but keep the
    signal from ending the process.
    https://github.com/aws/aws-lambda-python-runtime-interface-client/blob/main/awslambdaric/lambda_config.py
    """
    before, _, minor = os.environ.get("AWS_EXECUTION_ENV", "").partition("AWS_Lambda_python3.")
    is_told = not before and minor.isdigit()
    return "AWS_LAMBDA_RUNTIME_API" in os.environ and is_told and int(minor) >= 12  # noqa: PLR2004  # Python 3.12


def _close() -> None:
    if _process != os.getpid():  # the loop is the parent's
        return
    for made in reversed(current_environment().resources[:]):
        loop = made.loop
        if not isinstance(made, Thing) or made.resource not in _resources:
            continue
        if loop is not None and not loop.is_running() and not loop.is_closed():
            made.close()
            loop.run_until_complete(ended([made.task], LIMIT))


def _on_sigterm(_number: int, _frame: FrameType | None) -> None:
    """Shut down, then end as the signal would have ended the process."""
    try:
        _close()
        current_environment().close()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(RuntimeError, ValueError, OSError):  # it was being written to, or is closed
                stream.flush()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
