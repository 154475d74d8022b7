"""What the page says first: the diagnosis, what to change, what that would save, and how sure that is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from meantime.tools.report.advice import Advice, Diagnosis, Estimate
from meantime.tools.report.page import write_page
from meantime.tools.report.promises import advised_run, promises

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Page

    from meantime.tools.report.results import Example, Results

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop


def test_the_first_piece_of_advice_is_seen_without_scrolling(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        first = page.locator("h3").first
        box = page.locator(".advice.first .promises").first.bounding_box()

        assert "Ask for the prices side by side: 8 threads" in first.inner_text()
        assert box is not None
        assert box["y"] + box["height"] < 900


def test_of_several_events_the_first_advice_of_each_is_told_on_top(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        told = page.locator(".contents li").all_inner_texts()
        target = page.locator(".contents a").nth(1).evaluate("(link) => document.querySelector(link.hash).textContent")

    assert len(told) == 2
    assert "app.handler, order.json" in told[0]
    assert "Ask for the prices side by side: 8 threads 2,029 → 276 ms" in told[0]
    assert target == "app.handler, refund.json"


def test_the_diagnosis_stands_above_it(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        told = page.locator(".diagnosis").first.inner_text()

    assert told.startswith("IO-bound It waits for 1,932 ms of 1,988 ms")


def test_what_it_promises_is_told_with_its_range(open_page: OpenPage, measured_page: str, measured: Results) -> None:
    run = measured.runs_of("order.json")[-2]
    with open_page(measured_page) as page:
        duration, cost = (
            [line for line in text.split("\n") if line]
            for text in page.locator(".advice.first").first.locator(".promise").all_inner_texts()
        )

    assert duration == [f"{run.p50_ms:,.0f} → 276 ms 86 % less", "254 to 298, nine times in ten"]
    assert cost[0].startswith(f"${run.cost_per_million_usd:.2f} → $")


def test_it_says_what_it_takes_for_granted_and_how_to_verify(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        told = page.locator(".advice.first").first.inner_text()

    assert "if the calls do not depend on each other" in told
    assert "meantime measure app.handler --event order.json --against side_by_side.handler" in told
    assert "app.py:31" in told


def test_the_change_can_be_copied_line_by_line(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        page.evaluate("() => navigator.clipboard.writeText = async (text) => { window.copied = text; }")

        page.locator(".advice.first .copy").first.click()

        page.get_by_role("button", name="Copy: the change").first.filter(has_text="Copied").wait_for()
        assert page.evaluate("copied").split("\n") == [
            "-prices = [fetch(order) for order in orders]",
            "+prices = threads.map(fetch, orders, max_concurrency=8)",
            "",
        ]


def test_the_command_is_copied_as_it_is(open_page: OpenPage, measured_page: str, measured: Results) -> None:
    with open_page(measured_page, width=360) as page:
        page.evaluate("() => navigator.clipboard.writeText = async (text) => { window.copied = text; }")

        page.locator(".advice.first .verify .copy").first.click()

        page.wait_for_function("() => window.copied")
        assert page.evaluate("copied") == first(measured).advice[0].verify


def test_further_advice_unfolds_from_the_keyboard(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        summary = page.locator(".advice summary").first
        assert "Make the session once, outside the handler" in summary.inner_text()

        summary.focus()
        page.keyboard.press("Enter")

        page.get_by_text("requests.Session was made in each invocation").first.wait_for()


def test_its_calls_are_shown_in_the_waterfall_of_the_run_it_was_made_from(
    open_page: OpenPage, measured_page: str
) -> None:
    with open_page(measured_page) as page:
        figure = page.locator("figure.waterfall").first
        figure.locator("fieldset[data-choice=memory] input[value='128']").check()
        show = page.locator(".show-calls").first

        show.click()

        figure.locator(".row.marked").first.wait_for()
        assert figure.get_attribute("data-memory") == "1769"
        assert show.get_attribute("aria-pressed") == "true"
        assert set(figure.locator(".row.marked .what").all_inner_texts()) == {"GET /prices"}
        assert "SELECT customers" in figure.locator(".row.dimmed .what").all_inner_texts()
        figure.locator(".rows").press("Escape")
        page.wait_for_function("() => !document.querySelector('.row.marked')")
        assert show.get_attribute("aria-pressed") == "false"


def test_without_javascript_the_advice_stands(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page, java_script_enabled=False) as page:
        assert page.locator(".advice.first").first.is_visible()
        assert page.locator(".advice.first .code").first.is_visible()
        assert not page.locator(".copy").first.is_visible()
        assert page.locator(".shares .numbers").first.is_visible()


def test_markup_in_advice_is_shown_as_text(open_page: OpenPage, measured: Results, tmp_path: Path) -> None:
    hostile = '</script><b class="broken-out">"&amp;'
    advice = Advice(
        code=hostile, title=hostile, text=hostile, lines=(hostile,), assumption=hostile, change=hostile, verify=hostile,
        calls=(1,),
    )  # fmt: skip
    diagnosis = Diagnosis(kind=hostile, text=hostile)
    example = replace(measured.examples[0], diagnosis=diagnosis, advice=(advice, advice))
    path = tmp_path / "hostile.html"
    write_page(replace(measured, examples=(example,), runs=measured.runs_of(example.name)), path)

    with open_page(path.as_uri()) as page:
        page.locator(".row").first.wait_for()

        assert page.locator(".broken-out").count() == 0
        assert page.locator(".advice.first h3").inner_text().endswith(hostile)
        assert page.locator(".advice.first code").all_inner_texts() == [hostile] * 3


def advice(**more: Any) -> Advice:
    return replace(Advice(code="side-by-side", title="Do", text="It waits."), **more)


def first(measured: Results) -> Example:
    return measured.examples[0]


def test_advice_that_says_what_it_starts_from_is_believed(measured: Results) -> None:
    told = advice(duration_ms=Estimate(value=50, low=40, high=60), before_ms=100.0)

    (promise,) = promises(measured, first(measured), told)

    assert (promise.before, promise.after, promise.between) == ("100.0", "50.0", "40.0 to 60.0")
    assert promise.change == "50 % less"
    assert (promise.before_width, promise.after_width, promise.low_width, promise.high_width) == (100, 50, 40, 60)


def test_how_sure_it_is_is_told_of_a_prediction_and_of_what_was_measured(measured: Results) -> None:
    example = first(measured)
    point = next(each for each in example.memory_points if each.measured)
    told = advice(memory_mb=point.memory_mb, duration_ms=point.duration_ms)

    (seen,) = promises(measured, example, told)
    (predicted,) = promises(measured, example, replace(told, duration_ms=Estimate(value=50, low=40, high=60)))

    assert seen.sure.startswith("measured, ")
    assert predicted.sure == "nine times in ten"


def test_advice_that_promises_nothing_has_no_promise(measured: Results) -> None:
    assert promises(measured, first(measured), advice()) == ()


def test_advice_that_names_its_run_belongs_to_it(measured: Results) -> None:
    run = advised_run(measured, first(measured), advice(of_variant="side_by_side.handler", of_memory_mb=512))

    assert run is not None
    assert (run.variant, run.memory_mb) == ("side_by_side.handler", 512)


def test_other_advice_belongs_to_the_first_handler_at_the_largest_memory(measured: Results) -> None:
    run = advised_run(measured, first(measured), advice())

    assert run is not None
    assert (run.variant, run.memory_mb) == ("app.handler", 1769)


def test_what_costs_more_or_the_same_is_said_so(measured: Results) -> None:
    dearer = Estimate(value=12, low=12, high=12)

    (more,) = promises(measured, first(measured), advice(cost_per_million_usd=dearer, before_cost_per_million_usd=10))
    (same,) = promises(measured, first(measured), advice(cost_per_million_usd=dearer, before_cost_per_million_usd=12))

    assert (more.before, more.after, more.change) == ("$10.00", "$12.00", "20 % more")
    assert same.change == "about the same"
