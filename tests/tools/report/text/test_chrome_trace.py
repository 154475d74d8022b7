"""The Chrome trace: events as the Trace Event Format asks, nested as Perfetto needs them, true arrows and counts."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meantime.tools.report.chrome_trace import chrome_trace, results_trace, write_chrome_trace
from meantime.tools.report.recording import (
    Accounting,
    Observation,
    RecordedCall,
    RecordedThread,
    Recording,
    Wait,
)

# What each kind of event needs, by the Trace Event Format.
NEEDED = {
    "X": {"name", "cat", "pid", "tid", "ts", "dur"},
    "M": {"name", "pid", "args"},
    "C": {"name", "cat", "pid", "ts", "args"},
    "i": {"name", "pid", "tid", "ts", "s"},
    "s": {"name", "cat", "pid", "tid", "ts", "id"},
    "f": {"name", "cat", "pid", "tid", "ts", "id", "bp"},
}


def events_of(document, phase: str) -> list[dict[str, Any]]:
    return [event for event in document["traceEvents"] if event["ph"] == phase]


def check(document) -> None:
    """What Perfetto's importer and chrome://tracing ask of a document."""
    json.dumps(document, allow_nan=False)
    events = document["traceEvents"]
    assert {event["ph"] for event in events} <= set(NEEDED)
    for event in events:
        assert NEEDED[event["ph"]] <= set(event)
        assert all(isinstance(event[key], int) and event[key] >= 0 for key in ("ts", "dur") if key in event)
    times = [event["ts"] for event in events if "ts" in event]
    assert times == sorted(times)
    assert_nested(events)
    assert_arrows_bind(events)


def assert_nested(events: list[dict[str, Any]]) -> None:
    """The spans of a track lie within or beside each other, the outer one first in the file."""
    open_on: dict[int, list[int]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            ends = open_on[event["tid"]]
            while ends and ends[-1] <= event["ts"]:
                ends.pop()
            assert not ends or event["ts"] + event["dur"] <= ends[-1]
            ends.append(event["ts"] + event["dur"])


def assert_arrows_bind(events: list[dict[str, Any]]) -> None:
    """Each arrow has a beginning and an end, not later, each within a span of its track."""
    spans = [(event["tid"], event["ts"], event["ts"] + event["dur"]) for event in events if event["ph"] == "X"]
    begun = {event["id"]: event for event in events if event["ph"] == "s"}
    ended = {event["id"]: event for event in events if event["ph"] == "f"}
    assert set(begun) == set(ended)
    for identifier, start in begun.items():
        finish = ended[identifier]
        assert start["tid"] != finish["tid"]
        assert start["ts"] <= finish["ts"]
        for event in (start, finish):
            assert any(
                track == event["tid"] and (begin <= event["ts"] < end or begin == event["ts"] == end)
                for track, begin, end in spans
            )


def test_calls_and_waits_are_spans_in_their_thread(three_calls):
    document = chrome_trace({"app.handler, 512 MB": three_calls})

    check(document)
    spans = [(event["name"], event["cat"], event["ts"], event["dur"]) for event in events_of(document, "X")]
    assert spans[:3] == [
        ("app.handler", "invocation", 0, 985_000),
        ("GET /customers", "http", 20_000, 320_000),
        ("receive", "wait", 25_000, 300_000),
    ]
    assert {event["tid"] for event in events_of(document, "X")} == {1}


def test_a_call_carries_what_is_known_of_it(three_calls):
    document = chrome_trace({"app": three_calls})

    args = next(event["args"] for event in events_of(document, "X") if event["name"] == "GET /orders")
    assert args["line"] == "app.py:32"
    assert args["library"] == "requests"
    assert (args["waiting_ms"], args["computing_ms"], args["held_up_ms"]) == (300.0, 8.0, 12.0)
    assert "error" not in args


def test_processes_and_threads_have_names(fan_out, three_calls):
    document = chrome_trace({"app.threaded, 512 MB": fan_out, "app.handler, 512 MB": three_calls})

    check(document)
    names = [(event["name"], event["pid"], event["args"].get("name")) for event in events_of(document, "M")]
    assert ("process_name", 1, "app.threaded, 512 MB") in names
    assert ("process_name", 2, "app.handler, 512 MB") in names
    assert ("thread_name", 1, "worker-3") in names
    tracks = defaultdict(set)
    for event in events_of(document, "X"):
        tracks[event["tid"]].add(event["pid"])
    assert all(len(processes) == 1 for processes in tracks.values()), "a track belongs to one process"


def test_who_started_a_call_on_another_thread_points_at_it(fan_out):
    document = chrome_trace({"app": fan_out})

    items = [event for event in events_of(document, "X") if event["cat"] == "item"]
    arrows = events_of(document, "s")
    assert len(arrows) == len(items) == 40
    assert {event["tid"] for event in arrows} == {1}, "the handler's own track"


def test_tasks_of_one_loop_get_tracks_beside_each_other(make_call, make_recording):
    calls = [make_call(number, number, number + 100, is_async=True, task=f"Task-{number}") for number in range(3)]

    document = chrome_trace({"app": make_recording(*calls, duration_ms=110.0)})

    check(document)
    tracks = [event["tid"] for event in events_of(document, "X") if event["cat"] == "http"]
    assert len(set(tracks)) == 3
    names = [event["args"]["name"] for event in events_of(document, "M") if event["name"] == "thread_name"]
    assert names == ["MainThread", "MainThread, beside 1", "MainThread, beside 2"]


def test_a_track_is_used_again_once_it_is_free(make_call, make_recording):
    calls = [make_call(number, 10 * (number // 2), 10 * (number // 2) + 9) for number in range(20)]

    document = chrome_trace({"app": make_recording(*calls, duration_ms=110.0)})

    assert len({event["tid"] for event in events_of(document, "X")}) == 2


def test_calls_under_way_are_counted(make_call, make_recording):
    calls = [make_call(0, 0, 10), make_call(1, 5, 20), make_call(2, 30, 40)]

    document = chrome_trace({"app": make_recording(*calls)})

    counted = [(e["ts"], e["args"]["under way"]) for e in events_of(document, "C") if e["name"] == "calls"]
    assert counted == [(0, 1), (5_000, 2), (10_000, 1), (20_000, 0), (30_000, 1), (40_000, 0)]


def test_an_item_that_holds_a_call_is_not_counted_beside_it(fan_out):
    document = chrome_trace({"app": fan_out})

    most = max(e["args"]["under way"] for e in events_of(document, "C") if e["name"] == "calls")
    assert most == 10


def test_what_was_observed_is_an_instant(three_calls):
    (seen,) = events_of(chrome_trace({"app": three_calls}), "i")

    assert (seen["name"], seen["ts"], seen["args"]["line"]) == ("client_made: requests.Session", 2_000, "app.py:12")


def test_every_recorded_run_of_the_results_is_a_process(results):
    document = results_trace(results)

    check(document)
    names = [event["args"]["name"] for event in events_of(document, "M") if event["name"] == "process_name"]
    assert names == ["app.handler, 512 MB"]


def test_it_is_written_as_one_file(three_calls, tmp_path):
    path = tmp_path / "new" / "trace.json"

    write_chrome_trace(chrome_trace({"app": three_calls}), path)

    document = json.loads(path.read_text(encoding="utf-8"))
    check(document)
    assert document == chrome_trace({"app": three_calls})


def test_without_calls_there_is_the_invocation(make_recording):
    document = chrome_trace({"app": make_recording()})

    check(document)
    assert [event["name"] for event in events_of(document, "X")] == ["app.handler"]


times = st.floats(0, 1000, allow_nan=False)


@st.composite
def recordings(draw) -> Recording:
    """Whatever a recording may hold: calls of several threads, within each other or not, waits that stick out."""
    calls: list[RecordedCall] = []
    for number in range(draw(st.integers(0, 12))):
        start, end = sorted((draw(times), draw(times)))
        parent = draw(st.none() | st.sampled_from(calls)) if calls else None
        if parent is not None and draw(st.booleans()):
            start, end = (min(max(at, parent.start_ms), parent.end_ms) for at in (start, end))
        calls.append(
            RecordedCall(
                id=number, name=f"call {number}", kind=draw(st.sampled_from(["http", "item"])), start_ms=start,
                end_ms=end, waiting_ms=end - start, computing_ms=0.0, thread=draw(st.integers(0, 2)),
                parent=None if parent is None else parent.id,
            )
        )  # fmt: skip
    waits = []
    for _ in range(draw(st.integers(0, 12))):
        start, end = sorted((draw(times), draw(times)))
        call = draw(st.none() | st.sampled_from(calls)) if calls else None
        thread = draw(st.integers(0, 2)) if call is None else call.thread
        waits.append(
            Wait(kind="receive", start_ms=start, end_ms=end, thread=thread, call=None if call is None else call.id)
        )
    return Recording(
        function="f", handler="app.handler", memory_mb=512, python="3.11", cold=False, request_id="r",
        date="2026-01-01", duration_ms=draw(times), cpu_ms=1.0,
        accounting=Accounting(
            waiting_alone_ms=1.0, waiting_together_ms=0.0, computing_ms=0.0, lock_ms=0.0, throttled_ms=0.0,
            unexplained_ms=0.0,
        ),
        calls=tuple(calls), waits=tuple(waits),
        threads=tuple(RecordedThread(name=f"t{number}", computing_ms=0.0, held_up_ms=0.0) for number in range(2)),
        observations=(Observation(kind="leftover", text="task", start_ms=draw(times)),),
    )  # fmt: skip


@given(recordings())
def test_whatever_was_recorded_its_spans_nest_and_its_arrows_bind(recording):
    document = chrome_trace({"app": recording})

    check(document)
    drawn = [event["name"] for event in events_of(document, "X") if event["cat"] in ("http", "item")]
    assert sorted(drawn) == sorted(call.name for call in recording.calls), "every call is there once"


@given(recordings())
def test_the_counts_return_to_nothing(recording):
    for name in ("calls", "waits"):
        counted = [e for e in events_of(chrome_trace({"app": recording}), "C") if e["name"] == name]

        assert not counted or counted[-1]["args"]["under way"] == 0
        assert all(event["args"]["under way"] >= 0 for event in counted)
        assert all(first["ts"] < second["ts"] for first, second in pairwise(counted))


def test_a_full_recording_is_laid_out(make_call, make_recording):
    calls = [make_call(number, number % 500, number % 500 + 5) for number in range(20_000)]

    document = chrome_trace({"app": make_recording(*calls)})

    assert len(events_of(document, "X")) == 20_001
