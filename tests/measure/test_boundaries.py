"""A wrapped function notes its calls while a recording is under way, and is what it was otherwise."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import Any

import pytest
from tests.measure.patience import patient

from meantime import measure
from meantime.measure.boundaries import (
    Description,
    boundary,
    boundary_async,
    carried,
    current_call,
    observe,
)


def describe(args: tuple[Any, ...], _keywords: dict[str, Any]) -> Description:
    return Description(f"call {args[0]}", "http", "mine", target="host:1", parameters=("number",), timeout_s=2.0)


def test_a_call_is_noted_with_its_description() -> None:
    """Everything that its description says is in the recording."""
    call = boundary(lambda number: number + 1, describe)

    with measure.recording() as recorder:
        assert call(4) == 5

    (noted,) = recorder.calls
    assert (noted["name"], noted["kind"], noted["library"]) == ("call 4", "http", "mine")
    assert (noted["target"], noted["parameters"], noted["timeout_s"]) == ("host:1", ["number"], 2.0)
    assert noted["line"].endswith(f"test_boundaries.py:{inspect.currentframe().f_lineno - 5}")


def test_calls_within_a_call_are_its_children() -> None:
    """The inner one names the outer one as its parent."""
    inner = boundary(lambda number: number, describe)
    outer = boundary(inner, lambda *_: Description("outer", "item"))

    with measure.recording() as recorder:
        outer(1)

    assert [(call["name"], call["parent"]) for call in recorder.calls] == [("outer", None), ("call 1", 0)]


def test_an_exception_is_the_callers_and_is_named() -> None:
    """It comes through as it is; the call tells its type."""

    def fail(_number: int) -> None:
        raise LookupError("gone")

    with measure.recording() as recorder, pytest.raises(LookupError, match="gone"):
        boundary(fail, describe)(1)

    assert recorder.calls[0]["error"] == "LookupError"


def test_a_description_that_fails_breaks_nothing() -> None:
    """The function is called, and noted by its name."""
    with measure.recording() as recorder:
        assert boundary(len, lambda *_: 1 / 0)([1, 2]) == 2  # type: ignore[arg-type]  # the point

    assert recorder.calls[0]["name"] == "len"


def test_outside_a_recording_nothing_is_noted() -> None:
    """The function is called, and nobody asks for a description."""
    call = boundary(lambda number: number, lambda *_: pytest.fail("asked"))

    assert call(1) == 1
    assert current_call() is None


@patient
def test_an_async_call_is_noted_with_its_waiting() -> None:
    """The time it is suspended is waiting, and an async function stays one."""

    async def fetch(_number: int) -> str:
        assert current_call() is not None
        await asyncio.sleep(0.05)
        return "there"

    call = boundary_async(fetch, describe)
    assert inspect.iscoroutinefunction(call)

    with measure.recording() as recorder:
        assert asyncio.run(call(1)) == "there"

    noted = recorder.calls[0]
    assert noted["is_async"]
    assert noted["waiting_ms"] >= 40
    assert noted["computing_ms"] < noted["waiting_ms"]


def test_what_is_carried_to_another_thread_is_a_part_of_the_call_that_sent_it() -> None:
    """Its parent is known, as is the line that handed it over."""
    inner = boundary(lambda number: number, describe)

    def send(_: object) -> None:
        thread = threading.Thread(target=carried(inner, lambda *_: Description("sent", "item")), args=(1,))
        thread.start()
        thread.join()

    with measure.recording() as recorder:
        boundary(send, lambda *_: Description("sender", "item"))(None)

    names = {call["id"]: call["name"] for call in recorder.calls}
    parents = {call["name"]: names.get(call["parent"]) for call in recorder.calls}
    assert parents["sent"] == "sender"
    assert parents["call 1"] == "sent"


def test_what_a_library_learns_is_added_to_the_call() -> None:
    """Attempts, bytes, and whether the connection was new."""

    def learn(_number: int) -> None:
        call = current_call()
        assert call is not None
        call.attempts = 3
        call.add_bytes(sent=10, received=20)
        call.used_connection(new=True)

    with measure.recording() as recorder:
        boundary(learn, describe)(1)

    noted = recorder.calls[0]
    assert (noted["attempts"], noted["sent_bytes"], noted["received_bytes"]) == (3, 10, 20)
    assert noted["new_connection"] is True


def test_an_observation_has_its_line() -> None:
    """Something that is worth a word is kept with the numbers that belong to it."""
    with measure.recording() as recorder:
        observe("client_made", "httpx.AsyncClient", duration_ms=1.5, numbers={"count": 2})

    (seen,) = [seen for seen in recorder.document["observations"] if seen["kind"] == "client_made"]
    assert (seen["kind"], seen["text"], seen["numbers"]) == ("client_made", "httpx.AsyncClient", {"count": 2})
    assert "test_boundaries.py:" in seen["line"]


def test_threads_that_are_not_the_invocations_are_left_out() -> None:
    """A server of the same process, say, that was there before."""
    call = boundary(time.sleep, describe)
    go, done = threading.Event(), threading.Event()

    def serve() -> None:
        go.wait()
        call(0.001)
        done.set()

    threading.Thread(target=serve, daemon=True).start()

    with measure.recording() as recorder:
        go.set()
        done.wait()

    assert not [noted for noted in recorder.calls if noted["name"] == "call 0.001"]
