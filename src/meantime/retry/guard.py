"""The one lock that guards what policies count: held for a few additions, never while anything is called or waited for.

It may be taken again by who holds it, since a signal handler or a finalizer may run anywhere; a forked child gets a new
one, since a thread that held it does not exist there. Use it as `with guard.lock:`.
"""

from __future__ import annotations

import os
from threading import RLock

lock = RLock()


def _renew() -> None:
    global lock  # noqa: PLW0603  # a process has one
    lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
