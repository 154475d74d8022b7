"""A recording tells what a block waited for and what it computed, and its parts add up."""

from __future__ import annotations

import asyncio
import json
import pickle
import queue
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from tests.measure.patience import patient

from meantime import measure
from meantime.tools.report.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path


def compute(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@patient
def test_the_parts_add_up_to_the_duration() -> None:
    """Waiting, computing and the rest are all of it."""
    with measure.recording() as recorder:
        time.sleep(0.03)
        compute(0.02)

    assert sum(recorder.accounting.values()) == pytest.approx(recorder.duration_ms, abs=0.01)
    assert recorder.accounting["waiting_alone_ms"] >= 20
    assert recorder.accounting["computing_ms"] >= 15


@patient
def test_a_sleep_is_a_call() -> None:
    """With its waiting told from the rest."""
    with measure.recording() as recorder:
        time.sleep(0.03)

    (call,) = recorder.calls
    assert (call["name"], call["kind"]) == ("sleep", "sleep")
    assert call["waiting_ms"] >= 20
    assert call["overlapped_ms"] == 0.0


def test_the_document_is_what_the_tools_read(tmp_path: Path) -> None:
    """Written and read again it is the same."""
    with measure.recording(handler="app.handler", memory_mb=512) as recorder:
        time.sleep(0.001)

    recorder.write(tmp_path / "recording.json")
    read = Recording.read(tmp_path / "recording.json")

    assert (read.handler, read.memory_mb, len(read.calls)) == ("app.handler", 512, 1)
    assert json.loads(json.dumps(recorder.document)) == recorder.document


def test_one_recording_at_a_time() -> None:
    """The second says so, and the first goes on."""
    with measure.recording() as recorder:
        with pytest.raises(RuntimeError, match="another recording"), measure.recording():
            pytest.fail("two at once")
        time.sleep(0.001)

    assert len(recorder.calls) == 1


def test_everything_is_taken_back() -> None:
    """Patched classes and modules are as they were."""
    before = (time.sleep, socket.getaddrinfo, dict(vars(socket.socket)))

    with measure.recording():
        assert time.sleep is not before[0]

    assert (time.sleep, socket.getaddrinfo, dict(vars(socket.socket))) == before


def test_functions_can_be_pickled_while_they_are_recorded() -> None:
    """And are the originals afterwards."""
    with measure.recording():
        pickled = pickle.dumps([asyncio.sleep, socket.getaddrinfo])

    assert pickle.loads(pickled) == [asyncio.sleep, socket.getaddrinfo]  # noqa: S301  # its own


def test_a_recording_that_is_under_way_has_no_document() -> None:
    """It says when there is one."""
    with measure.recording() as recorder, pytest.raises(RuntimeError, match="when the block"):
        recorder.document  # noqa: B018  # reading it is the point


def test_what_there_is_no_room_for_is_counted() -> None:
    """Calls beyond the most are in the sums."""
    with measure.recording(max_calls=2) as recorder:
        for _ in range(5):
            time.sleep(0.001)

    assert len(recorder.calls) == 2
    assert recorder.document["dropped_calls"] == 3
    assert recorder.accounting["waiting_alone_ms"] >= 5


def test_what_goes_on_from_a_recording_before_is_in_none_of_its_calls() -> None:
    """A thread that an earlier invocation has started belongs to that: the numbers of its calls mean nothing here."""
    turns: queue.Queue[None] = queue.Queue()
    empty: queue.Queue[None] = queue.Queue()
    enough = threading.Event()

    def poll() -> None:
        while not enough.is_set():
            with suppress(queue.Empty):
                empty.get(timeout=0.001)
            turns.put(None)

    with measure.recording():
        for _ in range(20):
            time.sleep(0)
        thread = threading.Thread(target=poll)
        thread.start()
        turns.get()
    with measure.recording() as recorder:
        for _ in range(10):
            turns.get()
    enough.set()
    thread.join()

    assert all(call["parent"] is None for call in recorder.calls)
    assert all(wait["call"] is None or wait["call"] < len(recorder.calls) for wait in recorder.document["waits"])


def test_a_job_of_a_recording_before_is_no_call_of_the_next() -> None:
    """It was handed over by another invocation."""
    begin = threading.Event()
    pool = ThreadPoolExecutor(1)

    with measure.recording():
        pool.submit(begin.wait)
        job = pool.submit(time.sleep, 0)
    with measure.recording() as recorder:
        begin.set()
        job.result()
    pool.shutdown()

    assert [call["name"] for call in recorder.calls if call["kind"] == "item"] == []
