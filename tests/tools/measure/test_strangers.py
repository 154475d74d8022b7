"""Three functions as strangers write them, measured on the emulator: they are told what is right, and it helps."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from meantime.tools.measure.measurement import measured
from meantime.tools.measure.work import Extent, Work

sys.path.insert(0, str(Path(__file__).with_name("functions")))

import strangers

pytestmark = [
    pytest.mark.blocks_the_loop,  # measuring reads files on its loop; nothing else is to run meanwhile
    pytest.mark.skipif(not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")), reason="there is no PostgreSQL"),
]

MEMORY_MB = 1769
AS_IT_IS, BY_HAND = "as it is", "by hand"


@pytest.fixture(scope="module")
def environment():
    with strangers.surroundings() as around:
        yield dict(around.environment)


@pytest.fixture(scope="module")
def measure(environment):
    """Measures one of them, as it is and maybe changed by hand, once for all tests of this module."""
    known = {}

    def of(name, *, by_hand=True):
        if name not in known:
            stranger = next(each for each in strangers.STRANGERS if each.name == name)
            work = Work(
                name=name,
                handlers={AS_IT_IS: stranger.handler} | ({BY_HAND: stranger.side_by_side} if by_hand else {}),
                code=stranger.folder,
                events={"event": stranger.event},
                environment={**environment, "WIDTH": str(stranger.width)},
                timeout=stranger.timeout,
            )
            extent = Extent(memory_mb=(MEMORY_MB,), invocations=5 if by_hand else 2, cold_starts=1, recordings=2)
            known[name] = asyncio.run(measured(work, extent))
        return known[name]

    return of


def duration(results, variant):
    return next(run.p50_ms for run in results.runs if run.variant == variant)


def first_advice(results):
    return results.examples[0].advice[0]


def test_an_order_whose_products_are_fetched_in_a_row_is_told_to_fetch_them_side_by_side_on_threads(measure):
    results = measure("order_enrichment")

    assert results.examples[0].diagnosis.kind == "waits"
    advice = first_advice(results)
    assert (advice.code, advice.executor) == ("side-by-side", "threads")
    assert 6 <= advice.max_concurrency <= len(strangers.order()["lines"])  # two turns at most
    assert any(line.startswith("services.py:") for line in advice.lines)


def test_an_async_report_that_awaits_in_a_loop_is_told_to_do_so_on_tasks(measure):
    results = measure("sales_report")

    assert results.examples[0].diagnosis.kind == "waits"
    advice = first_advice(results)
    assert (advice.code, advice.executor) == ("side-by-side", "tasks")
    assert any(line.startswith("main.py:") for line in advice.lines)


@pytest.mark.parametrize("name", ["order_enrichment", "sales_report"])
def test_what_is_promised_comes_out(measure, name):
    results = measure(name)

    as_it_is, by_hand = duration(results, AS_IT_IS), duration(results, BY_HAND)
    promised = first_advice(results).duration_ms

    # Here the machine is shared; benchmarks/advice.py asks for the promised range itself, on a quiet one.
    assert by_hand < 0.9 * as_it_is
    assert promised.value < 0.9 * as_it_is


def test_pages_that_follow_one_another_and_pricing_in_python_are_kept_sequential(measure):
    results = measure("tariff_pricing", by_hand=False)

    assert results.examples[0].diagnosis.kind == "computes"
    assert first_advice(results).code == "keep-sequential"
    assert not [advice for advice in results.examples[0].advice if advice.code == "side-by-side"]


def test_what_a_stranger_forgot_is_told_after_it(measure):
    codes = {advice.code for advice in measure("order_enrichment").examples[0].advice}

    assert "timeout" in codes  # its requests have none


def test_a_client_made_in_each_invocation_is_seen(measure):
    recording = next(run.recording for run in measure("sales_report").runs if run.variant == AS_IT_IS)

    # Whether it is worth an advice depends on how busy the machine is: test_advice.py asks for that, of given numbers.
    made = {each.text for each in recording.observations if each.kind == "client_made"}
    assert {"asyncpg.create_pool", "httpx.AsyncClient"} <= made
