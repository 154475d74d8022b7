"""A recording tells what a block waited for and what it computed, and its parts add up."""

from __future__ import annotations

import _thread
import asyncio
import gc
import json
import os
import pickle
import queue
import socket
import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from tests.measure.patience import patient

from meantime import measure
from meantime.measure import recorder as recorder_module
from meantime.measure.patching import Patches
from meantime.measure.session import Active, Session
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


@patient
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


def test_a_recorder_records_one_block() -> None:
    """It says so, instead of telling of the one before; leaving twice does nothing."""
    with measure.recording() as recorder:
        time.sleep(0)
    recorder.__exit__(None, None, None)

    with pytest.raises(RuntimeError, match="one block"), recorder:
        pytest.fail("again")

    with measure.recording():
        pass


@pytest.mark.parametrize("name", ["_install", "Session.end", "Patches.undo"])
def test_an_interrupt_while_it_begins_or_ends_leaves_nothing_behind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the deadline's alarm, it comes in the midst of that."""
    before = time.sleep
    owner, _, attribute = f"recorder.{name}".rpartition(".")
    whole: Any = {"recorder": recorder_module, "recorder.Session": Session, "recorder.Patches": Patches}[owner]
    original = getattr(whole, attribute)
    interrupts = [KeyboardInterrupt()]

    def interrupted(*args: Any) -> None:
        if attribute == "_install":
            original(*args)
        if interrupts:
            raise interrupts.pop()
        original(*args)

    monkeypatch.setattr(whole, attribute, interrupted)
    with pytest.raises(KeyboardInterrupt), measure.recording():
        pass
    monkeypatch.undo()

    assert time.sleep is before
    with measure.recording() as recorder:
        time.sleep(0)
    assert len(recorder.calls) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # of the process that runs the tests
def test_a_forked_child_may_record_itself() -> None:
    """And what it does is not the parent's."""
    with measure.recording() as recorder:
        child = os.fork()
        if child == 0:
            try:
                with measure.recording() as own:
                    time.sleep(0)
                os._exit(0 if [call["name"] for call in own.calls] == ["sleep"] else 1)
            finally:
                os._exit(2)
        status = os.waitpid(child, 0)[1]

    assert os.waitstatus_to_exitcode(status) == 0
    assert recorder.calls == []


def test_nothing_of_it_stays_when_its_document_has_been_read() -> None:
    """Not the calls, and not the event loop, although threads and contexts go on."""
    kept: list[weakref.ref[Any]] = []

    async def main() -> None:
        kept.append(weakref.ref(asyncio.get_running_loop()))
        await asyncio.sleep(0.001)

    with measure.recording() as recorder:
        asyncio.run(main())
        assert Active.session is not None
        calls = Active.session.calls
    assert recorder.number_of_calls == 1
    assert len(recorder.calls) == 1
    gc.collect()

    assert (calls, kept[0]()) == ([], None)
    assert recorder.number_of_calls == 1


def test_a_task_is_created_by_keyword() -> None:
    """As without a recording."""

    async def answer() -> int:
        return 5

    async def main() -> int:
        return await asyncio.get_running_loop().create_task(coro=answer())

    with measure.recording():
        assert asyncio.run(main()) == 5


def test_a_cancelled_task_lets_go_of_its_locals() -> None:
    """At once, not when Python next looks for cycles."""

    class Large:
        pass

    kept: list[weakref.ref[Large]] = []

    async def job() -> None:
        large = Large()
        kept.append(weakref.ref(large))
        begun.set()
        await asyncio.sleep(10)

    begun = asyncio.Event()

    async def main() -> bool:
        task = asyncio.create_task(job())
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        del task
        await asyncio.sleep(0)
        return kept[0]() is None

    gc.disable()
    try:
        with measure.recording():
            assert asyncio.run(main())
    finally:
        gc.enable()


def test_a_thread_that_threading_does_not_know_stays_unknown() -> None:
    """To ask for its thread object would make one, which stays in the list of all threads for good."""
    done = threading.Event()
    before = threading.enumerate()

    def sleep() -> None:
        time.sleep(0)
        done.set()

    with measure.recording():
        _thread.start_new_thread(sleep, ())
        done.wait()

    assert threading.enumerate() == before


CLOSING_ALL = """
import os
from meantime import measure

with measure.recording():
    pass
lowest = os.open(os.devnull, os.O_RDONLY)
os.close(lowest)

with measure.recording():
    os.closerange(lowest, lowest + 20)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]

for descriptor in opened:
    os.close(descriptor)  # it raises for one that is closed
"""


def test_a_file_of_the_functions_own_is_not_closed() -> None:
    """Who closes all descriptors, as a daemon does, gets the same numbers again: in a process of its own here."""
    done = subprocess.run([sys.executable, "-c", CLOSING_ALL], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_pool_takes_any_callable() -> None:
    """Even one that has no name, and raises when it is asked for it."""

    class Nameless:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        def __call__(self) -> int:
            return 5

    with measure.recording(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(Nameless()).result() == 5


def test_a_job_that_submits_the_next_has_a_stack_of_bounded_depth() -> None:
    """However long the chain is."""

    def job(left: int) -> None:
        if left:
            pool.submit(job, left - 1)
        else:
            done.set()

    done = threading.Event()
    with measure.recording() as recorder, ThreadPoolExecutor(1) as pool:
        pool.submit(job, 100)
        done.wait()

    assert max(len(call["stack"]) for call in recorder.calls) == 40


def test_a_stack_begins_at_the_handler_that_is_named() -> None:
    module = __name__.rpartition(".")[2]

    def called_by_a_test() -> None:
        lambda_handler()

    with measure.recording(handler=f"{module}.lambda_handler") as recorder:
        called_by_a_test()
    with measure.recording() as unnamed:
        called_by_a_test()

    (call,) = recorder.calls
    assert [frame.partition(" in ")[2] for frame in call["stack"]] == ["lambda_handler", "_nap"]
    assert len(unnamed.calls[0]["stack"]) > 2


def lambda_handler() -> None:
    _nap()


def _nap() -> None:
    time.sleep(0.001)
