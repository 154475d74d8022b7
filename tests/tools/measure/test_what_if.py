"""What is predicted for calls side by side, and which measurements it is held against."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from meantime.tools.measure.advice import advise
from meantime.tools.measure.pricing import current_prices
from meantime.tools.measure.what_if import predictions
from meantime.tools.report.recording import Accounting, Observation, RecordedCall, Recording, Wait
from meantime.tools.report.results import Run

SOURCE = """
    import requests

    def handler(event, context):
        return [requests.get(url).json() for url in event]

    def dependent(event, context):
        url = event
        for _ in range(4):
            url = requests.get(url).json()["next"]
        return url
"""
LINES = {"handler": 5, "dependent": 10}


def recorded(function: str = "handler", *, is_async: bool = False, observations=(), calls: int = 4) -> Recording:
    """So many calls of 50 ms in a row."""
    line = f"app.py:{LINES[function]}"
    return Recording(
        function="app",
        handler=f"app.{function}",
        memory_mb=1769,
        python="3.11.7",
        cold=False,
        request_id="",
        date="2026-01-15T12:00:00+00:00",
        duration_ms=calls * 50.0,
        cpu_ms=4.0,
        accounting=Accounting(
            waiting_alone_ms=calls * 49.0, waiting_together_ms=0.0, computing_ms=calls * 1.0, lock_ms=0.0,
            throttled_ms=0.0, unexplained_ms=0.0,
        ),
        calls=tuple(
            RecordedCall(
                id=number, name="GET /", kind="http", library="requests", start_ms=number * 50.0,
                end_ms=number * 50.0 + 50, waiting_ms=49.0, computing_ms=1.0, is_async=is_async, line=line,
                function=function, stack=(f"{line} in {function}",),
            )
            for number in range(calls)
        ),
        waits=tuple(
            Wait(
                kind="receive", start_ms=number * 50.0 + 1, end_ms=number * 50.0 + 50, call=number,
                computed_before_ms=1.0,
            )
            for number in range(calls)
        ),
        observations=tuple(observations),
    )  # fmt: skip


def run(variant: str, duration_ms: float, recording: Recording | None, memory_mb: int = 1769) -> Run:
    return Run(
        example="app",
        variant=variant,
        memory_mb=memory_mb,
        durations_ms=(duration_ms,),
        cold_ms=100.0,
        p50_ms=duration_ms,
        p95_ms=duration_ms,
        ideal_ms=None,
        billed_ms=duration_ms,
        cost_per_million_usd=1.0,
        cpu_ms=4.0,
        recording=recording,
    )


def code_in(folder):
    (folder / "app.py").write_text(textwrap.dedent(SOURCE))
    return folder


def test_it_is_predicted_for_as_many_at_once_as_there_are_calls(tmp_path):
    one = recorded()

    found = predictions([run("handler", 201.0, one)], [], [one], code_in(tmp_path))

    assert [(each.executor, each.max_concurrency) for each in found] == [
        ("threads", 1), ("threads", 2), ("threads", 3), ("threads", 4),
    ]  # fmt: skip
    assert found[0].measured_ms == 201.0
    assert [each.measured_ms for each in found[1:]] == [None] * 3
    assert found[3].duration_ms.value < found[1].duration_ms.value < found[0].duration_ms.value


def test_calls_of_an_event_loop_go_side_by_side_as_tasks(tmp_path):
    one = recorded(is_async=True)

    found = predictions([run("handler", 201.0, one)], [], [one], code_in(tmp_path))

    assert {each.executor for each in found} == {"tasks"}


def test_calls_that_need_what_the_one_before_gave_are_not_predicted_side_by_side(tmp_path):
    one = recorded("dependent")

    assert predictions([run("dependent", 201.0, one)], [], [one], code_in(tmp_path)) == ()


def test_a_variant_that_ran_so_many_at_once_is_what_a_prediction_is_held_against(tmp_path):
    one = recorded()
    wide = recorded(observations=[Observation(kind="fan_out", text="threads.map", numbers={"max_concurrency": 10})])
    other = run("threads", 55.0, wide)
    elsewhere = run("threads", 99.0, wide, memory_mb=128)

    found = predictions([run("handler", 201.0, one)], [elsewhere, other], [one], code_in(tmp_path))

    assert {each.max_concurrency: each.measured_ms for each in found} == {1: 201.0, 2: None, 3: None, 4: 55.0}


def test_without_a_recording_nothing_is_predicted(tmp_path):
    assert predictions([run("handler", 201.0, None)], [], [], code_in(tmp_path)) == ()


def test_what_is_advised_is_told_with_the_same_number_as_in_the_table(tmp_path):
    folder = code_in(tmp_path)
    recordings = [replace(recorded(calls=12), memory_mb=256), recorded(calls=12)]
    runs = [run("app", 640.0, recordings[0], 256), run("app", 600.0, recordings[1], 1769)]

    advice = advise(runs, folder, prices=current_prices(), recordings=recordings)[0]
    assert advice.max_concurrency is not None
    table = predictions(runs, [], recordings, folder, widths={advice.max_concurrency})

    told = {(each.memory_mb, each.max_concurrency): each.duration_ms for each in table}
    assert advice.duration_ms == told[1769, advice.max_concurrency]
    assert f"{told[256, advice.max_concurrency].value:,.0f} ms instead of 640 ms at 256 MB" in advice.text
