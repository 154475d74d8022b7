"""Event loops: waiting is told from a loop that was busy, and what blocked it is named."""

from __future__ import annotations

import _thread
import asyncio
import time
from typing import Any

import pytest
from tests.measure.patience import patient

from meantime import measure
from meantime.measure.boundaries import Description, boundary_async

try:
    import uvloop
except ImportError:  # not on every Python
    LOOPS = [asyncio.new_event_loop]
else:
    LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def compute(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def described(name: str) -> Any:
    return lambda *_: Description(name, "http")


async def answer(seconds: float) -> None:
    """As a server's: a future that something else resolves."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(seconds, future.set_result, None)
    await future


loops = pytest.mark.parametrize("new_loop", LOOPS)


def run(new_loop: Any, coroutine: Any) -> dict[str, Any]:
    with asyncio.Runner(loop_factory=new_loop) as runner, measure.recording() as recorder:
        runner.run(coroutine)
    return recorder.document


@loops
@patient
def test_a_call_waits_while_its_loop_has_nothing_to_do(new_loop: Any) -> None:
    """All of it is waiting, alone."""
    document = run(new_loop, boundary_async(answer, described("fetch"))(0.05))

    call = document["calls"][0]
    assert call["waiting_ms"] >= 40
    assert call["held_up_ms"] < call["waiting_ms"]
    assert document["accounting"]["waiting_alone_ms"] >= 40


@loops
@patient
def test_calls_side_by_side_wait_together(new_loop: Any) -> None:
    """And each one's waiting is overlapped."""
    fetch = boundary_async(answer, described("fetch"))

    async def main() -> None:
        await asyncio.gather(*(fetch(0.05) for _ in range(4)))

    document = run(new_loop, main())

    assert document["accounting"]["waiting_together_ms"] >= 35
    assert document["accounting"]["waiting_alone_ms"] < document["accounting"]["waiting_together_ms"]
    assert all(call["overlapped_ms"] > 30 for call in document["calls"])


@loops
@patient
def test_a_call_whose_loop_is_busy_is_held_up(new_loop: Any) -> None:
    """Its answer was there, and another task computed."""
    fetch = boundary_async(answer, described("fetch"))

    async def busy() -> None:
        await asyncio.sleep(0.01)
        compute(0.1)

    async def main() -> None:
        await asyncio.gather(fetch(0.01), busy())

    document = run(new_loop, main())

    call = next(call for call in document["calls"] if call["name"] == "fetch")
    assert call["waiting_ms"] + call["held_up_ms"] == pytest.approx(call["end_ms"] - call["start_ms"], rel=0.05, abs=5)
    assert document["accounting"]["computing_ms"] >= 90


@loops
@patient
def test_who_computes_on_the_loop_is_named(new_loop: Any) -> None:
    """With the line, and how long it took."""

    async def crunch() -> None:
        await asyncio.sleep(0)
        compute(0.15)

    document = run(new_loop, crunch())

    blocked = [seen for seen in document["observations"] if seen["kind"] == "loop_blocked"]
    seen = max(blocked, key=lambda seen: seen["duration_ms"])  # a busy machine may block it elsewhere, too
    assert "compute" in seen["text"]
    assert "test_loops.py" in seen["line"]
    assert seen["duration_ms"] > 100


@loops
@patient
def test_the_line_that_took_the_time_is_named_not_the_one_where_the_step_ended(new_loop: Any) -> None:
    """Two functions compute in one step, the first for most of it."""

    async def second() -> None:
        compute(0.07)
        await asyncio.sleep(0.001)

    def first() -> None:
        until = time.thread_time() + 0.2
        while time.thread_time() < until:
            sum(range(1_000))

    async def main() -> None:
        await asyncio.sleep(0.001)
        first()
        await second()

    document = run(new_loop, main())

    blocked = [seen for seen in document["observations"] if seen["kind"] == "loop_blocked"]
    assert "first" in max(blocked, key=lambda seen: seen["duration_ms"])["text"]


@loops
@patient
def test_a_short_beginning_of_a_long_step_is_not_what_is_named(new_loop: Any) -> None:
    """Where somebody looked first says little."""

    async def main() -> None:
        await asyncio.sleep(0.001)
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            sum(range(1_000))
        compute(0.2)

    document = run(new_loop, main())

    blocked = [seen for seen in document["observations"] if seen["kind"] == "loop_blocked"]
    assert "compute" in max(blocked, key=lambda seen: seen["duration_ms"])["text"]


@pytest.mark.blocks_the_loop
@loops
@patient
def test_a_blocking_call_on_the_loop_is_named(new_loop: Any) -> None:
    """It is the call that the loop waits for."""

    async def main() -> None:
        await asyncio.sleep(0.001)
        nap()

    document = run(new_loop, main())

    (seen,) = [seen for seen in document["observations"] if seen["kind"] == "loop_blocked"]
    assert seen["text"] == "sleep"
    assert seen["duration_ms"] >= 50


def nap() -> None:
    time.sleep(0.08)


@loops
@patient
def test_many_short_steps_block_nothing(new_loop: Any) -> None:
    """Each lets the others run."""

    async def many() -> None:
        for _ in range(40):
            compute(0.004)
            await asyncio.sleep(0)

    document = run(new_loop, many())

    assert [seen for seen in document["observations"] if seen["kind"] == "loop_blocked"] == []


@loops
@patient
def test_a_call_that_is_still_under_way_at_the_end_is_waiting(new_loop: Any) -> None:
    """A leftover: it ends where the recording does."""
    fetch = boundary_async(answer, described("fetch"))

    async def main() -> asyncio.Task[None]:
        left = asyncio.create_task(fetch(30))
        await asyncio.sleep(0.02)
        return left

    with asyncio.Runner(loop_factory=new_loop) as runner:
        with measure.recording() as recorder:
            runner.run(main())
        call = next(call for call in recorder.calls if call["name"] == "fetch")

    assert call["end_ms"] <= recorder.duration_ms + 0.001
    assert call["waiting_ms"] >= 10


@loops
@patient
def test_streams_of_own_code_are_calls(new_loop: Any) -> None:
    """Connecting, and waiting for an answer; two at once wait together."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(5)
        await asyncio.sleep(0.05)
        writer.write(b"0123456789")
        writer.close()

    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        assert await reader.readexactly(10) == b"0123456789"
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.gather(ask(port), ask(port))

    calls = run(new_loop, main())["calls"]

    asked = [call for call in calls if "in test_streams_of_own_code_are_calls.<locals>.ask" in " ".join(call["stack"])]
    assert [call["name"].partition(" ")[0] for call in asked] == ["connect", "connect", "readexactly", "readexactly"]
    assert all(call["waiting_ms"] >= 35 and call["overlapped_ms"] >= 25 for call in asked[2:])


@loops
def test_a_task_knows_the_line_that_made_it(new_loop: Any) -> None:
    """Its stack goes on where it was made, not in the loop."""
    fetch = boundary_async(answer, described("fetch"))

    async def child() -> None:
        await fetch(0.001)

    async def parent() -> None:
        await asyncio.create_task(child())

    document = run(new_loop, parent())

    functions = [each.rpartition(" in ")[2].rpartition(".")[2] for each in document["calls"][0]["stack"]]
    assert functions[-2:] == ["parent", "child"]
    assert document["calls"][0]["task"].startswith("Task-")


@patient
def test_who_looks_after_loops_is_gone_with_the_recording() -> None:
    """Also where there was no loop to look after."""
    before = _thread._count()

    for _ in range(5):
        with measure.recording():
            pass
    time.sleep(0.2)

    assert _thread._count() <= before
