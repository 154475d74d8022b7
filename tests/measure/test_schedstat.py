"""What the kernel tells of a thread is asked for without giving the interpreter's lock away, if that can be."""

from __future__ import annotations

import os
import time
from ctypes import ArgumentError

import pytest

from meantime.measure import schedstat
from meantime.measure.schedstat import SchedStat
from meantime.measure.timeline import Timeline

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/thread-self/schedstat"), reason="Linux tells")  # noqa: PTH110  # as the code asks


def test_the_interpreters_lock_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own calls give it away, so that each sample of a busy thread would stand in line for it."""
    for name in ("open", "pread", "close"):
        monkeypatch.setattr(os, name, None)
    kernel = SchedStat(has_file=True)

    try:
        assert kernel.is_open
        assert kernel.numbers() is not None
    finally:
        kernel.close()


def test_without_ctypes_python_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some Pythons are built without it."""
    monkeypatch.setattr(schedstat._System, "_made", None)
    monkeypatch.setattr(schedstat, "_Locked", lambda: (_ for _ in ()).throw(ImportError("no ctypes")))

    kernel = SchedStat(has_file=True)

    assert kernel.numbers() is not None
    kernel.close()
    assert kernel.numbers() is None


def test_a_thread_that_goes_on_after_the_recording_keeps_what_was_known() -> None:
    """It was held up for so long, and did not get that back when the file was closed."""
    timeline = Timeline(0, 1_000, has_file=True)
    timeline._off -= 10**9  # as if it had not run all the while
    time.sleep(0.001)
    held, turns = timeline.now()[2:]

    timeline.close()
    time.sleep(0.001)

    assert timeline.now()[2:] == (held, turns)
    assert turns > 0


def test_the_kernel_is_asked_again_only_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that has run all the while was not held up."""
    asked: list[SchedStat] = []
    numbers = SchedStat.numbers

    def counted(kernel: SchedStat) -> tuple[int, int] | None:
        asked.append(kernel)
        return numbers(kernel)

    monkeypatch.setattr(SchedStat, "numbers", counted)
    timeline = Timeline(0, 1_000, has_file=True)
    samples = 1_000

    for _ in range(samples):
        timeline.now()

    assert len(asked) < samples / 2
    before = len(asked)
    time.sleep(0.001)
    timeline.now()
    assert len(asked) == before + 1
    timeline.close()


def test_where_no_stack_is_left_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then ctypes raises an error of its own in place of the RecursionError, which is the function's alone."""
    kernel = SchedStat(has_file=True)
    with monkeypatch.context() as patched:
        patched.setattr(type(kernel._system), "read", lambda *_: (_ for _ in ()).throw(ArgumentError("recursion")))

        assert kernel.numbers() is None

    kernel.close()
