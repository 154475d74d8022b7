from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.report.page import write_page

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

# How many shapes are filled with a colour of the page.
FILLED = """(chart, name) => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(--${name})`;
  const wanted = getComputedStyle(probe).color;
  probe.remove();
  return [...chart.querySelectorAll("path")]
    .filter((path) => !path.closest("defs") && getComputedStyle(path).fill === wanted).length;
}"""


def section_of(page: Page, name: str) -> Any:
    return page.locator(f"section.example[data-example='{name}']")


def runs_at(results: Results, example: str, memory_mb: int) -> list[Run]:
    return [run for run in results.runs_of(example) if run.memory_mb == memory_mb]


def test_every_example_has_a_waterfall_with_a_strip_a_variant_and_a_row_a_call(
    open_page: OpenPage, results: Results
) -> None:
    with open_page() as page:
        for example in EXAMPLES:
            runs = runs_at(results, example, 1769)
            figure = section_of(page, example).locator("figure.waterfall")
            figure.locator(".row").first.wait_for(state="attached")

            assert figure.locator(".strip").count() == len(runs)
            assert runs[0].recording is not None
            assert figure.get_attribute("data-rows") == str(len(runs[0].recording.calls))


def test_every_example_has_a_point_a_run_in_its_duration_chart(open_page: OpenPage, results: Results) -> None:
    with open_page() as page:
        for example in EXAMPLES:
            variants = [run.variant for run in runs_at(results, example, 1769)]
            curve = section_of(page, example).locator(".durations .curve")
            spoken = curve.get_attribute("aria-label")

            assert [curve.evaluate(FILLED, f"look-{look}") for look, _ in enumerate(variants, 1)] == [3] * len(variants)
            assert spoken.startswith("Median duration against memory")
            assert all(variant in spoken for variant in variants)


def test_a_run_without_a_recording_says_so(open_page: OpenPage, results: Results, tmp_path: Path) -> None:
    run = replace(results.runs[0], recording=None, ideal_ms=None)
    path = tmp_path / "bare.html"
    write_page(replace(results, examples=results.examples[:1], runs=(run,)), path)

    with open_page(path.as_uri()) as page:
        section = section_of(page, "apis")

        assert section.locator(".empty").inner_text() == "No calls were recorded."
        assert section.locator(".curve svg").count() == 1


def test_an_example_without_runs_leaves_the_others_alone(open_page: OpenPage, results: Results, tmp_path: Path) -> None:
    path = tmp_path / "gap.html"
    write_page(replace(results, runs=results.runs_of("s3")), path)

    with open_page(path.as_uri()) as page:
        page.locator(".row").first.wait_for(state="attached")

        assert page.locator("figure.waterfall").count() == 1


def test_the_largest_memory_is_chosen_first_and_the_arrow_keys_choose_another(open_page: OpenPage) -> None:
    with open_page() as page:
        figure = section_of(page, "s3").locator("figure.waterfall")
        chosen = figure.locator("fieldset[data-choice=memory] input:checked")
        assert chosen.get_attribute("value") == "1769"

        chosen.focus()
        page.keyboard.press("ArrowLeft")

        assert chosen.get_attribute("value") == "512"
        assert figure.get_attribute("data-memory") == "512"


def test_the_calls_are_there_as_a_table_too(open_page: OpenPage) -> None:
    with open_page() as page:
        section = section_of(page, "apis")
        section.locator("details.calls summary").focus()
        page.keyboard.press("Enter")

        rows = section.locator("details.calls tbody tr")

        rows.nth(2).wait_for()
        assert rows.count() == 3
        assert rows.first.inner_text().split("\t")[:5] == ["GET /customers", "", "app.py:31", "worker-0", "0.0"]


def test_turning_the_phone_draws_the_charts_anew(open_page: OpenPage) -> None:
    with open_page(width=360) as page:
        page.set_viewport_size({"width": 740, "height": 360})

        page.wait_for_function("() => document.querySelector('.curve svg').getBoundingClientRect().width > 600")
        page.wait_for_function("() => parseInt(document.querySelector('.pane > canvas').style.width) > 600")
