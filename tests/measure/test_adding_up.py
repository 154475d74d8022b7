"""Whatever is done: no number of a recording is negative, and the parts add up to the whole."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meantime import measure

SLACK_MS = 0.01  # each number is rounded

STEPS = ("compute", "sleep", "socket", "call")
work = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3)), min_size=1, max_size=4)
examples = settings(max_examples=12, deadline=None)


def do(steps: list[tuple[str, int]]) -> None:
    """So many milliseconds of each, blocking."""
    for step, milliseconds in steps:
        if step == "compute":
            until = time.thread_time() + milliseconds / 1000
            while time.thread_time() < until:
                sum(range(200))
        elif step == "socket":
            one, other = socket.socketpair()
            with one, other:
                timer = threading.Timer(milliseconds / 1000, other.send, (b"x",))
                timer.start()
                one.recv(1)
                timer.join()
        else:
            time.sleep(milliseconds / 1000)


async def do_async(steps: list[tuple[str, int]]) -> None:
    for step, milliseconds in steps:
        if step == "compute":
            do([(step, milliseconds)])
        elif step == "call":
            await asyncio.to_thread(do, [("compute", milliseconds), ("sleep", 1)])
        else:
            await asyncio.sleep(milliseconds / 1000)


def check(document: dict[str, Any]) -> None:
    """All numbers of this document."""
    parts = document["accounting"]
    assert sum(parts.values()) == pytest.approx(document["duration_ms"], abs=SLACK_MS)
    for thread in document["threads"]:
        assert thread["computing_ms"] >= 0
        assert thread["held_up_ms"] >= 0
    for call in document["calls"]:
        divided = call["waiting_ms"] + call["computing_ms"] + call["held_up_ms"]
        lasted = call["end_ms"] - call["start_ms"]
        assert divided == pytest.approx(lasted, abs=max(1.0, lasted / 10)) or divided > lasted
        assert call["overlapped_ms"] <= call["waiting_ms"] + SLACK_MS
    for wait in document["waits"]:
        assert -SLACK_MS <= wait["start_ms"] <= wait["end_ms"] <= document["duration_ms"] + SLACK_MS
    assert negative(document) == []


def negative(value: Any, name: str = "") -> list[str]:
    """The names of all numbers below zero."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in negative(each, f"{name}.{key}")]
    if isinstance(value, list):
        return [found for each in value for found in negative(each, name)]
    return [f"{name}: {value}"] if isinstance(value, float) and value < 0 else []


@examples
@given(work)
def test_blocking(steps: list[tuple[str, int]]) -> None:
    """One call after the other."""
    with measure.recording() as recorder:
        do(steps)

    check(recorder.document)


@examples
@given(st.lists(work, min_size=2, max_size=4))
def test_on_threads(works: list[list[tuple[str, int]]]) -> None:
    """Some at once, also such as go on when the recording has ended."""
    with ThreadPoolExecutor(2) as pool:
        with measure.recording() as recorder:
            jobs = [pool.submit(do, steps) for steps in works]
            jobs[0].result()
        for job in jobs:
            job.result()
        check(recorder.document)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_on_a_loop(loop: str) -> None:
    """Tasks side by side, and what they have threads do."""
    factory = asyncio.new_event_loop if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop

    @examples
    @given(st.lists(work, min_size=1, max_size=4))
    def checked(works: list[list[tuple[str, int]]]) -> None:
        async def main() -> None:
            await asyncio.gather(*map(do_async, works))

        with asyncio.Runner(loop_factory=factory) as runner, measure.recording() as recorder:
            runner.run(main())

        check(recorder.document)

    checked()
