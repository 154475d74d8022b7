"""The page with 5,000 calls: what it draws and holds follows what is in sight, not what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop

IN_SIGHT = 25  # rows of 20 pixels, in a waterfall of at most 440

# Turn the wheel three times in each of so many frames; how often was painted, and the most rows and bars at once.
WHEEL = """async (frames) => {
  const figure = document.querySelector("figure.waterfall");
  const pane = figure.querySelector(".pane");
  figure.querySelector(".rows").focus();
  const box = pane.getBoundingClientRect();
  const before = Number(figure.dataset.paints);
  let [rows, bars] = [0, 0];
  for (let frame = 0; frame < frames; frame += 1) {
    for (let turn = 0; turn < 3; turn += 1) {
      const where = { clientX: box.left + box.width * 0.7, clientY: box.top + 40, bubbles: true, cancelable: true };
      pane.dispatchEvent(new WheelEvent("wheel", { deltaY: frame % 20 < 12 ? -60 : 60, ...where }));
    }
    await new Promise(requestAnimationFrame);
    rows = Math.max(rows, Number(figure.dataset.painted));
    bars = Math.max(bars, Number(figure.dataset.bars));
  }
  const elements = figure.querySelectorAll(".row").length;
  return { paints: Number(figure.dataset.paints) - before, rows, bars, elements };
}"""


def test_the_first_paint_draws_what_is_in_sight_and_does_it_once(open_page: OpenPage, crowded_page: str) -> None:
    with open_page(crowded_page) as page:
        figure = page.locator("figure.waterfall")
        figure.locator(".row").first.wait_for()

        assert figure.get_attribute("data-rows") == "5000"
        assert int(figure.get_attribute("data-painted") or 0) <= IN_SIGHT
        assert int(figure.get_attribute("data-paints") or 0) <= 2
        assert figure.locator(".row").count() <= IN_SIGHT


def test_zooming_paints_at_most_once_a_frame_and_only_what_is_in_sight(open_page: OpenPage, crowded_page: str) -> None:
    with open_page(crowded_page) as page:
        page.locator(".row").first.wait_for()

        done = page.evaluate(WHEEL, 60)

        assert 20 <= done["paints"] <= 65
        assert done["rows"] <= IN_SIGHT
        assert done["bars"] <= IN_SIGHT
        assert done["elements"] <= IN_SIGHT


def test_scrolling_to_the_last_call_finds_it(open_page: OpenPage, crowded_page: str) -> None:
    with open_page(crowded_page) as page:
        figure = page.locator("figure.waterfall")
        figure.locator(".rows").press("End")

        chosen = figure.locator("[aria-selected=true]")

        assert chosen.get_attribute("aria-posinset") == chosen.get_attribute("aria-setsize") == "5000"
        assert chosen.is_visible()
        assert figure.locator(".row").count() <= IN_SIGHT


def test_a_thread_of_very_many_calls_is_one_row_with_no_more_bars_than_pixels(
    open_page: OpenPage, crowded_page: str
) -> None:
    with open_page(crowded_page) as page:
        figure = page.locator("figure.waterfall")
        figure.locator("input[value=lane]").check()
        page.wait_for_function("() => document.querySelector('figure.waterfall').dataset.rows === '1'")

        width = figure.locator(".pane").evaluate("(pane) => pane.clientWidth")

        assert 50 < int(figure.get_attribute("data-bars") or 0) <= 2 * width


def test_a_filter_over_all_of_them_leaves_those_that_match(open_page: OpenPage, crowded_page: str) -> None:
    with open_page(crowded_page) as page:
        figure = page.locator("figure.waterfall")
        figure.locator("input[type=search]").fill("select")

        page.wait_for_function("() => document.querySelector('figure.waterfall').dataset.rows === '125'")


def test_their_table_is_cut_and_says_so(open_page: OpenPage, crowded_page: str) -> None:
    with open_page(crowded_page) as page:
        page.locator("details.calls summary").click()

        page.locator("details.calls tbody tr").nth(999).wait_for()
        assert page.locator("details.calls tbody tr").count() == 1000
        assert "further calls: results.json holds them all" in page.locator("details.calls .note").inner_text()
