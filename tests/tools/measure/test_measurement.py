"""What `measured` gives of functions that really run, against an API that really answers late."""

from __future__ import annotations

import asyncio
import json
import textwrap
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from meantime.tools.downstream import DelayedAPI
from meantime.tools.emulator.limits import cpu_share
from meantime.tools.measure.errors import MeasurementError, NothingMeasuredError
from meantime.tools.measure.failing import Condition, check
from meantime.tools.measure.machine import cores
from meantime.tools.measure.measurement import Measured, measured, results_of
from meantime.tools.measure.rounds import run_rounds
from meantime.tools.measure.work import Extent, Work

pytestmark = pytest.mark.blocks_the_loop  # it reads its files on the loop; nothing else is to run meanwhile

DELAY = 0.05

FUNCTION = """
    import json, os, time, requests
    from time import sleep
    from meantime import threads
    URL = os.environ.get("API_URL", "")
    session = requests.Session()
    invocations = 0

    def get(path):
        return session.get(URL + path, timeout=5).status_code

    def in_a_row(event, context):
        return [get(path) for path in ("/a", "/b", "/c")]

    def side_by_side(event, context):
        return threads.map(get, ["/a", "/b", "/c"])

    def sleeping(event, context):
        if context.client_context is not None or os.environ["_HANDLER"] != "app.sleeping":
            raise AssertionError("it noticed")
        sleep(event.get("seconds", 0.02))
        return "x" * 5_000_000

    def shy(event, context):
        import sys
        if "meantime.measure" in sys.modules:
            raise RuntimeError("watched")

    def computing(event, context):
        return sum(range(event.get("count", 1)))

    def third_time_lost(event, context):
        global invocations
        invocations += 1
        if invocations == 3:
            print("about to fail")
            raise LookupError("nothing there")

    def refused(event, context):
        return {"statusCode": 503, "body": ""}

    def numbered(event, context):
        global invocations
        invocations += 1
        with open(os.environ["DIARY"], "a") as diary:
            diary.write(json.dumps([os.environ["WHICH"], context.memory_limit_in_mb, event, invocations]) + chr(10))
"""


@pytest.fixture
def api():
    with DelayedAPI(DELAY) as api:
        yield api


@pytest.fixture
def work(tmp_path):
    (tmp_path / "app.py").write_text(textwrap.dedent(FUNCTION))

    def make(*functions: str, events=None, **more) -> Work:
        return Work(
            name="example",
            handlers={function: f"app.{function}" for function in functions},
            code=tmp_path,
            events=events or {"event": {}},
            **more,
        )

    return make


def measure(work: Work, *memory_mb: int, invocations: int = 2, cold_starts: int = 1, recordings: int = 0, **more):
    extent = Extent(
        memory_mb=memory_mb or (1769,), invocations=invocations, cold_starts=cold_starts, recordings=recordings
    )
    return asyncio.run(measured(work, extent, **more))


def test_every_handler_is_run_at_every_size_and_the_first_is_what_others_are_compared_with(work, api):
    results = measure(
        work("in_a_row", "side_by_side", environment={"API_URL": api.url}), 512, 1769, invocations=7, recordings=1
    )

    assert [(run.variant, run.memory_mb) for run in results.runs] == [
        ("in_a_row", 512), ("side_by_side", 512), ("in_a_row", 1769), ("side_by_side", 1769),
    ]  # fmt: skip
    for run in results.runs:
        assert len(run.durations_ms) == 7
        low, high = run.interval_ms
        assert min(run.durations_ms) <= low <= run.p50_ms <= high <= max(run.durations_ms)
        assert run.cold_ms > 0
        assert run.first_ms > 0
        assert run.cpu_ms > 0
    one, other = results.runs[2:]
    assert one.p50_ms >= 3 * DELAY * 1000
    assert other.p50_ms < 0.8 * one.p50_ms
    (example,) = results.examples
    compared = [verdict for verdict in example.verdicts if verdict.memory_mb is not None]
    assert [verdict.memory_mb for verdict in compared] == [512, 1769]
    assert "side_by_side answers in" in compared[1].text.lower()
    assert [point.memory_mb for point in example.memory_points if point.measured] == [512, 1769]


def test_what_happens_meanwhile_meets_all_alike_every_round_invokes_each_once(work, tmp_path):
    diary = tmp_path / "diary"
    two = work("numbered", events={"a": "a", "b": "b"}, environment={"DIARY": str(diary), "WHICH": "one"})

    measure(two, 512, 1769, invocations=3, recordings=0)

    seen = [tuple(json.loads(line)[1:3]) for line in diary.read_text().splitlines()]
    turn = [("512", "a"), ("512", "b"), ("1769", "a"), ("1769", "b")]
    back = [("1769", "a"), ("1769", "b"), ("512", "a"), ("512", "b")]
    assert seen == [*turn, *turn, *back, *turn]  # first the cold ones, then three rounds, the second the other way


def test_a_recording_holds_its_waits_and_the_function_does_not_notice(work):
    results = measure(work("sleeping"), recordings=3)

    (run,) = results.runs
    recording = run.recording
    assert recording.handler == "app.sleeping"
    assert recording.memory_mb == 1769
    assert not recording.cold
    assert recording.duration_ms >= 20
    waited = recording.accounting.waiting_alone_ms + recording.accounting.waiting_together_ms
    assert waited == pytest.approx(20, abs=12)  # benchmarks/accounting.py asks for more, on a quiet machine
    assert [call.name for call in recording.calls] == ["sleep"]
    assert recording.calls[0].line.startswith("app.py:")


def test_calls_in_a_row_are_recorded_in_a_row_as_long_as_the_server_kept_them(work, api):
    (run,) = measure(work("in_a_row", environment={"API_URL": api.url}), recordings=1).runs

    calls = [call for call in run.recording.calls if call.kind == "http"]
    assert [call.name for call in calls] == ["GET /a", "GET /b", "GET /c"]
    assert calls[0].end_ms <= calls[1].start_ms <= calls[1].end_ms <= calls[2].start_ms
    assert all(call.duration_ms >= DELAY * 1000 - 1 for call in calls)


def test_a_library_that_is_imported_within_the_handler_is_recorded_too(work, api, tmp_path):
    one = work("in_a_row", environment={"API_URL": api.url})
    (tmp_path / "app.py").write_text(
        "import os\n"
        "def in_a_row(event, context):\n"
        "    import requests\n"
        "    return requests.get(os.environ['API_URL'] + '/late', timeout=5).status_code\n"
    )

    (run,) = measure(one, recordings=1).runs

    assert "GET /late" in [call.name for call in run.recording.calls]


def test_a_function_that_cannot_be_recorded_is_timed_all_the_same(work):
    results = measure(work("shy"), recordings=1)

    (run,) = results.runs
    assert run.recording is None
    assert any(
        "runs, but not while it is recorded" in verdict.text and "RuntimeError: watched" in verdict.text
        for verdict in results.examples[0].verdicts
    )


def test_without_recordings_there_are_numbers_only(work):
    results = measure(work("computing"), recordings=0)

    assert results.runs[0].recording is None
    assert results.examples[0].diagnosis is None
    assert results.examples[0].advice == ()


def test_cold_starts_are_apart_each_in_an_environment_of_its_own(work):
    rounds = asyncio.run(run_rounds(work("computing"), Extent(memory_mb=(1769,), invocations=2, cold_starts=3)))

    (cell,) = rounds.cells
    assert len({one.environment_id for one in cell.cold}) == 3
    assert all(one.cold for one in cell.cold)
    assert {one.environment_id for one in cell.warm["event"]} == {cell.cold[0].environment_id}
    assert not any(one.cold for one in cell.warm["event"])


def test_several_events_weigh_alike_and_each_is_told_by_itself(work):
    events = {"short": {"seconds": 0.02}, "long": {"seconds": 0.08}}

    results = measure(work("sleeping", events=events), invocations=3, recordings=1)

    assert [example.name for example in results.examples] == ["example", "example, short", "example, long"]
    whole, short, long = results.runs
    assert whole.durations_ms == pytest.approx(
        [(one + other) / 2 for one, other in zip(short.durations_ms, long.durations_ms, strict=True)], abs=0.002
    )
    assert whole.billed_ms == (short.billed_ms + long.billed_ms) / 2
    assert results.examples[0].advice == ()  # what is to be done is said of each
    assert short.recording.duration_ms < long.recording.duration_ms


def test_the_bill_is_made_from_what_was_billed(work):
    results = measure(work("computing"), 1024)

    (run,) = results.runs
    assert run.cost_per_million_usd == pytest.approx(run.billed_ms * 16.6667 / 1000 + 0.2, rel=0.01)
    assert results.bill_of(run).per_million_usd == pytest.approx(run.cost_per_million_usd, abs=0.001)


def test_memory_is_a_share_of_the_cpu(work):
    results = measure(work("computing", events={"event": {"count": 2_000_000}}), 256, 1769, invocations=3)

    small, large = results.runs
    assert small.p50_ms > small.cpu_ms / cpu_share(256) / 2
    assert large.cpu_ms < small.p50_ms / 2


def test_what_the_downstream_saw_is_the_ideal(work, api):
    one = work("in_a_row", environment={"API_URL": api.url})
    rounds = asyncio.run(run_rounds(one, Extent(memory_mb=(1769,), invocations=2, cold_starts=1, recordings=0)))

    results = results_of([Measured(work=one, rounds=rounds, requests=api.requests)])

    (run,) = results.runs
    assert 3 * DELAY * 1000 - 3 <= run.ideal_ms < run.p50_ms


def test_a_function_that_fails_later_is_an_error_with_its_log(work):
    with pytest.raises(MeasurementError, match=r"app.third_time_lost .*at 512 MB failed: LookupError") as caught:
        measure(work("third_time_lost"), 512)

    assert "about to fail" in caught.value.log
    assert "meantime emulator invoke" in caught.value.remedy


def test_an_answer_that_says_it_failed_is_told_once(work):
    results = measure(work("refused"), 512, 1769)

    told = [verdict.text for verdict in results.examples[0].verdicts]
    assert sum("answered with status 503: is that what you want to measure?" in each for each in told) == 1


def test_where_answers_are_errors_nothing_is_concluded_and_any_condition_fails(work):
    results = measure(work("refused"), recordings=1)

    (example,) = results.examples
    assert (example.diagnosis, example.advice, example.predictions, example.best_memory) == (None, (), (), None)
    assert any("so nothing is concluded or advised" in verdict.text for verdict in example.verdicts)
    found = check([Condition.parse("p95 > 60 s")], results)
    assert (found[0].failed, found[0].text) == (True, "answers were errors: status 503 at 1769 MB for refused")


def test_a_machine_that_is_busy_with_something_else_is_told_of(work):
    with ProcessPoolExecutor(cores(), mp_context=get_context("spawn")) as others:
        ending = [others.submit(sum, range(200_000_000)) for _ in range(cores())]
        results = measure(work("sleeping", events={"event": {"seconds": 0.3}}), invocations=3)
        for each in ending:
            each.cancel()
        for process in list(others._processes.values()):
            process.kill()

    assert "cores meanwhile: the numbers are noisy" in results.examples[0].verdicts[0].text


def test_progress_is_told_after_every_invocation_and_their_number_is_known_before(work):
    told = []
    extent = Extent(memory_mb=(512, 1769), invocations=2, cold_starts=2, recordings=2)
    one = work("computing", events={"a": {}, "b": {}})

    asyncio.run(measured(one, extent, progress=lambda: told.append(1)))

    assert len(told) == extent.invocations_of(one)


def stopped_after(count: int):
    """Measures, and asks to stop after so many invocations."""

    async def run(work: Work, extent: Extent):
        stop = asyncio.Event()
        left = iter(range(count))

        def progress() -> None:
            if next(left, None) is None:
                stop.set()

        return await measured(work, extent, progress=progress, stop=stop)

    return run


def test_stopped_in_the_middle_it_gives_the_rounds_that_are_complete(work):
    extent = Extent(memory_mb=(512, 1769), invocations=100_000, cold_starts=3, recordings=0)

    results = asyncio.run(stopped_after(9)(work("computing"), extent))

    assert {len(run.durations_ms) for run in results.runs} == {4}
    assert any("stopped before 100000" in note for note in results.machine.notes)


def test_stopped_too_early_there_is_nothing_to_tell(work):
    with pytest.raises(NothingMeasuredError):
        asyncio.run(stopped_after(2)(work("computing"), Extent(memory_mb=(512, 1769), recordings=0)))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"invocations": 1}, "invocations must be at least 2, got 1"),
        ({"cold_starts": 0}, "cold_starts must be at least 1, got 0"),
        ({"recordings": -1}, "recordings must be at least 0, got -1"),
        ({"memory_mb": ()}, "there is no memory size"),
        ({"memory_mb": (512, 512)}, "a memory size is named twice"),
    ],
)
def test_an_extent_that_measures_nothing_is_refused(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        Extent(**settings)


def test_a_work_without_a_handler_or_an_event_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has no handler"):
        Work(name="example", handlers={}, code=tmp_path, events={"event": 1})
    with pytest.raises(ValueError, match="has no event"):
        Work(name="example", handlers={"app": "app.handler"}, code=tmp_path, events={})
