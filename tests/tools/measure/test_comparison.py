"""A candidate measured on the emulator, against an API that really answers late."""

from __future__ import annotations

import asyncio
import textwrap

import pytest

from meantime.tools.downstream import DelayedAPI
from meantime.tools.measure import comparison
from meantime.tools.measure.comparison import Candidate, MeasurementError
from meantime.tools.measure.machine import this_machine
from meantime.tools.measure.pricing import current_prices

pytestmark = pytest.mark.blocks_the_loop  # it reads its files on the loop; nothing else is to run meanwhile

PRICES = current_prices()
DELAY = 0.05

FUNCTION = """
    import os, httpx, requests, meantime
    from meantime import sequential, tasks, threads
    URLS = [os.environ["API_URL"] + path for path in ("/a", "/b", "/c")]
    session = requests.Session()

    @meantime.warm
    async def http():
        async with httpx.AsyncClient() as client:
            yield client

    def get(url):
        return session.get(url, timeout=5).status_code

    async def get_async(url):
        client = await http()
        return (await client.get(url, timeout=5)).status_code

    @meantime.handler
    def in_a_row(event, context):
        return sequential.map(get, URLS)

    @meantime.handler
    async def side_by_side(event, context):
        return await tasks.map(lambda url: get_async(url), URLS)

    @meantime.handler
    def root(event, context):
        return httpx.get(os.environ["API_URL"]).status_code

    @meantime.handler
    def computing(event, context):
        return threads.map(lambda number: sum(range(number * 10_000)), [1, 2])

    @meantime.handler
    def failing(event, context):
        print("about to fail")
        raise LookupError("nothing there")
"""


def measure(*args, **keywords):
    return asyncio.run(comparison.measure(*args, **keywords))


@pytest.fixture
def api():
    with DelayedAPI(DELAY) as api:
        yield api


@pytest.fixture
def candidate(tmp_path, api):
    (tmp_path / "app.py").write_text(textwrap.dedent(FUNCTION))

    def make(function: str) -> Candidate:
        return Candidate(
            example="example",
            variant="variant",
            handler=f"app.{function}",
            code=tmp_path,
            event={},
            environment={"API_URL": api.url},
        )

    return make


def test_calls_in_a_row_are_recorded_in_a_row_and_their_waits_add_up(candidate, api):
    run, _ = measure(candidate("in_a_row"), memory_mb=1769, invocations=3, prices=PRICES, requests=lambda: api.requests)

    assert [call.name for call in run.calls] == ["GET /a", "GET /b", "GET /c"]
    assert run.calls[0].end_ms <= run.calls[1].start_ms <= run.calls[1].end_ms <= run.calls[2].start_ms
    assert all(call.waiting_ms >= DELAY * 1000 - 1 for call in run.calls)
    assert all(0 < call.computing_ms < call.waiting_ms for call in run.calls)
    assert run.ideal_ms >= 3 * DELAY * 1000 - 3
    assert run.ideal_ms < run.p50_ms <= run.p95_ms
    assert len(run.durations_ms) == 3
    assert run.cold_ms > 0
    assert run.cpu_ms > 0


def test_calls_side_by_side_overlap_and_the_longest_wait_is_the_ideal(candidate, api):
    run, _ = measure(
        candidate("side_by_side"), memory_mb=1769, invocations=3, prices=PRICES, requests=lambda: api.requests
    )

    assert sorted(call.name for call in run.calls) == ["GET /a", "GET /b", "GET /c"]
    assert max(call.start_ms for call in run.calls) < min(call.end_ms for call in run.calls)
    assert DELAY * 1000 - 1 <= run.ideal_ms < 2 * DELAY * 1000


def test_items_that_call_nothing_are_recorded_as_computing(candidate):
    run, _ = measure(candidate("computing"), memory_mb=1769, invocations=2, prices=PRICES)

    assert [call.name for call in run.calls] == ["<lambda>(1)", "<lambda>(2)"]
    assert all(call.waiting_ms == 0 for call in run.calls)
    assert run.ideal_ms is None


def test_the_bill_is_made_from_what_was_billed(candidate):
    run, _ = measure(candidate("computing"), memory_mb=1024, invocations=2, prices=PRICES)

    assert run.cost_per_million_usd == pytest.approx(run.billed_ms * 16.6667 / 1000 + 0.2, rel=0.01)


def test_a_failing_function_is_an_error_with_its_log(candidate):
    with pytest.raises(MeasurementError, match=r"(?s)LookupError: nothing there.*about to fail"):
        measure(candidate("failing"), memory_mb=512, invocations=2, prices=PRICES)


def test_progress_is_told_after_every_invocation(candidate):
    told = []

    measure(candidate("computing"), memory_mb=512, invocations=2, prices=PRICES, progress=lambda: told.append(1))

    assert len(told) == 4  # the cold one, two warm ones, the recorded one


def test_one_warm_invocation_is_too_few(candidate):
    with pytest.raises(ValueError, match="invocations must be at least 2"):
        measure(candidate("computing"), memory_mb=512, invocations=1, prices=PRICES)


def test_the_machine_says_how_the_function_was_limited(candidate):
    _, mechanisms = measure(candidate("computing"), memory_mb=512, invocations=2, prices=PRICES)

    machine = this_machine(mechanisms, packages=("httpx", "no-such-package"), notes=["a note"])

    assert (machine.freeze, machine.cpu_limit) == (mechanisms.freeze, mechanisms.cpu)
    assert set(machine.versions) == {"httpx"}
    assert machine.cores >= 1
    assert machine.cpu


def test_a_call_to_the_root_path_is_matched_with_what_the_downstream_saw(candidate, api):
    run, _ = measure(candidate("root"), memory_mb=1769, invocations=2, prices=PRICES, requests=lambda: api.requests)

    assert [call.name for call in run.calls] == ["GET /"]
    assert run.calls[0].waiting_ms >= DELAY * 1000 - 1


def test_a_library_imported_inside_the_handler_is_recorded_too(tmp_path, api):
    (tmp_path / "late.py").write_text(
        textwrap.dedent(
            """
            import os
            def handler(event, context):
                import requests
                return requests.get(os.environ["API_URL"] + "/late", timeout=5).status_code
            """
        )
    )
    late = Candidate(
        example="example",
        variant="variant",
        handler="late.handler",
        code=tmp_path,
        event={},
        environment={"API_URL": api.url},
    )

    run, _ = measure(late, memory_mb=1769, invocations=2, prices=PRICES, requests=lambda: api.requests)

    assert [call.name for call in run.calls] == ["GET /late"]
