"""Where threads stand is asked without hanging, whatever the garbage collector does meanwhile."""

from __future__ import annotations

import gc
import os
import threading
from typing import TYPE_CHECKING

import pytest

from meantime.frames import current_frames

if TYPE_CHECKING:
    from types import FrameType


def test_it_is_known_of_every_thread():
    here, release = threading.Event(), threading.Event()

    def stand() -> None:
        here.set()
        release.wait(30)

    thread = threading.Thread(target=stand)
    thread.start()
    assert here.wait(30)
    frame: FrameType | None = current_frames()[thread.ident or 0]
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    release.set()
    thread.join(30)

    assert "stand" in names


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_is_afterwards_as_it_was(collects):
    if not collects:
        gc.disable()
    try:
        current_frames()
        assert gc.isenabled() is collects
    finally:
        gc.enable()


def test_it_does_not_hang_while_threads_come_and_go_and_rubbish_is_collected(run_python):
    """Python's own function does, before 3.11.9."""
    run_python("""
        import faulthandler, gc, threading, time
        from meantime.frames import current_frames

        class Rubbish:
            def __init__(self):
                self.me = self

            def __del__(self):
                time.sleep(0)  # another thread goes on

        def come_and_go():
            while not over:
                thread = threading.Thread(target=bool)
                thread.start()
                thread.join()

        faulthandler.dump_traceback_later(60, exit=True)
        over = False
        threads = [threading.Thread(target=come_and_go) for _ in range(4)]
        for thread in threads:
            thread.start()
        gc.set_threshold(3)
        for _ in range(300):
            for _ in range(5):
                Rubbish()
            current_frames()
        over = True
        for thread in threads:
            thread.join()
    """)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_can_ask_too():
    over = False

    def ask() -> None:
        while not over:
            current_frames()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                current_frames()
                os._exit(0 if gc.isenabled() else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        over = True
        thread.join(30)
