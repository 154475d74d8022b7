from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.report.page import write_page
from meantime.tools.report.recording import RecordedCall

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Page

    from meantime.tools.report.results import Results, Run

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop

EXAMPLES = ("apis", "s3", "dynamodb", "sqs", "mixed", "thumbnails")

# The left and right edges of the shapes that are filled with a colour of the page, in pixels.
EDGES = """(chart, name) => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const wanted = getComputedStyle(probe).color;
  probe.remove();
  return [...chart.querySelectorAll("path")]
    .filter((path) => !path.closest("defs") && getComputedStyle(path).fill === wanted)
    .map((path) => path.getBoundingClientRect())
    .map((box) => [box.left, box.right]);
}"""


def section_of(page: Page, name: str) -> Any:
    return page.locator(f"section.example[data-example='{name}']")


def bars(page: Page, name: str, variant: str, part: str) -> list[list[float]]:
    chart = section_of(page, name).locator(f".chart[data-variant='{variant}']")
    found: list[list[float]] = chart.evaluate(EDGES, part)
    return found


def runs_at(results: Results, example: str, memory_mb: int) -> list[Run]:
    return [run for run in results.runs_of(example) if run.memory_mb == memory_mb]


def calls_of(run: Run) -> tuple[RecordedCall, ...]:
    assert run.recording is not None
    return run.recording.calls


def test_every_example_has_a_waterfall_a_variant_with_a_bar_a_call(open_page: OpenPage, results: Results) -> None:
    with open_page() as page:
        for example in EXAMPLES:
            runs = runs_at(results, example, 1769)
            assert section_of(page, example).locator(".chart").count() == len(runs)
            for look, run in enumerate(runs, start=1):
                waiting = bars(page, example, run.variant, f"tint-{look}")
                computing = bars(page, example, run.variant, f"look-{look}")

                assert len(waiting) == sum(call.waiting_ms > 0 for call in calls_of(run))
                assert len(computing) == len(calls_of(run))


def test_every_example_has_a_point_a_run_in_its_duration_chart(open_page: OpenPage, results: Results) -> None:
    with open_page() as page:
        for example in EXAMPLES:
            variants = [run.variant for run in runs_at(results, example, 1769)]
            curve = section_of(page, example).locator(".curve")
            spoken = curve.get_attribute("aria-label")

            assert [len(curve.evaluate(EDGES, f"look-{look + 1}")) for look in range(len(variants))] == [3] * len(
                variants
            )
            assert spoken.startswith("Median duration against memory")
            assert all(variant in spoken for variant in variants)


def test_what_was_held_up_is_hatched(open_page: OpenPage) -> None:
    with open_page() as page:
        section = section_of(page, "s3")
        section.locator("input[value='128']").check()

        hatched = section.locator(".chart[data-variant='threads'] path[fill^='url(#']")

        assert hatched.count() == 20


def test_variants_share_one_time_axis(open_page: OpenPage, results: Results) -> None:
    """A bar of the same length in ms is as long in pixels in each variant's waterfall."""
    with open_page() as page:
        scales = []
        for look, run in enumerate(runs_at(results, "apis", 1769), start=1):
            (left, right), *_ = bars(page, "apis", run.variant, f"tint-{look}")
            scales.append((right - left) / calls_of(run)[0].waiting_ms)

    assert max(scales) == pytest.approx(min(scales), rel=0.02)


def test_bars_stand_where_their_calls_were(open_page: OpenPage, results: Results) -> None:
    """Run one after another, each bar begins where the one before ended; on threads all begin together."""
    with open_page() as page:
        sequential = bars(page, "apis", "sequential", "tint-1")
        threads = bars(page, "apis", "threads", "tint-2")

    assert sequential[0][1] <= sequential[1][0] + 1
    assert sequential[1][1] <= sequential[2][0] + 1
    assert max(bar[0] for bar in threads) - min(bar[0] for bar in threads) < 5


def test_calls_of_one_worker_share_a_row_when_there_are_very_many(
    open_page: OpenPage, results: Results, tmp_path: Path
) -> None:
    calls = tuple(
        RecordedCall(
            id=i,
            name="GET /",
            kind="http",
            start_ms=20.0 * (i // 4),
            end_ms=20.0 * (i // 4) + 18,
            waiting_ms=15,
            computing_ms=1,
            thread=i % 4,
        )
        for i in range(400)
    )
    run = results.runs_of("s3")[-1]
    assert run.recording is not None
    run = replace(run, recording=replace(run.recording, calls=calls))
    path = tmp_path / "many.html"
    write_page(replace(results, examples=results.examples[1:2], runs=(run,)), path)

    with open_page(path.as_uri()) as page:
        chart = section_of(page, "s3").locator(".chart")

        rows = chart.evaluate("(chart) => new Set([...chart.querySelectorAll('path')].map((p) => p.getBBox().y)).size")
        assert chart.bounding_box()["height"] < 200
        assert len(bars(page, "s3", "threads", "tint-2")) >= 400
        assert rows < 30
        assert "400 calls of GET /" in section_of(page, "s3").inner_text()


def test_a_run_without_calls_says_so(open_page: OpenPage, results: Results, tmp_path: Path) -> None:
    run = replace(results.runs[0], recording=None, ideal_ms=None)
    path = tmp_path / "bare.html"
    write_page(replace(results, examples=results.examples[:1], runs=(run,)), path)

    with open_page(path.as_uri()) as page:
        section = section_of(page, "apis")

        assert "No calls were recorded." in section.locator(".bars").inner_text()
        assert section.locator(".curve svg").count() == 1


def test_an_example_without_runs_leaves_the_others_alone(open_page: OpenPage, results: Results, tmp_path: Path) -> None:
    path = tmp_path / "gap.html"
    write_page(replace(results, runs=results.runs_of("s3")), path)

    with open_page(path.as_uri()) as page:
        assert page.locator(".chart").count() == 2


def test_the_largest_memory_is_chosen_first_and_the_arrow_keys_choose_another(open_page: OpenPage) -> None:
    with open_page() as page:
        section = section_of(page, "s3")
        chosen = section.locator("fieldset.memory input:checked")
        before = bars(page, "s3", "threads", "tint-2")
        assert chosen.get_attribute("value") == "1769"

        chosen.focus()
        page.keyboard.press("ArrowLeft")

        assert chosen.get_attribute("value") == "512"
        assert bars(page, "s3", "threads", "tint-2") != before
        spoken = section.locator(".chart[data-variant='threads']").get_attribute("aria-label")
        assert spoken.startswith("Waterfall of one invocation, threads, 512 MB: 20 calls of s3 GetObject")


def test_the_calls_are_there_as_a_table_too(open_page: OpenPage) -> None:
    with open_page() as page:
        section = section_of(page, "apis")
        section.locator("details.calls summary").focus()
        page.keyboard.press("Enter")

        rows = section.locator("details.calls tbody tr")

        rows.nth(8).wait_for()
        assert rows.count() == 9
        assert rows.first.inner_text().split("\t")[:4] == ["sequential", "GET /customers", "0", "0.0"]


def test_hovering_a_bar_tells_its_numbers(open_page: OpenPage, results: Results) -> None:
    call = calls_of(runs_at(results, "apis", 1769)[0])[0]
    with open_page() as page:
        chart = section_of(page, "apis").locator(".chart[data-variant='sequential']")
        chart.hover(position={"x": 40, "y": 12})

        tip = chart.locator(".tip")

        tip.wait_for()
        assert f"waiting {call.waiting_ms:.0f} ms" in tip.inner_text()


def test_turning_the_phone_draws_the_charts_anew(open_page: OpenPage) -> None:
    with open_page(width=360) as page:
        page.set_viewport_size({"width": 740, "height": 360})

        page.wait_for_function("() => document.querySelector('.chart svg').getBoundingClientRect().width > 600")
