"""What fails in the recording never reaches what is recorded, which is called once and answers as it would."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from meantime import measure
from meantime.measure import boundaries, files, loops, sockets, starting, stepping, waiting
from meantime.measure.containing import contained
from meantime.measure.session import Call, Session
from meantime.measure.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path

# Every part of the clock that a wrapper uses, each of which fails in its turn.
PARTS: list[tuple[Any, str]] = [
    *((Timeline, name) for name in ("mark", "now", "waited_since", "polled_events", "ready_at", "cpu", "was_busy")),
    *((Call, name) for name in ("add_bytes", "used_connection", "add_computing")),
    (Session, "admit"),
    *((boundaries, name) for name in ("is_of", "own_place", "timeline_of", "task_name", "Call", "running_loop")),
    *((waiting, name) for name in ("is_of", "own_place", "timeline_of", "stands_alone")),
    *((sockets, name) for name in ("stands_alone", "own_place", "earliest_arrival", "timeline_of", "Description")),
    *((loops, name) for name in ("watch", "timeline_of", "running_loop")),
    *((starting, name) for name in ("watch", "timeline_of", "own_place", "is_of", "carried", "Description")),
    *((files, name) for name in ("is_of", "own_place", "Description")),
    (stepping, "running_loop"),
]


def _fail(*_args: Any, **_keywords: Any) -> Any:
    raise ZeroDivisionError("a part of the clock")


class _Echo:
    """A server that counts what it was sent."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.seen: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                data = connection.recv(64)
                self.seen.append(data)
                time.sleep(0.001)
                connection.sendall(data)


async def _async_work(address: Any) -> list[Any]:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"async")
    answer = await reader.read(64)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.001)
    doubled = await asyncio.gather(*(asyncio.to_thread(_double, number) for number in range(2)))
    with pytest.raises(LookupError, match="mine"):
        await asyncio.create_task(_raise())
    return [answer, *doubled]


async def _raise() -> None:
    await asyncio.sleep(0)
    raise LookupError("mine")


def _double(number: int) -> int:
    time.sleep(0.001)
    return 2 * number


def _work(address: Any, path: Path, done: list[str]) -> list[Any]:
    """One of everything that is wrapped."""
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(b"blocking")
        answer = connection.recv(64)
    with pytest.raises(ConnectionRefusedError), socket.socket() as closed:
        closed.connect(("127.0.0.1", 1))
    thread = threading.Thread(target=lambda: done.append("thread"))
    thread.start()
    thread.join()
    with ThreadPoolExecutor(2) as pool:
        doubled = list(pool.map(_double, range(2)))
        with pytest.raises(TypeError):
            pool.submit(_double, None).result()  # type: ignore[arg-type]  # it fails
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123  # open itself
        file.write("x")
    ended = subprocess.run([sys.executable, "-c", "pass"], check=False).returncode
    return [answer, *doubled, path.read_text(), ended, *asyncio.run(_async_work(address))]


@pytest.mark.parametrize(("owner", "name"), PARTS, ids=lambda part: getattr(part, "__name__", part))
def test_a_part_of_the_clock_that_fails_is_nobodys_business(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, owner: Any, name: str
) -> None:
    """All results are there, all exceptions are the function's own, and nothing was done twice."""
    server = _Echo()
    done: list[str] = []

    with server.listener, measure.recording() as recorder, monkeypatch.context() as patched:
        patched.setattr(owner, name, _fail)
        answers = _work(server.address, tmp_path / "file", done)

    assert answers == [b"blocking", 0, 2, "x", 0, b"async", 0, 2]
    assert sorted(server.seen) == [b"async", b"blocking"]
    assert done == ["thread"]
    assert recorder.document["duration_ms"] > 0


@pytest.mark.parametrize(("owner", "name"), [(Timeline, "mark"), (Session, "admit"), (sockets, "stands_alone")])
def test_that_it_failed_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, owner: Any, name: str) -> None:
    """By an observation, which says what is missing."""
    server = _Echo()

    with server.listener, measure.recording() as recorder, monkeypatch.context() as patched:
        patched.setattr(owner, name, _fail)
        _work(server.address, tmp_path / "file", [])

    texts = [seen["text"] for seen in recorder.document["observations"] if seen["kind"] == "not_recorded"]
    failed = [text for text in texts if "ZeroDivisionError at test_containing.py:" in text]
    assert failed
    assert len(failed) == len(set(failed))


@contained
def _step(value: str) -> None:
    raise ValueError(f"{value} is no number")


def test_the_words_of_an_error_are_not_told() -> None:
    """They may hold what the function works with; its line says as much."""
    with measure.recording() as recorder:
        _step("secret")

    (seen,) = (each for each in recorder.document["observations"] if each["kind"] == "not_recorded")
    line = _step.__wrapped__.__code__.co_firstlineno + 2  # type: ignore[attr-defined]  # of functools.wraps
    assert seen["text"] == f"test_containing._step: recording it failed: ValueError at test_containing.py:{line}"
