"""Locks, threads, files and processes: each wait has its kind, and what is started knows who started it."""

from __future__ import annotations

import asyncio
import contextvars
import json
import queue
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.measure.patience import patient

from meantime import measure

if TYPE_CHECKING:
    from pathlib import Path


LATER = 0.05  # so long that a busy machine, which begins to wait late, waits all the same


def later(function: Any) -> threading.Thread:
    """Call this in a moment, from another thread."""

    def run() -> None:
        time.sleep(LATER)
        function()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waits_of(recorder: measure.Recorder, kind: str) -> list[dict[str, Any]]:
    """Those of the thread that runs the handler."""
    return [wait for wait in recorder.document["waits"] if wait["kind"] == kind and wait["thread"] == 0]


def wait_for_event() -> None:
    event = threading.Event()
    later(event.set)
    event.wait()


def wait_for_queue() -> None:
    items: queue.Queue[int] = queue.Queue()
    later(lambda: items.put(1))
    items.get()


def wait_for_semaphore() -> None:
    semaphore = threading.Semaphore(0)
    later(semaphore.release)
    semaphore.acquire()


def wait_for_thread() -> None:
    later(lambda: None).join()


def wait_for_future() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, LATER).result()


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (wait_for_event, "Event.wait"),
        (wait_for_queue, "Queue.get"),
        (wait_for_semaphore, "Semaphore.acquire"),
    ],
)
@patient
def test_waiting_for_another_thread_is_a_lock(function: Any, name: str) -> None:
    """Named by what the code calls, with its line; the other thread's wait is the one that counts."""
    with measure.recording() as recorder:
        function()

    wait = max(
        (wait for wait in waits_of(recorder, "lock") if wait["call"] is not None),
        key=lambda wait: wait["end_ms"] - wait["start_ms"],
    )
    assert wait["end_ms"] - wait["start_ms"] >= 10
    call = recorder.calls[wait["call"]]
    assert (call["name"], call["kind"]) == (name, "lock")
    assert "test_waiting.py" in call["line"]
    assert recorder.accounting["waiting_together_ms"] < recorder.accounting["waiting_alone_ms"]


@pytest.mark.parametrize("function", [wait_for_thread, wait_for_future])
@patient
def test_waiting_for_what_tells_of_itself_is_no_call(function: Any) -> None:
    """It is a wait, for the item that the thread or the pool's job is."""
    with measure.recording() as recorder:
        function()

    wait = max(waits_of(recorder, "lock"), key=lambda wait: wait["end_ms"] - wait["start_ms"])
    assert wait["end_ms"] - wait["start_ms"] >= 10
    assert wait["call"] is None
    assert [call["kind"] for call in recorder.calls] == ["item", "sleep"]


@patient
def test_a_plain_lock_is_blocked_in_a_way_unknown() -> None:
    """It is C code that cannot be wrapped: the thread is seen to wait, not for what."""
    lock = threading.Lock()
    lock.acquire()

    with measure.recording() as recorder:
        thread = later(lock.release)
        lock.acquire()
        thread.join()

    assert recorder.accounting["unexplained_ms"] <= 0.03 * recorder.duration_ms + 1
    assert recorder.accounting["waiting_alone_ms"] >= 1000 * LATER / 2


def test_what_a_thread_does_is_a_part_of_what_started_it() -> None:
    """The thread is a call of its own, at the line that started it."""
    with measure.recording() as recorder:
        later(lambda: None).join()

    calls = {call["name"].rpartition(".")[2]: call for call in recorder.calls}
    assert calls["sleep"]["parent"] == calls["run"]["id"]
    assert calls["run"]["kind"] == "item"
    assert "in later" in " ".join(calls["run"]["stack"])
    assert calls["sleep"]["thread"] != 0


def test_what_asyncio_gives_a_thread_is_a_part_of_its_item() -> None:
    """Though it runs in a context that was copied before."""

    async def main() -> None:
        await asyncio.to_thread(nap)

    def nap() -> None:
        time.sleep(0.01)

    with measure.recording() as recorder:
        asyncio.run(main())

    item, sleep = (call for call in recorder.calls if call["kind"] in {"item", "sleep"})
    assert (item["kind"], sleep["name"], sleep["parent"]) == ("item", "sleep", item["id"])


def test_a_thread_of_a_library_that_runs_in_a_copied_context_is_the_invocations() -> None:
    """As anyio's worker threads, which were there before."""
    jobs: queue.Queue[Any] = queue.Queue()
    done = threading.Event()
    threading.Thread(target=lambda: jobs.get()(), daemon=True).start()

    def nap() -> None:
        time.sleep(0.01)
        done.set()

    with measure.recording() as recorder:
        jobs.put(partial(contextvars.copy_context().run, nap))
        done.wait()

    assert "sleep" in [call["name"] for call in recorder.calls]


def test_a_thread_is_what_it_was() -> None:
    """Nothing is left on it, and its own `run` is called once."""
    ran: list[int] = []

    class Mine(threading.Thread):
        def run(self) -> None:
            ran.append(1)

    with measure.recording():
        thread = Mine()
        thread.start()
        thread.join()

    assert ran == [1]
    assert "run" not in vars(thread)


@patient
def test_asyncio_locks_are_waited_for() -> None:
    """Only where they have to be: a free lock is no call."""

    async def main() -> None:
        lock, items = asyncio.Lock(), asyncio.Queue[int]()
        async with lock:
            asyncio.get_running_loop().call_later(0.03, items.put_nowait, 1)
            await items.get()

    with measure.recording() as recorder:
        asyncio.run(main())

    (call,) = recorder.calls
    assert (call["name"], call["kind"]) == ("Queue.get", "lock")
    assert call["waiting_ms"] >= 20


def test_files_of_own_code_are_calls(tmp_path: Path) -> None:
    """Opened, read and written."""
    path = tmp_path / "settings.json"

    with measure.recording() as recorder:
        path.write_text("{}")
        path.read_text()
        with open(path, encoding="utf-8"):  # noqa: PTH123  # this is what it is about
            pass

    assert [call["name"] for call in recorder.calls] == [
        "write settings.json",
        "read settings.json",
        "open settings.json",
    ]
    assert {call["kind"] for call in recorder.calls} == {"file"}


@patient
def test_another_process_is_waited_for() -> None:
    """As one wait, with the name of its program."""
    with measure.recording() as recorder:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.05)"], check=True, timeout=30)

    waits = waits_of(recorder, "process")
    assert sum(wait["end_ms"] - wait["start_ms"] for wait in waits) >= 35
    assert any(call["kind"] == "process" and "python" in call["name"] for call in recorder.calls)


def test_thousands_of_calls_take_little_room_and_add_up() -> None:
    """What is beyond the most is in the sums."""
    with measure.recording(max_calls=500) as recorder:
        for _ in range(3_000):
            time.sleep(0)

    assert len(recorder.calls) == 500
    assert recorder.document["dropped_calls"] == 2_500
    assert sum(recorder.accounting.values()) == pytest.approx(recorder.duration_ms, abs=0.01)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sleep", "0.01"],
        "TOKEN=secret sleep 0.01; : curl -u user:secret@example",
        "/bin/sleep 0.01; : secret/secret",
    ],
)
def test_a_process_is_told_of_without_its_arguments(arguments: Any) -> None:
    """A command line may hold whatever is nobody's business."""
    with measure.recording() as recorder:
        subprocess.run(arguments, check=False, shell=isinstance(arguments, str))

    assert [call["name"] for call in recorder.calls] == ["communicate sleep"]
    assert "secret" not in json.dumps(recorder.document)
