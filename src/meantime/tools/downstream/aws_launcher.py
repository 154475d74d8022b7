"""Runs the AWS server and ends with its parent: a script for the server's own interpreter.

Usage: aws_launcher.py STATE_FOLDER SOCKET_NUMBER. Standard input is a pipe that the parent holds open.
"""

from __future__ import annotations

import importlib
import os
import select
import shutil
import signal
import sys
import threading

_CHECK_EVERY = 0.5
_KEEP_ALIVE = 75.0
_BACKLOG = 1024


def main() -> None:
    """Serve ministack under hypercorn on the socket that was handed over, in this one process."""
    state_folder, socket_number = sys.argv[1:]
    threading.Thread(target=_end_with_parent, args=(os.getppid(), state_folder), daemon=True).start()
    # By name, since neither is installed where this file is type-checked. ministack first, so that its lack is
    # said here: it brings hypercorn, which would only say that there is no such application.
    importlib.import_module("ministack")
    config = importlib.import_module("hypercorn.config").Config()
    config.application_path = "ministack.app:app"
    config.bind = [f"fd://{socket_number}"]
    config.backlog = _BACKLOG
    config.workers = 0
    config.loglevel = "WARNING"
    config.keep_alive_timeout = _KEEP_ALIVE
    # AWS does not close a connection for having been used a thousand times.
    config.keep_alive_max_requests = sys.maxsize
    sys.exit(importlib.import_module("hypercorn.run").run(config))


def _end_with_parent(parent: int, state_folder: str) -> None:
    """End this process, and all it started, when the pipe closes or the parent changes.

    The kernel's own signal for this (PR_SET_PDEATHSIG) is no use: it also comes when only the *thread* ends
    that started us. The pipe tells at once; the parent's number tells when a fork of it still holds the pipe.
    """
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], _CHECK_EVERY)
        if readable and not os.read(0, 1):
            break
    shutil.rmtree(state_folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
