"""The waterfall under a finger, on 360 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import CDPSession, Locator, Page

    OpenPage = Callable[..., AbstractContextManager[Page]]

# Playwright keeps an event loop running in this thread, and waits on it.
pytestmark = pytest.mark.blocks_the_loop


def middle(figure: Locator) -> tuple[float, float]:
    figure.locator(".pane").scroll_into_view_if_needed()
    box = figure.locator(".pane").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + 100


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def span(figure: Locator) -> tuple[float, float]:
    return float(figure.get_attribute("data-from") or 0), float(figure.get_attribute("data-to") or 0)


def test_names_stand_above_their_bars_and_a_tap_tells_of_the_call(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page, width=360, has_touch=True) as page:
        figure = page.locator("figure.waterfall").first
        row = figure.locator(".row").nth(1)
        row.wait_for()

        row.tap()

        figure.locator(".details dl").wait_for()
        assert figure.locator(".details h4").inner_text() == "GET /prices"
        box = row.bounding_box()
        assert box is not None
        assert box["height"] == 36


def test_two_fingers_zoom_and_one_moves(open_page: OpenPage, measured_page: str) -> None:
    with open_page(measured_page, width=360, has_touch=True) as page:
        figure = page.locator("figure.waterfall").first
        figure.locator(".row").first.wait_for()
        x, y = middle(figure)
        whole = span(figure)
        session = page.context.new_cdp_session(page)

        touch(session, "touchStart", (x - 30, y), (x + 30, y))
        for step in range(1, 6):
            touch(session, "touchMove", (x - 30 - step * 12, y), (x + 30 + step * 12, y))
        touch(session, "touchEnd")
        page.wait_for_function("() => Number(document.querySelector('figure.waterfall').dataset.from) > 0")
        near = span(figure)
        touch(session, "touchStart", (x + 60, y))
        for step in range(1, 6):
            touch(session, "touchMove", (x + 60 - step * 15, y))
        touch(session, "touchEnd")
        page.wait_for_function(
            "(before) => Number(document.querySelector('figure.waterfall').dataset.from) > before + 10", arg=near[0]
        )

        assert near[1] - near[0] < 0.6 * (whole[1] - whole[0])
        moved = span(figure)
        assert moved[1] - moved[0] == pytest.approx(near[1] - near[0], rel=0.01)
