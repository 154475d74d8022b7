"""Where every thread stands, asked in a way that cannot hang the process."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

if sys.version_info >= (3, 12):
    current_frames = sys._current_frames  # noqa: SLF001  # documented; the underscore says: for special uses
else:
    import gc
    from threading import Lock

    _one_at_a_time = Lock()

    def current_frames() -> dict[int, FrameType]:
        """The innermost frame of every thread.

        Until 3.11.8 a garbage collection within it waits for ever, and the whole process with it, if a thread begins or
        ends meanwhile: https://github.com/python/cpython/issues/106883
        """
        with _one_at_a_time:
            collects = gc.isenabled()
            gc.disable()
            try:
                return sys._current_frames()  # noqa: SLF001  # as above
            finally:
                if collects:
                    gc.enable()

    def _after_fork() -> None:
        global _one_at_a_time  # noqa: PLW0603  # another thread of the parent was within it, which this child has not
        if _one_at_a_time.locked():
            _one_at_a_time = Lock()
            gc.enable()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)
