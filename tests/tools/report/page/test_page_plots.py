"""Where the time went, what if more ran at once, and speed and cost by memory; and a page without any of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from meantime.tools.report.page import render_page, write_page
from meantime.tools.report.shares import PARTS, bars

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Page

    from meantime.tools.report.results import Results

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop


# How many shapes are filled with a colour of the page.
FILLED = """(chart, name) => [...chart.querySelectorAll("svg path")]
  .filter((path) => !path.closest("defs") && getComputedStyle(path).fill === colour(name)).length"""


def test_every_recorded_run_has_a_bar_whose_parts_add_up_to_its_duration(measured: Results) -> None:
    runs = measured.runs_of("order.json")
    longest = max(run.recording.duration_ms for run in runs if run.recording)

    found = bars(runs)

    assert [bar.run for bar in found] == list(runs)
    for bar in found:
        assert bar.run.recording is not None
        whole = 100 * bar.run.recording.duration_ms / longest
        assert sum(share.width for share in bar.shares) == pytest.approx(whole)


def test_runs_without_a_recording_have_no_bar(measured: Results) -> None:
    assert bars(replace(run, recording=None) for run in measured.runs) == ()


def test_the_parts_are_told_in_words_and_drawn_each_its_own_way(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        first = page.locator(".shares li").first
        told = first.locator(".numbers").inner_text()
        drawn = (
            page.locator(".shares .key")
            .first.locator(".swatch")
            .evaluate_all(
                "(all) => all.map((each) => getComputedStyle(each).background + getComputedStyle(each).border)"
            )
        )

        assert first.locator(".of").inner_text().split() == ["128", "MB", "app.handler", "2,639", "ms"]
        assert "waiting alone 1,932 ms 73 %" in told
        assert "no CPU" in told
        assert len(set(drawn)) == len(PARTS)


def test_the_what_if_curve_tells_line_band_and_measured_points(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        curve = page.locator(".what-if .curve").first
        told = curve.get_attribute("aria-label") or ""

        assert told.startswith(
            "Predicted duration against max_concurrency, threads. 128 MB: max_concurrency 1, predicted"
        )
        assert "measured" in told
        assert curve.locator("svg path[fill-opacity='0.16']").count() == 3
        assert page.locator(".what-if .key").first.inner_text().split("\n") == ["128 MB", "512 MB", "1769 MB"]


def test_predictions_for_two_executors_are_shown_one_at_a_time(
    open_page: OpenPage, measured: Results, tmp_path: Path
) -> None:
    example = measured.examples[0]
    tasks = tuple(replace(one, executor="tasks") for one in example.predictions)
    path = tmp_path / "executors.html"
    both = replace(example, predictions=example.predictions + tasks)
    write_page(replace(measured, examples=(both,), runs=measured.runs_of(example.name)), path)

    with open_page(path.as_uri()) as page:
        page.locator(".what-if input[value=tasks]").check()

        assert "max_concurrency, tasks." in (page.locator(".what-if .curve").get_attribute("aria-label") or "")


def test_speed_and_cost_by_memory_tell_measured_from_predicted_and_what_is_best(
    open_page: OpenPage, measured_page: str
) -> None:
    with open_page(measured_page) as page:
        figure = page.locator(".memory-cost").first
        told = figure.locator(".curve").get_attribute("aria-label") or ""
        drawn = figure.locator(".curve svg").text_content() or ""

        assert [figure.locator(".curve").evaluate(FILLED, look) for look in ("look-2", "look-3")] == [3, 3]
        assert "128 MB, measured" in told
        assert "256 MB, predicted" in told
        assert (
            figure.locator(".best-memory")
            .inner_text()
            .startswith("Best for speed 3008 MB, for cost 128 MB, for balance 512 MB.")
        )
        assert drawn.count("best for") == 3
        assert "speed" in drawn
        assert "$" in drawn


@pytest.mark.parametrize("width", [1280, 390])
def test_the_words_at_sizes_beside_each_other_do_not_overlap(
    open_page: OpenPage, measured: Results, tmp_path: Path, width: int
) -> None:
    example = measured.examples[0]
    assert example.best_memory is not None
    sizes = sorted(point.memory_mb for point in example.memory_points)
    best = replace(example.best_memory, cost_mb=sizes[0], balance_mb=sizes[1], speed_mb=sizes[2])
    path = tmp_path / "beside.html"
    write_page(
        replace(measured, examples=(replace(example, best_memory=best),), runs=measured.runs_of(example.name)), path
    )

    with open_page(path.as_uri(), viewport={"width": width, "height": 900}) as page:
        boxes = [
            box
            for text in page.locator(".memory-cost .curve svg text", has_text="best for").all()
            if (box := text.bounding_box()) is not None
        ]

    assert len(boxes) == 3
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            above = one["y"] + one["height"] <= other["y"] + 1 or other["y"] + other["height"] <= one["y"] + 1
            assert beside or above


def test_one_size_that_is_best_for_all_is_marked_once(open_page: OpenPage, measured: Results, tmp_path: Path) -> None:
    example = measured.examples[0]
    assert example.best_memory is not None
    best = replace(example.best_memory, speed_mb=512, cost_mb=512, balance_mb=512)
    path = tmp_path / "best.html"
    write_page(
        replace(measured, examples=(replace(example, best_memory=best),), runs=measured.runs_of(example.name)), path
    )

    with open_page(path.as_uri()) as page:
        drawn = page.locator(".memory-cost .curve svg").text_content() or ""

        assert drawn.count("best for") == 1
        assert "cost, balance, speed" in drawn


def test_without_advice_predictions_and_recordings_the_page_is_whole(
    open_page: OpenPage, measured: Results, tmp_path: Path
) -> None:
    examples = tuple(
        replace(example, diagnosis=None, advice=(), predictions=(), memory_points=(), best_memory=None)
        for example in measured.examples
    )
    path = tmp_path / "plain.html"
    runs = tuple(replace(run, recording=None) for run in measured.runs)
    write_page(replace(measured, examples=examples, runs=runs), path)

    with open_page(path.as_uri()) as page:
        assert page.locator("figure").count() == len(examples)
        assert page.locator(".durations .curve svg").count() == len(examples)
        assert page.locator("#summary").is_visible()


def test_an_invocation_without_calls_and_sizes_without_a_best_one_are_shown(
    open_page: OpenPage, measured: Results, tmp_path: Path
) -> None:
    example = replace(measured.examples[0], advice=(), best_memory=None)
    runs = tuple(
        replace(run, recording=replace(run.recording, calls=(), waits=(), observations=()))
        for run in measured.runs_of(example.name)
        if run.recording
    )
    path = tmp_path / "computing.html"
    write_page(replace(measured, examples=(example,), runs=runs), path)

    with open_page(path.as_uri()) as page:
        page.wait_for_function("() => document.querySelector('figure.waterfall').dataset.rows === '0'")
        page.locator(".rows").press("ArrowDown")

        assert page.locator(".status").inner_text().startswith("0 calls")
        assert page.locator(".memory-cost .curve svg").is_visible()


def test_advice_of_a_run_without_a_recording_has_nothing_to_show(
    open_page: OpenPage, measured: Results, tmp_path: Path
) -> None:
    path = tmp_path / "unrecorded.html"
    runs = tuple(replace(run, recording=None) for run in measured.runs)
    write_page(replace(measured, runs=runs), path)

    with open_page(path.as_uri()) as page:
        assert page.locator(".advice.first").first.is_visible()
        assert page.locator(".show-calls:visible").count() == 0


@pytest.mark.parametrize("width", [320, 360, 800, 1280])
def test_the_page_never_scrolls_sideways(open_page: OpenPage, measured_page: str, width: int) -> None:
    with open_page(measured_page, width=width) as page:
        page.locator(".row").first.wait_for()
        for summary in page.locator(".advice summary").all():
            summary.click()

        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_results_are_embedded_once(measured: Results) -> None:
    page = render_page(measured)

    assert page.count('"request_id":') == len(measured.runs)
    assert page.count('id="results"') == 1


def test_with_advice_the_summary_stands_below_the_examples(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        headings = page.locator("h2").all_inner_texts()

    assert headings == ["app.handler, order.json", "app.handler, refund.json", "Summary", "How this was measured"]


def test_what_was_observed_in_the_invocation_shown_is_told(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        told = page.locator(".observed:visible").first

        assert told.inner_text().split("\n")[0] == "Also seen in this invocation"
        assert "client made during the invocation: requests.Session, app.py:22" in told.inner_text()
        assert page.locator("figure.waterfall").first.locator(".observed:visible").count() == 1
