"""Zooming the waterfall, by wheel, by dragging, by key and by button."""

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


def waterfall(page: Page) -> Locator:
    figure = page.locator("figure.waterfall").first
    figure.locator(".row").first.wait_for()
    return figure


def span(figure: Locator) -> tuple[float, float]:
    return float(figure.get_attribute("data-from") or 0), float(figure.get_attribute("data-to") or 0)


def changed(page: Page, figure: Locator, before: tuple[float, float]) -> tuple[float, float]:
    """Wait until another span is painted."""
    page.wait_for_function(
        "([figure, from, to]) => figure.dataset.from !== from || figure.dataset.to !== to",
        arg=[figure.element_handle(), f"{before[0]:.4f}", f"{before[1]:.4f}"],
    )
    return span(figure)


def over_the_bars(page: Page, figure: Locator, row: int) -> tuple[float, float]:
    figure.locator(".pane").scroll_into_view_if_needed()
    box = figure.locator(".pane").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * 0.6, box["y"] + row * 20 + 10


def test_the_wheel_zooms_where_the_pointer_is_once_the_chart_was_clicked(
    open_page: OpenPage, measured_page: str
) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        whole = span(figure)
        _, y = over_the_bars(page, figure, 3)
        box = figure.locator(".pane").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * 0.95, y)

        page.mouse.wheel(0, -300)

        start, end = changed(page, figure, whole)
        assert end - start < 0.7 * (whole[1] - whole[0])
        assert whole[0] < start
        assert 0 < whole[1] - end < (start - whole[0]) / 5


def test_the_wheel_scrolls_the_page_as_long_as_the_chart_was_not_clicked(
    open_page: OpenPage, measured_page: str
) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        whole = span(figure)
        page.mouse.move(*over_the_bars(page, figure, 3))
        before = page.evaluate("scrollY")

        page.mouse.wheel(0, -200)

        page.wait_for_function("(before) => scrollY < before", arg=before)
        assert span(figure) == whole


def test_dragging_over_the_bars_shows_that_stretch(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        whole = span(figure)
        x, y = over_the_bars(page, figure, 3)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y, steps=4)
        assert figure.locator(".selection").is_visible()
        page.mouse.move(x + 120, y, steps=4)

        page.mouse.up()

        start, end = changed(page, figure, whole)
        assert 0 < start < end < whole[1]
        assert not figure.locator(".selection").is_visible()


@pytest.mark.parametrize("ways", ["+-0", "in out all"])
def test_keys_and_buttons_zoom_in_and_out_and_back(open_page: OpenPage, measured_page: str, ways: str) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        whole = span(figure)

        def go(way: str) -> None:
            if ways == "+-0":
                figure.locator(".rows").press(way)
            else:
                figure.locator(f"[data-zoom={way}]").click()

        into, out, back = ways.split() if " " in ways else list(ways)
        go(into)
        near = changed(page, figure, whole)
        go(into)
        nearer = changed(page, figure, near)
        go(out)
        far = changed(page, figure, nearer)
        go(back)

        assert nearer[1] - nearer[0] < near[1] - near[0] < whole[1] - whole[0]
        assert far[1] - far[0] == pytest.approx(near[1] - near[0])
        assert changed(page, figure, far) == whole


def test_when_the_rows_in_sight_have_nothing_in_the_span_others_come_into_sight(
    open_page: OpenPage, measured_page: str
) -> None:
    with open_page(measured_page) as page:
        figure = waterfall(page)
        _, y = over_the_bars(page, figure, 2)
        box = figure.locator(".pane").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] - 60, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 30, y, steps=4)

        page.mouse.up()

        page.wait_for_function("() => document.querySelector('.flow').scrollTop > 0")
        page.wait_for_function("() => Number(document.querySelector('figure.waterfall').dataset.bars) > 0")
