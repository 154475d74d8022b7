"""The waterfall of the page: its rows, its details and its choices, by pointer and by key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Locator, Page

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop

# The colours in the middle line of the chosen row, right of the names, each once.
COLOURS = """(figure) => {
  const canvas = figure.querySelector(".pane > canvas");
  const row = figure.querySelector("[aria-selected=true]").getBoundingClientRect();
  const y = row.top - canvas.getBoundingClientRect().top + row.height / 2;
  const ratio = canvas.width / canvas.clientWidth;
  const { data } = canvas.getContext("2d").getImageData(0, Math.round(y * ratio), canvas.width, 1);
  const found = new Set();
  for (let at = 0; at < data.length; at += 4) found.add(`rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`);
  return [...found];
}"""


def waterfall(page: Page) -> Locator:
    figure = page.locator("figure.waterfall").first
    figure.locator(".row").first.wait_for()
    return figure


def names(figure: Locator) -> list[str]:
    return figure.locator(".row .what").all_inner_texts()


def span(figure: Locator) -> tuple[float, float]:
    return float(figure.get_attribute("data-from") or 0), float(figure.get_attribute("data-to") or 0)


def changed(page: Page, figure: Locator, before: tuple[float, float]) -> tuple[float, float]:
    """Wait until another span is painted."""
    page.wait_for_function(
        "([figure, from, to]) => figure.dataset.from !== from || figure.dataset.to !== to",
        arg=[figure.element_handle(), f"{before[0]:.4f}", f"{before[1]:.4f}"],
    )
    return span(figure)


def painted(page: Page) -> None:
    """Wait until what was asked for is drawn, which is done in the next frame."""
    page.evaluate("() => new Promise(requestAnimationFrame)")


def over_the_bars(page: Page, figure: Locator, row: int) -> tuple[float, float]:
    figure.locator(".pane").scroll_into_view_if_needed()
    box = figure.locator(".pane").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * 0.6, box["y"] + row * 20 + 10


def test_a_call_has_a_row_and_its_parts_are_folded_until_asked_for(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        assert figure.get_attribute("data-rows") == "60"
        assert names(figure)[:3] == ["SELECT customers", "GET /prices", "GET /prices"]

        figure.locator(".row .twisty").nth(1).click()
        painted(page)

        assert figure.get_attribute("data-rows") == "63"
        assert names(figure)[1:5] == ["GET /prices", "name resolution", "connect", "tls"]
        assert figure.locator(".row").nth(2).get_attribute("aria-level") == "2"


def test_unfold_all_and_fold_all(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)

        figure.locator(".fold").click()
        painted(page)
        unfolded = figure.get_attribute("data-rows"), figure.locator(".fold").inner_text()
        figure.locator(".fold").click()
        painted(page)

        assert unfolded == ("69", "Fold all")
        assert figure.get_attribute("data-rows") == "60"


def test_hovering_tells_what_is_known_of_a_call(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)

        page.mouse.move(*over_the_bars(page, figure, 1))

        tip = figure.locator(".tip")
        tip.wait_for()
        told = tip.inner_text()
        for words in (
            "GET /prices", "prices.example:443", "app.py:32 in fetch", "receive", "tls 7.50 ms",
            "name resolution 1.20 ms",
            "612 sent, 2,196 received", "5 s", "new", "requests", "MainThread",
        ):  # fmt: skip
            assert words in told
        page.mouse.move(5, 5)
        tip.wait_for(state="hidden")


def test_the_arrow_keys_choose_a_call_and_tell_it_all(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        tree = figure.locator(".rows")
        tree.focus()

        for _ in range(2):
            page.keyboard.press("ArrowDown")

        chosen = figure.locator(f"[id='{tree.get_attribute('aria-activedescendant')}']")
        assert chosen.get_attribute("aria-selected") == "true"
        assert (chosen.get_attribute("aria-label") or "").startswith("GET /prices, from ")
        assert "new connection" in (chosen.get_attribute("aria-label") or "")
        panel = figure.locator(".details").inner_text()
        assert "app.py:58 in handler" in panel
        assert "name resolution 1.20 ms" in panel


def test_right_unfolds_left_folds_and_enter_zooms_to_the_call(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        whole = span(figure)
        figure.locator(".rows").focus()
        for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"):
            page.keyboard.press(key)
        assert figure.locator("[aria-selected=true]").inner_text().startswith("name resolution")

        for key in ("ArrowLeft", "ArrowLeft", "Enter"):
            page.keyboard.press(key)

        start, end = changed(page, figure, whole)
        assert figure.get_attribute("data-rows") == "60"
        assert 5 < start < end < 100


def test_waiting_computing_and_held_up_have_colours_of_their_own(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        figure.locator("fieldset[data-choice=memory] input[value='128']").check()
        page.wait_for_function("() => Number(document.querySelector('figure.waterfall').dataset.to) > 2100")
        whole = span(figure)
        figure.locator(".rows").focus()
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            page.keyboard.press(key)
        changed(page, figure, whole)

        found = figure.evaluate(COLOURS)

        for name in ("wait-fill", "compute", "held-fill"):
            assert page.evaluate("(name) => colour(name)", name) in found


def test_the_stretches_of_a_call_are_as_long_as_what_was_recorded(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        waterfall(page)
        compared = page.evaluate(
            """() => {
              const run = results.runs.find((each) => each.memory_mb === 128);
              return modelOf(run).tops.map((node) => {
                const sums = { waiting: 0, computing: 0, held: 0 };
                for (const { state, from, to } of segmentsOf(node)) sums[state] += to - from;
                const { waiting_ms, computing_ms, held_up_ms } = node.call;
                return [[sums.waiting, sums.computing, sums.held], [waiting_ms, computing_ms, held_up_ms]];
              });
            }"""
        )

    assert len(compared) == 60
    for drawn, recorded in compared:
        assert drawn == pytest.approx(recorded, abs=0.25)


def test_an_error_is_marked_in_words_and_tried_again(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        figure.locator("input[type=search]").fill("ReadTimeout")
        page.wait_for_function("() => document.querySelector('figure.waterfall').dataset.rows === '1'")

        row = figure.locator(".row")
        row.click()

        assert "error ReadTimeout" in (row.get_attribute("aria-label") or "")
        assert "failed" in (row.get_attribute("class") or "")
        assert "attempts\n2" in figure.locator(".details").inner_text()


def test_the_filter_keeps_what_holds_every_word_and_what_it_is_a_part_of(
    open_page: OpenPage, measured_page: str
) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        figure.locator(".rows").focus()
        page.keyboard.press("/")

        page.keyboard.type("tls prices")

        page.wait_for_function("() => document.querySelector('figure.waterfall').dataset.rows === '2'")
        assert names(figure) == ["GET /prices", "tls"]
        assert figure.locator(".status").inner_text().startswith("2 calls with “tls prices”, of 60 calls")


def test_another_handler_and_another_memory_size_can_be_chosen(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        assert (figure.get_attribute("data-variant"), figure.get_attribute("data-memory")) == ("app.handler", "1769")

        figure.locator(".strip input").nth(1).check()
        figure.locator("fieldset[data-choice=memory] input[value='128']").check()

        assert (figure.get_attribute("data-variant"), figure.get_attribute("data-memory")) == (
            "side_by_side.handler", "128",
        )  # fmt: skip
        assert figure.locator(".strip input:checked").get_attribute("value") == "side_by_side.handler"


def test_by_thread_each_thread_is_a_row_that_folds(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        figure.locator(".strip input").nth(1).check()

        figure.locator("input[value=lane]").check()
        page.wait_for_function("() => document.querySelector('.row .what').textContent === 'meantime-0'")
        figure.locator(".fold").click()
        figure.locator(".fold").click()
        painted(page)

        assert figure.get_attribute("data-rows") == "8"
        assert names(figure) == [f"meantime-{lane}" for lane in range(8)]
        assert int(figure.get_attribute("data-bars") or 0) >= 50


def test_the_bars_follow_the_theme(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page, color_scheme="light") as page:
        figure = waterfall(page)
        figure.locator(".rows").focus()
        for key in ("ArrowDown", "Enter"):
            page.keyboard.press(key)
        painted(page)
        paints = figure.get_attribute("data-paints")

        page.locator("#theme").click()

        page.wait_for_function(
            "(paints) => document.querySelector('figure.waterfall').dataset.paints !== paints", arg=paints
        )
        assert page.evaluate("colour('compute')") == "rgb(169, 214, 247)"
        assert "rgb(169, 214, 247)" in figure.evaluate(COLOURS)
